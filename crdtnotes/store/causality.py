"""The rules that a change from another replica must follow, beyond being well-formed.

Whether a change is valid depends only on the changes that its author claims to have seen, never on the
changes that happen to be here. So all replicas come to the same verdict on every change, and a peer that lies
is refused everywhere or nowhere. The *horizon* of a change holds what its author's stream has named in deps
so far, and not what lies in the past of that: this can be checked without walking through the log, and it is
why a change names the streams that it refers to (`deps.py`).

    - its seq is one more than its actor's last
    - its deps are here, and each goes beyond the seq that the author named before
    - its start is one more than the highest counter in its actor's stream and in its deps
    - everything its operations refer to (elements, the note's creation, the edits that a remove covers) lies
      in the changes that the author claims to have seen; where one of these has an operation of an unknown
      kind, elements of derived actors count as seen
"""

from collections.abc import Mapping
from typing import assert_never

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import BIRTH
from crdtnotes.crdt.note import NoteState
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
from crdtnotes.errors import InvalidChange, InvalidName
from crdtnotes.markup.names import clean_name
from crdtnotes.store.log.log import Log

Horizon = dict[int, tuple[int, int]]
"""The changes that an author had seen: `{actor: (seq, highest counter)}`, including the author's own."""


def label(change: Change) -> str:
    """Return how a change is called in a message."""
    return f"change {change.seq} of {change.actor:016x}"


def is_ready(change: Change, log: Log) -> bool:
    """Whether everything that the change depends on is here."""
    if change.seq > log.head(change.actor).seq + 1:
        return False
    return all(log.head(actor).seq >= seq for actor, seq in change.deps)


def check_place(change: Change, log: Log) -> Horizon:
    """Check a ready change's deps and start; return its horizon. Raises InvalidChange."""
    head = log.head(change.actor)
    horizon = dict(log.seen(change.actor))
    start = head.last
    for actor, seq in change.deps:
        if seq <= horizon.get(actor, (0, 0))[0]:
            raise InvalidChange(f"A peer sent {label(change)}, which names a dependency twice.")
        last = log.last_at(actor, seq) or 0
        horizon[actor] = (seq, last)
        start = max(start, last)
    if change.start != start + 1:
        raise InvalidChange(
            f"A peer sent {label(change)}, whose clock starts at {change.start:,} instead of {start + 1:,}."
        )
    horizon[change.actor] = (change.seq, change.last)
    return horizon


def check_references(change: Change, state: NoteState, horizon: Horizon) -> None:
    """Check that the change's operations refer only to what its author had seen; raises InvalidChange."""
    made: set[int] = set()

    def born(derived: int) -> bool:
        """Whether the horizon, or this change, has what brings a derived actor's elements."""
        if derived in made or _is_born(state.derived.get(derived, {}), horizon):
            return True
        if not _has_seam(state, derived, horizon):
            return False
        made.add(derived)  # there may be many births to look at: once is enough
        return True

    created = any(map(born, state.derived))
    # What an unknown operation brings is unknown too.
    held = _is_born(state.unknown, horizon)
    for op in change.ops:
        match op:
            case Create():
                created = True
            case Remove():
                if any(seq > horizon.get(actor, (0, 0))[0] for actor, seq in op.cover):
                    raise InvalidChange(
                        f"A peer sent {label(change)}, which deletes what its author never saw."
                    )
            case (
                Insert()
                | Delete()
                | Same()
                | Set()
                | Before()
                | Rename()
                | Link()
                | Unlink()
                | Follow()
                | Unknown()
            ):
                if not created:
                    raise InvalidChange(
                        f"A peer sent {label(change)}, which edits a note that its author never saw."
                    )
            case _:
                assert_never(op)
        for actor, counter in references(op):
            seen = held or born(actor) if actor >= BIRTH else counter <= horizon.get(actor, (0, 0))[1]
            if counter and not seen:
                raise InvalidChange(
                    f"A peer sent {label(change)}, which refers to what its author never saw."
                )
        made.update(_derived(op))
        held |= isinstance(op, Unknown)
        name = _name(op)
        if name is not None:
            try:
                clean_name(name)
            except InvalidName as error:
                raise InvalidChange(
                    f"A peer sent {label(change)}, which gives a note a bad name: {error}"
                ) from None


def references(op: Op) -> list[tuple[int, int]]:
    """Return the elements `(actor, counter)` that must be known before the operation; counter 0: none."""
    match op:
        case Insert() | Same():
            return [(op.after[1], op.after[0])]
        case Before():
            return [(op.before[1], op.before[0])]
        case Delete():
            return _lasts(op.spans)
        case Set():
            return [(op.after[1], op.after[0]), *_lasts(op.spans)]
        case Create() | Rename() | Link() | Unlink() | Remove() | Follow() | Unknown():
            return []
        case _:
            assert_never(op)


def _lasts(spans: tuple[Elements, ...]) -> list[tuple[int, int]]:
    return [(actor, first + length - 1) for actor, first, length in spans]


def _derived(op: Op) -> list[int]:
    """Return the derived actors whose elements an operation brings."""
    match op:
        case Create():
            return [op.birth]
        case Same():
            return [actor for actor, _ in op.pieces]
        case Set():
            return [op.value]
        case Insert() | Before() | Delete() | Rename() | Link() | Unlink() | Remove() | Follow() | Unknown():
            return []
        case _:
            assert_never(op)


def _name(op: Op) -> str | None:
    """Return the name that an operation gives to a note."""
    match op:
        case Create() | Rename():
            return op.name
        case Insert() | Delete() | Same() | Set() | Before() | Link() | Unlink() | Remove():
            return None
        case Follow() | Unknown():
            return None
        case _:
            assert_never(op)


def _has_seam(state: NoteState, actor: int, horizon: Horizon) -> bool:
    """Whether this is the actor of a seam, and the horizon had its two births before this change."""
    birth = state.births.birth_of(actor)
    return (
        birth is not None
        and _is_born(state.derived[birth], horizon)
        and any(_is_born(state.derived[other], horizon) for other in state.births.behind(birth))
    )


def _is_born(by: Mapping[int, int], horizon: Horizon) -> bool:
    """Whether a horizon includes one of the changes `{actor: seq}` that contain a birth."""
    if len(horizon) < len(by):
        return any(actor in by and by[actor] <= seq for actor, (seq, _) in horizon.items())
    return any(seq <= horizon.get(actor, (0, 0))[0] for actor, seq in by.items())
