"""Relabels changes: the changes of one stream become changes of another, with all their references.

When two different changes have the same number, one branch moves (docs/protocol.md, "Forks"). Its changes,
and all changes that build on them, are *moved* to new streams. The new names are derived from the moved
changes, so every replica that moves them produces the same bytes. Counters, texts, times and notes stay.

The actors of derived elements follow from the ids of what these hang at. Where such an id moves, the derived
actor gets a new name too, and `renamed` maps the old one to it, for the changes after it.

The name of a new stream is a hash of its first change in its new form. So the name depends on everything
that this change builds on, but not on the steps that led there: two replicas that resolve two forks in
different orders end up with the same streams.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from typing import assert_never

from msgspec import structs

from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import encode
from crdtnotes.changes.derived import NoteNames
from crdtnotes.crdt.authoring import named
from crdtnotes.crdt.ids import BIRTH, Id, OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Elements,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
)
from crdtnotes.crdt.version import Version, join, pairs

UNNAMED = 0
"""Placeholder for a stream's own name while the name is computed; no stream has this name."""


@dataclass(slots=True)
class Move:
    """Moves the changes of a stream from the seq `first` on to the stream `to`.

    `last` is the highest counter before them. The move ends where the stream's next Move begins.
    """

    first: int
    last: int
    to: int
    seen: Version = field(default_factory=dict)
    """The version that the author of the new stream had seen so far."""


Moves = Mapping[int, list[Move]]
"""Keyed by the actor whose changes move; each list is in ascending order."""


def moved_actor(content: bytes) -> int:
    """Return the name of the stream whose first change has this `content`, as returned by `content_of`.

    In a paired vault `crdtnotes.trust.actors.moved_actor` names the streams instead.
    """
    return 1 + int.from_bytes(blake2b(content, digest_size=8).digest(), "big") % (BIRTH - 1)


def content_of(change: Change, seen: Mapping[int, int], moves: Moves, renamed: Mapping[int, int]) -> bytes:
    """Return the bytes that name a new stream: its first change, with UNNAMED in place of its own name.

    For `seen` and `renamed` see `relabel`. The last Move of the change's stream has no name yet.
    """
    own = moves[change.actor]
    former, last = own[:-1], own[-1]
    unnamed = replace(last, to=UNNAMED, seen={})
    return encode(relabel(change, seen, {**moves, change.actor: [*former, unnamed]}, dict(renamed)))


def moves_with(change: Change, moves: Moves) -> bool:
    """Whether a change belongs to a branch that moves, or builds on one."""
    return any(
        actor in moves and seq >= moves[actor][0].first
        for actor, seq in ((change.actor, change.seq), *change.deps)
    )


def relabel(change: Change, seen: Mapping[int, int], moves: Moves, renamed: dict[int, int]) -> Change:
    """Return the new form of a change that belongs to the last Move of its stream.

    Call it for the changes of a Move in order. `seen` is the version that the author had seen in the changes
    before this Move, in their new form and including the author's own stream. `renamed` has the new names of
    derived actors; those of this change are added.
    """
    move = moves[change.actor][-1]
    seq = change.seq - move.first + 1
    wanted: Version = {}
    if seq == 1:
        join(wanted, seen)
    join(wanted, dict(_version(change.deps, moves)))
    # The author may have seen the beginning of this very stream, moved earlier by another replica.
    wanted.pop(move.to, None)
    deps = {actor: upto for actor, upto in wanted.items() if upto > move.seen.get(actor, 0)}
    join(move.seen, deps)
    names = _Names(moves, renamed, NoteNames(change.note))
    ops = tuple(names.op(op) for op in change.ops)
    return structs.replace(change, actor=move.to, seq=seq, deps=pairs(deps), ops=ops)


def _version(version: Iterable[tuple[int, int]], moves: Moves) -> tuple[tuple[int, int], ...]:
    result: Version = {}
    for actor, seq in version:
        left = seq
        for move in reversed(moves.get(actor, ())):
            if left >= move.first:
                join(result, {move.to: left - move.first + 1})
                left = move.first - 1
        if left:
            join(result, {actor: left})
    return pairs(result)


class _Names:
    """The new names of what one change refers to."""

    def __init__(self, moves: Moves, renamed: dict[int, int], derived: NoteNames) -> None:
        self._moves = moves
        self._renamed = renamed
        self._derived = derived

    def _actor(self, counter: int, actor: int) -> int:
        if actor >= BIRTH:
            return self._renamed.get(actor, actor)
        own = self._moves.get(actor, [])
        place = bisect_left(own, counter, key=lambda move: move.last)
        return own[place - 1].to if place else actor

    def _id(self, id: Id) -> OpId:
        counter, actor = id
        return OpId(counter, self._actor(counter, actor))

    def _spans(self, spans: Iterable[Elements]) -> tuple[Elements, ...]:
        result: list[Elements] = []
        for actor, first, length in spans:
            # A span may begin in what stays and end in what moves.
            end = first + length
            bounds = [move.last + 1 for move in self._moves.get(actor, ()) if first < move.last + 1 < end]
            for begin, until in pairwise([first, *bounds, end]):
                result.append((self._actor(begin, actor), begin, until - begin))
        return tuple(result)

    def op(self, op: Op) -> Op:
        """Return the new form of an operation."""
        match op:
            case Insert():
                return Insert(self._id(op.id), self._id(op.after), op.text)
            case Before():
                return Before(self._id(op.id), self._id(op.before), op.text)
            case Same():
                return self._same(op)
            case Set():
                return self._set(op)
            case Delete():
                return Delete(self._spans(op.spans))
            case Rename():
                return Rename(self._id(op.id), op.name)
            case Link():
                return Link(self._id(op.id), op.element)
            case Unlink():
                return Unlink(op.element, tuple(self._id(tag) for tag in op.tags))
            case Follow():
                return Follow(self._id(op.id))
            case Remove():
                return Remove(_version(op.cover, self._moves))
            case Create() | Unknown():
                return op
            case _:
                assert_never(op)

    def _same(self, op: Same) -> Same:
        after = self._id(op.after)
        pieces = named(self._derived, after, op.base, op.series, op.text)
        self._renamed.update(
            (old, new) for (old, _), (new, _) in zip(op.pieces, pieces, strict=True) if old != new
        )
        return Same(self._id(op.id), after, op.base, op.series, pieces)

    def _set(self, op: Set) -> Set:
        after = self._id(op.after)
        value = self._derived.value(after, op.base, op.text)
        if value != op.value:
            self._renamed[op.value] = value
        rank, spans = self._id(op.rank), self._spans(op.spans)
        return Set(self._id(op.id), after, op.base, value, op.text, rank, spans)
