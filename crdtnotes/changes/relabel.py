"""The changes of one stream told again as those of others, with everything that they refer to.

Where two different changes bear one number, one branch gives way (docs/protocol.md, "Forks"). Its
changes, and all that build on them, are *moved*: to streams whose names follow from what is moved, so
that every replica which moves them makes the same bytes. Counters stay, so do texts, times and notes.

The name of a stream that is made so is a hash of its first change, as it is told there. So it says all
that this change builds on, and not on which ways it came there: who settles two forks in one order ends
with the same streams as who settles them in the other.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from typing import assert_never

from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import encode
from crdtnotes.crdt.ids import BIRTH, Id, OpId
from crdtnotes.crdt.ops import Create, Delete, Elements, Insert, Link, Op, Remove, Rename, Unknown, Unlink
from crdtnotes.crdt.version import Version, join, pairs

UNNAMED = 0
"""Stands for a stream's own name in the change by which it is named; no stream bears it."""


@dataclass(slots=True)
class Move:
    """Of a stream, the changes from `first` on go to the stream `to`; `last` is the counter before them.

    They go there up to where the stream's next Move begins.
    """

    first: int
    last: int
    to: int
    seen: Version = field(default_factory=dict)
    """What the new stream's author had seen, so far."""


Moves = Mapping[int, list[Move]]
"""By the actor whose changes move, ascending."""


def moved_actor(content: bytes) -> int:
    """Return the name of a stream that begins with a change, `content`, as `content_of` gives it.

    In a paired vault streams are named by `crdtnotes.trust.actors.moved_actor`.
    """
    return 1 + int.from_bytes(blake2b(content, digest_size=8).digest(), "big") % (BIRTH - 1)


def content_of(change: Change, seen: Mapping[int, int], moves: Moves) -> bytes:
    """Return what names the stream that begins with a change that moves: all it says but its own name.

    For `seen` see `relabel`; its stream's last Move has no name yet.
    """
    own = moves[change.actor]
    former, last = own[:-1], own[-1]
    unnamed = replace(last, to=UNNAMED, seen={})
    return encode(relabel(change, seen, {**moves, change.actor: [*former, unnamed]}))


def moves_with(change: Change, moves: Moves) -> bool:
    """Whether a change belongs to a branch that moves, or builds on it."""
    return any(
        actor in moves and seq >= moves[actor][0].first
        for actor, seq in ((change.actor, change.seq), *change.deps)
    )


def relabel(change: Change, seen: Mapping[int, int], moves: Moves) -> Change:
    """Return what a change that goes with its stream's last Move is in the new stream.

    This goes on from the one before it there. `seen` is what its author had seen in the changes before this
    Move, as they are told now, itself included.
    """
    move = moves[change.actor][-1]
    seq = change.seq - move.first + 1
    wanted: Version = {}
    if seq == 1:
        join(wanted, seen)
    join(wanted, dict(_version(change.deps, moves)))
    # The author may have met what another replica had moved already: the beginning of this very stream.
    wanted.pop(move.to, None)
    deps = {actor: upto for actor, upto in wanted.items() if upto > move.seen.get(actor, 0)}
    join(move.seen, deps)
    ops = tuple(_op(op, moves) for op in change.ops)
    return replace(change, actor=move.to, seq=seq, deps=pairs(deps), ops=ops)


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


def _actor(counter: int, actor: int, moves: Moves) -> int:
    own = moves.get(actor, [])
    place = bisect_left(own, counter, key=lambda move: move.last)
    return own[place - 1].to if place else actor


def _id(id: Id, moves: Moves) -> OpId:
    counter, actor = id
    return OpId(counter, _actor(counter, actor, moves))


def _spans(spans: Iterable[Elements], moves: Moves) -> tuple[Elements, ...]:
    result: list[Elements] = []
    for actor, first, length in spans:
        # A span may begin in what stays and end in what moves.
        end = first + length
        bounds = [move.last + 1 for move in moves.get(actor, ()) if first < move.last + 1 < end]
        for begin, until in pairwise([first, *bounds, end]):
            result.append((_actor(begin, actor, moves), begin, until - begin))
    return tuple(result)


def _op(op: Op, moves: Moves) -> Op:
    match op:
        case Insert():
            return Insert(_id(op.id, moves), _id(op.after, moves), op.text)
        case Delete():
            return Delete(_spans(op.spans, moves))
        case Rename():
            return Rename(_id(op.id, moves), op.name)
        case Link():
            return Link(_id(op.id, moves), op.element)
        case Unlink():
            return Unlink(op.element, tuple(_id(tag, moves) for tag in op.tags))
        case Remove():
            return Remove(_version(op.cover, moves))
        case Create() | Unknown():
            return op
        case _:
            assert_never(op)
