"""Every change that a replica has, in the bytes that its author made.

``log``           changes in causal order, chained by hash
``blocks``        where runs of small changes lie packed together
``dictionaries``  what many changes have in common, stored once
"""
