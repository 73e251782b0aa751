"""A change: operations by one actor on one note, made together; the unit of storing and sending."""

from collections.abc import Container
from hashlib import blake2b

from msgspec import Struct

from crdtnotes.crdt.ops import Op, next_counter

NO_HASH = bytes(16)
"""The hash before an actor's first change."""

Place = tuple[int, int]
"""An actor and a seq: the place of a change in its stream."""

FORMAT = 2
"""The format of the changes that this version writes. Changes of format 1 have no Same, Set and Before, and
their births have actors of 8 bytes."""

ERASED = 16
"""Added to the format of a change whose texts were erased, all of them or some (`erasing.py`)."""

Rank = tuple[int, bytes]
"""The time and the hash of a change: of two versions at one place, the version with the smaller rank wins."""


class Change(Struct, frozen=True):
    """One change, decoded.

    `start` is the counter of its first operation; `deps` are the heads `(actor, seq)` of other actors
    that the author had seen since its previous change, ordered by actor; `time` is wall time in ms since
    1970, for display only; `note` is the note's 16-byte id; `format` decides how it is encoded and how the
    actor of a birth is derived. `original` is empty unless some of its texts were erased: then it is the hash
    that its stream gave there when the change was as its author wrote it.
    """

    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    ops: tuple[Op, ...]
    format: int = FORMAT
    original: bytes = b""

    @property
    def is_erased(self) -> bool:
        """Whether some of its texts were erased, so that these are not the bytes that its author wrote."""
        return self.format >= ERASED

    @property
    def last(self) -> int:
        """The highest counter that the change uses; the author's clock moves past it."""
        counter = self.start
        for op in self.ops:
            counter = next_counter(counter, op)
        return counter - 1


def chain(previous: bytes, data: bytes) -> bytes:
    """Return the hash of an actor's stream up to and including the change with these bytes."""
    return blake2b(previous + data, digest_size=16).digest()


def chained(before: bytes, change: Change, data: bytes, erased: Container[bytes]) -> bytes:
    """Return the hash of an actor's stream up to and including a change, erased or not.

    `before` is the hash before it. `erased` holds the hashes that erased changes give, as records of members
    name them: after these the chain goes on from the hash of the original. So a stream's later hashes, and
    the signatures over them, stay what they were.
    """
    tip = chain(before, data)
    return change.original if change.is_erased and tip in erased else tip


def note_id(vault: bytes, key: str, generation: int = 0) -> bytes:
    """Return the id that a new note with this name key gets in this vault.

    Replicas that have never synced give the same page the same id. `generation` counts the ids of that key
    that the author knows to be taken already (by a note that was deleted or renamed).
    """
    suffix = generation.to_bytes(8, "big") if generation else b""
    return blake2b(vault + key.encode() + b"\0" * bool(suffix) + suffix, digest_size=16).digest()
