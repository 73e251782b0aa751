"""Faults of merging, planted in the data types: random histories must find each, or they prove nothing.

Each replaces one function by a wrong one. `test_planted.py` plays histories until one fails.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from crdtnotes.crdt import authoring
from crdtnotes.crdt.ids import ROOT
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.values import Cell, Values
from tests.crdt import merging

Plant = Callable[[], AbstractContextManager[object]]


def instead(owner: object, name: str, make: Callable[[Any], Any]) -> Plant:
    """Replace an attribute with something that `make` derives from the correct one."""
    return lambda: mock.patch.object(owner, name, make(getattr(owner, name)))


def _left_neighbour_only(_: Any) -> Any:
    return lambda state, after, leaving: after[0]


def _newest_of_all(_: Any) -> Any:
    """The base is the greatest counter there is: what one has typed elsewhere makes it another edit."""
    return lambda state, after, leaving: max([after[0], *(c + n - 1 for _, c, n, _ in state.text.runs())])


def _first_series_only(_: Any) -> Any:
    return lambda self, id: False


def _comes_back(right: Any) -> Any:
    """A Same brings elements back that were deleted."""

    def same(self: Any, op: Any, actor: int, seq: int) -> Any:
        patches = right(self, op, actor, seq)
        for piece, counter, text in op.runs:
            patches += self.text.reveal((counter, piece), text)
        return patches

    return same


def _rank_without_author(_: Any) -> Any:
    """Of two values of one rank the first to arrive stands."""

    def standing(self: Any) -> int:
        return int(max(self.values.items(), key=lambda entry: entry[1].rank[0])[0])

    return standing


def _last_to_arrive_stands(_: Any) -> Any:
    return lambda self: list(self.values)[-1]


def _oldest_stands(_: Any) -> Any:
    return lambda self: min((value.rank, actor) for actor, value in self.values.items())[1]


def _never_closed(_: Any) -> Any:
    """A value stays when its line is deleted."""
    return lambda self, cell, standing: False


def _closed_by_its_delimiter(_: Any) -> Any:
    """A value goes with its delimiter, even if nothing else that stood there was deleted."""
    return lambda self, cell, standing: not self._text.position(cell.delimiter)[1]


def _any_delete_counts(right: Any) -> Any:
    """A Delete hides a value also if the value was set later."""

    def delete(self: Any, by: Any, spans: Any) -> Any:
        return right(self, (2**52, by[1]), spans)

    return delete


def _forgets_former(_: Any) -> Any:
    return lambda self, cell, id, touched: None


def _behind(_: Any) -> Any:
    """A Before hangs behind its element."""
    return lambda self, id, before, text: self.insert(id, before, text)


def _behind_all_fronts(_: Any) -> Any:
    """What hangs at a front stands in the order of arrival."""

    def insert_before(self: Any, id: Any, before: Any, text: str) -> Any:
        if self._find(id) is not None:
            return []
        index, _ = self.position(before)
        after = self.before(index) if index else ROOT
        return self.insert(id, after, text) if after < id else []

    return insert_before


def _one_piece(_: Any) -> Any:
    return lambda text: [text] if text else []


def _not_by_place(right: Any) -> Any:
    """The derived actor of a piece does not depend on its base."""
    return lambda self, after, base, series, text: right(self, after, 0, series, text)


def _not_by_text(right: Any) -> Any:
    """The derived actor of a value does not depend on its text."""
    return lambda self, delimiter, base, text: right(self, delimiter, base, "")


def _nothing_kept(_: Any) -> Any:
    """A value whose delimiter is deleted is not written again."""
    return lambda state, spans: iter(())


def _births_by_arrival(right: Any) -> Any:
    """Of two births of one note only the first to arrive brings its text."""

    def create(self: Any, op: Any, actor: int, seq: int) -> Any:
        return right(self, op._replace(text="") if self.derived else op, actor, seq)

    return create


PLANTED: dict[str, Plant] = {
    "a base of the left neighbour only": instead(authoring, "base_of", _left_neighbour_only),
    "a base of everything that was typed": instead(authoring, "base_of", _newest_of_all),
    "a series that is ignored": instead(Rga, "__contains__", _first_series_only),
    "deletes of a Same that are not final": instead(NoteState, "_same", _comes_back),
    "a rank without its author": instead(Cell, "standing", _rank_without_author),
    "the last value to arrive stands": instead(Cell, "standing", _last_to_arrive_stands),
    "the first value that was set stands": instead(Cell, "standing", _oldest_stands),
    "a value shown though its line was deleted": instead(Values, "_is_closed", _never_closed),
    "a value that goes with its delimiter alone": instead(Values, "_is_closed", _closed_by_its_delimiter),
    "a Delete that hides a later value": instead(Values, "delete", _any_delete_counts),
    "a cell that forgets what stood there": instead(Values, "_add_former", _forgets_former),
    "a Before that hangs behind": instead(Rga, "insert_before", _behind),
    "a Before without a front": instead(Rga, "insert_before", _behind_all_fronts),
    "pieces that are not cut at lines": instead(authoring, "pieces", _one_piece),
    "a derived actor without its base": instead(merging.TestNames, "piece", _not_by_place),
    "a value's actor without its text": instead(merging.TestNames, "value", _not_by_text),
    "a value that is not written again": instead(authoring, "_values_behind", _nothing_kept),
    "only the first birth has a text": instead(NoteState, "_create", _births_by_arrival),
}
