"""Faults of merging beyond the data types, planted in editors, writers, snapshots and moves of forks.

`tests/crdt/planted.py` has those of the data types.
"""

from collections.abc import Iterator
from typing import Any

from crdtnotes.changes import relabel, snapshot
from crdtnotes.changes.derived import NoteNames
from crdtnotes.crdt import authoring, diff
from crdtnotes.crdt.ops import Patch
from crdtnotes.crdt.values import Values
from crdtnotes.editing.session import EditSession
from crdtnotes.markup import values
from crdtnotes.store.writer import Writer
from tests.crdt.planted import Plant, instead


def _typed(right: Any) -> Any:
    """A whole-text write is made as if it were typed."""

    def replace(self: Any, uid: bytes, edits: Any, rank: Any = None) -> None:
        def make(draft: Any) -> None:
            for (start, removed, inserted), _ in edits:
                authoring.type_over(draft, start, removed, inserted)

        self.edit(uid, make)

    return replace


def _no_values(_: Any) -> Any:
    """A whole-text write never sees a value in what it changes."""
    return lambda text, patches: [values.Edit(patch, is_value=False) for patch in patches]


def _no_box(_: Any) -> Any:
    """An editor ticks a task by typing over the box."""
    return lambda self, edit: None


def _by_letters(_: Any) -> Any:
    """The difference of two texts is cut inside words."""

    def edits(old: str, new: str) -> list[Patch]:
        limit = min(len(old), len(new))
        head = next((at for at in range(limit) if old[at] != new[at]), limit)
        rest = limit - head
        tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
        patch = Patch(head, len(old) - head - tail, new[head : len(new) - tail])
        return [patch] if old != new else []

    return edits


def _one_for_all(right: Any) -> Any:
    """Every line that takes the place of another one stands for it, whatever is in the two."""
    return lambda common, one, other, *, alone: max(right(common, one, other, alone=alone), 0.6)


def _no_cells(right: Any) -> Any:
    """A snapshot is read without its values."""

    def load(data: bytes, text: str) -> Any:
        state = right(data, text)
        state.values = Values(state.text)
        return state

    return load


def _no_deletes_of_values(right: Any) -> Any:
    """A snapshot forgets which elements of values were deleted."""

    def cell(one: Any, numbers: Any) -> Any:
        counter, actor, former, _, held = right(one, numbers)
        return counter, actor, former, False, [(*value[:-1], []) for value in held]

    return cell


def _no_derived(right: Any) -> Any:
    """A snapshot forgets the derived actors."""

    def load(data: bytes, text: str) -> Any:
        state = right(data, text)
        state.derived = dict(list(state.derived.items())[:1])
        return state

    return load


def _names_not_passed_on(right: Any) -> Any:
    """When a branch moves, the new names of derived actors are forgotten."""

    def op(self: Any, op: Any) -> Any:
        new = right(self, op)
        self._renamed.clear()
        return new

    return op


def _old_names_kept(_: Any) -> Any:
    """When a branch moves, its pieces keep their derived actors."""

    def same(self: Any, op: Any) -> Any:
        return op._replace(id=self._id(op.id), after=self._id(op.after))

    return same


def _no_place(right: Any) -> Any:
    """The derived actor of a piece does not depend on where it hangs, nor on its base."""
    return lambda self, after, base, series, text: right(self, (1, 1), 1, series, text)


def _random_names(right: Any) -> Any:
    """The derived actor of a piece depends on the author's state."""
    calls: Iterator[int] = iter(range(10**9))
    return lambda self, after, base, series, text: right(self, after, base, next(calls), text)


def _twice(right: Any) -> Any:
    """A value that others have changed is replaced as text."""

    def is_one_value(state: Any, delimiter: Any, spans: Any) -> bool:
        cell = state.values.cells.get(delimiter)
        return bool(right(state, delimiter, spans)) and cell is None

    return is_one_value


MERGES: dict[str, Plant] = {
    "a whole-text write that counts for each author": instead(Writer, "replace", _typed),
    "a write that sees no values": instead(values, "with_values", _no_values),
    "an editor that types ticks": instead(EditSession, "_box_within", _no_box),
    "a value that others have set is replaced as text": instead(authoring, "is_one_value", _twice),
    "a difference that cuts words": instead(diff, "edits", _by_letters),
    "lines that stand for any other line": instead(diff, "_likeness", _one_for_all),
    "a snapshot without values": instead(snapshot, "load", _no_cells),
    "a snapshot without deletes of values": instead(snapshot, "_cell", _no_deletes_of_values),
    "a snapshot that forgets derived actors": instead(snapshot, "load", _no_derived),
    "a moved branch whose new names are forgotten": instead(relabel._Names, "op", _names_not_passed_on),
    "a moved branch that keeps derived actors": instead(relabel._Names, "_same", _old_names_kept),
    "a derived actor without its place": instead(NoteNames, "piece", _no_place),
    "a derived actor that is drawn": instead(NoteNames, "piece", _random_names),
}
"""Each is found by a simulated world."""
