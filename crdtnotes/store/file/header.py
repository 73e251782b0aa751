"""The numbers in the header of a replica's file."""

APPLICATION_ID = 0x63_72_64_74
"""Identifies the file as ours ("crdt")."""

SCHEMA = 10
"""Stored as the file's user_version; a file with a larger number is refused and left untouched."""
