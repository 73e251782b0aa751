"""Every change that a replica has, in its author's bytes.

``log``           changes in causal order, chained by hash
``rows``          changes in rows of their own
``erased``        where the chain goes on after erased changes
``leaves``        the streams whose last change no other change depends on
``dep_index``     the deps of all changes, to ask who had seen what
``recent``        the last changes that this process stored
``blocks``        runs of small changes, packed together
``dictionaries``  compression dictionaries: content that many changes share, stored once
"""
