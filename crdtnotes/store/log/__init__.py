"""Every change that a replica has, in its author's bytes.

``log``           changes in causal order, chained by hash
``recent``        the last changes that this process stored
``blocks``        runs of small changes, packed together
``dictionaries``  compression dictionaries: content that many changes share, stored once
"""
