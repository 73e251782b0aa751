"""Making a replica's file smaller without losing a byte of a change.

``packing``     runs of small changes become compressed blocks
``recompress``  large changes are compressed again with a dictionary
"""
