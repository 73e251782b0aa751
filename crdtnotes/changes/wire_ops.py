"""Operations as they are stored and sent: arrays of a kind and the operation's fields (docs/protocol.md).

``codec`` turns them into operations and back.
"""

from typing import get_args

from msgspec import Struct


class Wire(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """An array of exactly these fields."""


class Insert(Wire, frozen=True, tag=1):
    """A `crdt.ops.Insert`."""

    actor: int
    distance: int
    text: str


class Delete(Wire, frozen=True, tag=2):
    """A `crdt.ops.Delete`."""

    spans: tuple[tuple[int, int, int], ...]


class Create(Wire, frozen=True, tag=3):
    """A `crdt.ops.Create`, whose birth follows from the text."""

    name: str
    text: str
    links: tuple[tuple[str, str, int], ...]


class Rename(Wire, frozen=True, tag=4):
    """A `crdt.ops.Rename`."""

    name: str


class Link(Wire, frozen=True, tag=5):
    """A `crdt.ops.Link`."""

    kind: str
    value: str


class Unlink(Wire, frozen=True, tag=6):
    """A `crdt.ops.Unlink`."""

    kind: str
    value: str
    tags: tuple[tuple[int, int], ...]


class Remove(Wire, frozen=True, tag=7):
    """A `crdt.ops.Remove`."""

    cover: tuple[tuple[int, int], ...]


class Same(Wire, frozen=True, tag=8):
    """A `crdt.ops.Same`, whose actors follow from the place and the text."""

    actor: int
    distance: int
    lift: int
    series: int
    text: str


class Set(Wire, frozen=True, tag=9):
    """A `crdt.ops.Set`, whose value follows from the place and the text."""

    actor: int
    distance: int
    lift: int
    back: int
    text: str
    spans: tuple[tuple[int, int, int], ...]


class Before(Wire, frozen=True, tag=10):
    """A `crdt.ops.Before`."""

    actor: int
    distance: int
    text: str


class Follow(Wire, frozen=True, tag=11):
    """A `crdt.ops.Follow`, whose own id is that of its change's first operation."""

    counters: int


class ErasedCreate(Wire, frozen=True, tag=12):
    """A `crdt.ops.Create` in an erased change, with its derived actors."""

    birth: int | bytes
    name: str
    text: str
    links: tuple[tuple[str, str, int], ...]


class ErasedSame(Wire, frozen=True, tag=13):
    """A `crdt.ops.Same` in an erased change, with its derived actors."""

    actor: int
    distance: int
    lift: int
    series: int
    pieces: tuple[tuple[bytes, str], ...]


class ErasedSet(Wire, frozen=True, tag=14):
    """A `crdt.ops.Set` in an erased change, with its derived actors."""

    actor: int
    distance: int
    lift: int
    back: int
    value: bytes
    text: str
    spans: tuple[tuple[int, int, int], ...]


WireOp = (
    Insert
    | Delete
    | Create
    | Rename
    | Link
    | Unlink
    | Remove
    | Same
    | Set
    | Before
    | Follow
    | ErasedCreate
    | ErasedSame
    | ErasedSet
)
KNOWN_KINDS = len(get_args(WireOp))
"""Kinds 1 to this are known. A replica records it, to reread changes after an update adds kinds."""
