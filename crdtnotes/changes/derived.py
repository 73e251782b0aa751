"""Derived actors: hashes of what elements are, so that the same edit brings the same elements everywhere.

A derived actor is a number from 2¹²⁷ on, made of a hash of 16 bytes with the note's id as key and the kind
as personalisation (BLAKE2b, RFC 7693). At 16 bytes nobody finds two texts with one actor. Births of format 1
have actors of 8 bytes, from 2⁶³ on.
"""

from hashlib import blake2b

from crdtnotes.crdt.ids import BIRTH, WIDE, Id


class NoteNames:
    """Derives the actors of one note's elements; it implements `crdtnotes.crdt.authoring.Names`."""

    __slots__ = ("_note",)

    def __init__(self, note: bytes) -> None:
        self._note = note

    def birth(self, text: str) -> int:
        """Return the actor of a note's first text."""
        return self._derived(b"birth", text.encode())

    def piece(self, after: Id, base: int, series: int, text: str) -> int:
        """Return the actor of a piece of a Same."""
        return self._derived(b"same", _place(after, base) + series.to_bytes(8, "big") + text.encode())

    def value(self, delimiter: Id, base: int, text: str) -> int:
        """Return the actor of a value behind a delimiter."""
        return self._derived(b"set", _place(delimiter, base) + text.encode())

    def _derived(self, kind: bytes, content: bytes) -> int:
        digest = blake2b(content, digest_size=16, key=self._note, person=kind).digest()
        return WIDE | int.from_bytes(digest, "big")


def _place(after: Id, base: int) -> bytes:
    counter, actor = after
    return counter.to_bytes(8, "big") + actor.to_bytes(16, "big") + base.to_bytes(8, "big")


def birth_actor(note: bytes, text: str) -> int:
    """Return the actor of a note's first text."""
    return NoteNames(note).birth(text)


def narrow_birth(note: bytes, text: str) -> int:
    """Return the actor of a note's first text in a change of format 1."""
    digest = blake2b(note + text.encode(), digest_size=8).digest()
    return BIRTH | int.from_bytes(digest, "big")


def to_wire(actor: int) -> int | bytes:
    """Return an actor as it is stored and sent: one of 16 bytes as bytes, any other as a number."""
    return actor if actor < WIDE else actor.to_bytes(16, "big")


def from_wire(actor: int | bytes) -> int | None:
    """Return the actor that `to_wire` turned into this; None if it did not come from there."""
    if isinstance(actor, int):
        return actor if 0 < actor < 2 * BIRTH else None
    number = int.from_bytes(actor, "big")
    return number if len(actor) == 16 and number >= WIDE else None
