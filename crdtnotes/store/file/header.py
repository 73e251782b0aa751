"""What the header of a replica's file says of it."""

APPLICATION_ID = 0x63_72_64_74
"""Says that the file is ours ("crdt")."""

SCHEMA = 3
"""Kept as the file's user_version; a file with a larger one is refused and left untouched."""
