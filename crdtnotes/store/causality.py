"""The rules that a change from outside must keep, beyond being well-formed.

They make what a change may do depend only on the changes that its author claims to have seen, never on
what happens to be here: so all replicas come to the same verdict on every change, and a peer that lies
is refused everywhere or nowhere.

    - its seq is one more than its actor's last
    - its deps are here, and each goes beyond what the author had named before
    - its start is one more than the highest counter in its actor's stream and in its deps
    - what its operations refer to (elements, the note's creation, what a remove covers) lies in what
      the author had seen, by its own word
"""

from collections.abc import Mapping
from typing import assert_never

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import BIRTH
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create, Delete, Insert, Link, Op, Remove, Rename, Unknown, Unlink
from crdtnotes.errors import InvalidChange, InvalidName
from crdtnotes.markup.names import clean_name
from crdtnotes.store.log.log import Log

Horizon = dict[int, tuple[int, int]]
"""What an author had seen: `{actor: (seq, highest counter)}`, itself included."""


def label(change: Change) -> str:
    """Return what to call a change in a sentence."""
    return f"change {change.seq} of {change.actor:016x}"


def is_ready(change: Change, log: Log) -> bool:
    """Whether all that the change depends on is here."""
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
            f"A peer sent {label(change)}, whose clock says {change.start:,} where {start + 1:,} is due."
        )
    horizon[change.actor] = (change.seq, change.last)
    return horizon


def check_references(change: Change, state: NoteState, horizon: Horizon) -> None:
    """Check what the change's operations refer to; raises InvalidChange."""
    made: set[int] = set()

    def born(birth: int) -> bool:
        """Whether a birth lies in the horizon or earlier in the change."""
        return birth in made or _is_born(state.births.get(birth, {}), horizon)

    created = any(map(born, state.births))
    for op in change.ops:
        match op:
            case Create():
                made.add(op.birth)
                created = True
            case Remove():
                if any(seq > horizon.get(actor, (0, 0))[0] for actor, seq in op.cover):
                    raise InvalidChange(
                        f"A peer sent {label(change)}, which deletes what its author never saw."
                    )
            case Insert() | Delete() | Rename() | Link() | Unlink() | Unknown():
                if not created:
                    raise InvalidChange(
                        f"A peer sent {label(change)}, which edits a note that its author never saw."
                    )
            case _:
                assert_never(op)
        for actor, counter in _elements(op):
            seen = born(actor) if actor >= BIRTH else counter <= horizon.get(actor, (0, 0))[1]
            if counter and not seen:
                raise InvalidChange(
                    f"A peer sent {label(change)}, which refers to what its author never saw."
                )
        name = _name(op)
        if name is not None:
            try:
                clean_name(name)
            except InvalidName as error:
                raise InvalidChange(
                    f"A peer sent {label(change)}, which gives a note a bad name: {error}"
                ) from None


def _elements(op: Op) -> list[tuple[int, int]]:
    """Return the elements `(actor, counter)` that must be known before the operation."""
    match op:
        case Insert():
            return [(op.after[1], op.after[0])]
        case Delete():
            return [(actor, first + length - 1) for actor, first, length in op.spans]
        case Create() | Rename() | Link() | Unlink() | Remove() | Unknown():
            return []
        case _:
            assert_never(op)


def _name(op: Op) -> str | None:
    """Return the name that an operation gives to a note."""
    match op:
        case Create() | Rename():
            return op.name
        case Insert() | Delete() | Link() | Unlink() | Remove() | Unknown():
            return None
        case _:
            assert_never(op)


def _is_born(by: Mapping[int, int], horizon: Horizon) -> bool:
    """Whether one of the changes `{actor: seq}` that brought a birth lies in a horizon."""
    return any(seq <= horizon.get(actor, (0, 0))[0] for actor, seq in by.items())
