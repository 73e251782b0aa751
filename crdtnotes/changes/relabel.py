"""The changes of one stream told again as those of another, with everything that they refer to.

Where two different changes bear one number, one branch gives way (docs/protocol.md, "Forks"). Its
changes, and all that build on them, are *moved*: to streams whose names follow from what is moved, so
that every replica which moves them makes the same bytes. Counters stay, so do texts, times and notes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import BIRTH, Id, OpId
from crdtnotes.crdt.ops import Create, Delete, Elements, Insert, Link, Op, Remove, Rename, Unknown, Unlink
from crdtnotes.crdt.version import Version, join, pairs


@dataclass(slots=True)
class Move:
    """Of a stream, the changes from `first` on go to the stream `to`; `last` is the counter before them."""

    first: int
    last: int
    to: int
    seen: Version = field(default_factory=dict)
    """What the new stream's author had seen, so far."""


Moves = Mapping[int, Move]
"""By the actor whose changes move."""


def moved_actor(actor: int, first: int, digest: bytes, cause: bytes) -> int:
    """Return the stream to which an actor's changes from `first` on move.

    `digest` is the chain's hash at `first`, `cause` that of the change with which the branch begins.
    """
    data = actor.to_bytes(8, "big") + first.to_bytes(8, "big") + digest + cause
    return 1 + int.from_bytes(blake2b(data, digest_size=8).digest(), "big") % (BIRTH - 1)


def moves_with(change: Change, moves: Moves) -> bool:
    """Whether a change belongs to a branch that moves, or builds on it."""
    return any(
        actor in moves and seq >= moves[actor].first
        for actor, seq in ((change.actor, change.seq), *change.deps)
    )


def relabel(change: Change, seen: Mapping[int, int], moves: Moves) -> Change:
    """Return what a change that moves is in its new stream; this goes on from the one before it.

    `seen` is what its author had seen in the changes that stay, itself included.
    """
    move = moves[change.actor]
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
        move = moves.get(actor)
        if move is None or seq < move.first:
            join(result, {actor: seq})
            continue
        join(result, {move.to: seq - move.first + 1})
        if move.first > 1:
            join(result, {actor: move.first - 1})
    return pairs(result)


def _actor(counter: int, actor: int, moves: Moves) -> int:
    move = moves.get(actor)
    return move.to if move is not None and counter > move.last else actor


def _id(id: Id, moves: Moves) -> OpId:
    counter, actor = id
    return OpId(counter, _actor(counter, actor, moves))


def _spans(spans: Iterable[Elements], moves: Moves) -> tuple[Elements, ...]:
    result: list[Elements] = []
    for actor, first, length in spans:
        move = moves.get(actor)
        # A span may begin in what stays and end in what moves.
        stays = length if move is None else min(length, max(0, move.last + 1 - first))
        if stays:
            result.append((actor, first, stays))
        if move is not None and stays < length:
            result.append((move.to, first + stays, length - stays))
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
