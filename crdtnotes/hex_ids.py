"""Ids as callers write them: hexadecimal digits."""

import re

from crdtnotes.crdt.ids import BIRTH
from crdtnotes.errors import OutOfRange

_HEX = re.compile("[0-9a-fA-F]+")


def id_of(text: str) -> bytes | None:
    """Parse an id of 32 hex digits; None if it is no such id."""
    return bytes.fromhex(text) if len(text) == 32 and _HEX.fullmatch(text) else None


def vault_id_of(text: str) -> bytes:
    """Parse a vault's id; raises OutOfRange."""
    id = id_of(text)
    if id is None:
        raise OutOfRange(f"{text!r} is not a vault id: a vault id has 32 hex digits.")
    return id


def actor_of(text: str) -> int:
    """Parse an actor; raises OutOfRange."""
    actor = int(text, 16) if _HEX.fullmatch(text) else 0
    if not 0 < actor < BIRTH:
        raise OutOfRange(f"{text!r} is not an actor.")
    return actor
