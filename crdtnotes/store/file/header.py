"""The numbers in the header of a replica's file."""

APPLICATION_ID = 0x63_72_64_74
"""Identifies the file as ours ("crdt")."""

BASE_SCHEMA = 4
"""The schema that the migrations lead to."""

SCHEMA = 5
"""The newest schema: a file has it once it holds records about roles, which older versions cannot read. It is
stored as the file's user_version; a file with a larger number is refused and left untouched."""
