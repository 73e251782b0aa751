"""Making a replica's file smaller without losing a byte of a change.

``packing``     packs runs of small changes into compressed blocks
``recompress``  compresses large changes again, with a dictionary
"""
