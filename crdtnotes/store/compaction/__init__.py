"""Making a replica's file smaller: without losing a byte of a change or, for a new vault, in one stream.

``packing``     packs runs of small changes into compressed blocks
``recompress``  compresses large changes again, with a dictionary
``collapse``    rewrites the log of a new vault as one stream
"""
