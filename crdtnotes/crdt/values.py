"""Values behind delimiters: of several that were set, one stands (docs/crdt.md, "Values").

A task's box, a scalar of the front matter and a link's target are values: two people who set one apart mean
one value, not a mixture of both.

Rules
    - A *cell* is what was set behind one delimiter, an element of the text that belongs to no value. A Set
      names what stood there before; these elements are the cell's *former* ones and stay tombstones.
    - Of a cell's values the one with the greatest `(rank, actor)` stands; `rank` is the greatest rank of the
      Sets that set this value.
    - The elements of the value that stands are visible, except
      (1) those that a Delete whose id is greater than that rank names, or any Delete if the cell's delimiter
          is a tombstone, and
      (2) all of them where the cell is *closed*: its delimiter is a tombstone, and something that stood there
          otherwise (a former element, an element of another value) is named by a Delete, or by a Set of
          another cell.
    - The elements of the cell's other values are tombstones.

Why replicas agree
    Every rule is a union or a maximum over the set of operations. No rule asks what was concurrent with what.

How it is kept
    The elements are in the array like all others. When an operation touches a cell, the elements of the value
    that stands are made visible or tombstones as the rules say, and those of the one that stood before are
    made tombstones; a value keeps its text for that. So an operation costs the same however many values a
    cell has.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from crdtnotes.crdt.ids import ROOT, Id
from crdtnotes.crdt.ops import Elements, Patch
from crdtnotes.crdt.rga import Rga
from crdtnotes.errors import InvalidChange, MissingChanges


class Value:
    """One value: its first element's counter, its text, its rank, and what Deletes named of it.

    `deleted` has the greatest id of a Delete for each offset that one names.
    """

    __slots__ = ("counter", "deleted", "rank", "text")

    def __init__(self, counter: int, text: str, rank: Id) -> None:
        self.counter = counter
        self.text = text
        self.rank = rank
        self.deleted: dict[int, Id] = {}


class Cell:
    """The values behind one delimiter, by actor, and the former elements.

    `former_deleted` tells whether a Delete, or a Set of another cell, names a former element, `deleted` has
    the actors of the values of which a Delete names elements. The value of the actor `standing` stands.
    """

    __slots__ = ("deleted", "delimiter", "former", "former_deleted", "standing", "values")

    def __init__(self, delimiter: Id) -> None:
        self.delimiter = delimiter
        self.values: dict[int, Value] = {}
        self.former: set[Id] = set()
        self.former_deleted = False
        self.deleted: set[int] = set()
        self.standing = 0

    def add(self, actor: int, value: Value) -> None:
        """Add a value, or one of which the rank has grown; find out which one stands."""
        self.values[actor] = value
        if value.deleted:
            self.deleted.add(actor)
        best = self.values.get(self.standing)
        if best is None or (value.rank, actor) > (best.rank, self.standing):
            self.standing = actor


class Values:
    """All cells of a text, by delimiter; `cell_of` finds the cell of a value's actor."""

    __slots__ = ("_of_former", "_text", "cell_of", "cells")

    def __init__(self, text: Rga) -> None:
        self._text = text
        self.cells: dict[Id, Cell] = {}
        self.cell_of: dict[int, Cell] = {}
        self._of_former: dict[Id, list[Cell]] = {}

    def set(
        self, delimiter: Id, counter: int, actor: int, text: str, rank: Id, spans: Iterable[Elements]
    ) -> list[Patch]:
        """Integrate a Set whose value's elements are `(counter …, actor)`.

        Raises MissingChanges when the delimiter or an element in `spans` is not here, InvalidChange when the
        delimiter or one of these elements belongs to a value, or when the value is not newer than its
        delimiter.
        """
        array = self._text
        spans = tuple(spans)
        if delimiter == ROOT or any(
            of in self.cell_of for of in (delimiter[1], *(span[0] for span in spans))
        ):
            raise InvalidChange("A value stands behind a delimiter and replaces no part of another value.")
        patches = array.insert((counter, actor), delimiter, text)
        cell = self.cells.get(delimiter)
        if cell is None:
            cell = self.cells[delimiter] = Cell(delimiter)
        value = cell.values.get(actor)
        stood = cell.standing
        if value is None:
            cell.add(actor, Value(counter, text, rank))
            self.cell_of[actor] = cell
        elif value.rank < rank:
            value.rank = rank
            cell.add(actor, value)
        # Of the value that stood and the new one, all elements that do not stand now become tombstones.
        for other in {stood, actor} - {cell.standing, 0}:
            patches += array.delete([(other, cell.values[other].counter, len(cell.values[other].text))])
        touched = {delimiter: cell}
        for id in elements(spans):
            self._add_former(cell, id, touched)
        patches += array.delete(spans)
        for each in touched.values():
            patches += self._show(each)
        return patches

    def delete(self, by: Id, spans: Iterable[Elements]) -> list[Patch]:
        """Integrate a Delete with the id `by`; raises MissingChanges when an element is not here."""
        plain: list[Elements] = []
        touched: dict[Id, Cell] = {}
        for span in spans:
            cell = self.cell_of.get(span[0])
            if cell is None:
                plain.append(span)
                continue
            if self._text.first_missing(span) is not None:
                raise MissingChanges("A delete names an element that is not here.")
            value = cell.values[span[0]]
            for offset in range(span[1] - value.counter, span[1] - value.counter + span[2]):
                if value.deleted.get(offset, ROOT) < by:
                    value.deleted[offset] = by
            cell.deleted.add(span[0])
            touched[cell.delimiter] = cell
        for id in within(plain, self.cells):
            touched[id] = self.cells[id]
        for id in within(plain, self._of_former):
            for other in self._of_former[id]:
                other.former_deleted = True
                touched[other.delimiter] = other
        patches = self._text.delete(plain)
        for cell in touched.values():
            patches += self._show(cell)
        return patches

    def restore(self, cell: Cell) -> None:
        """Take in a cell that was kept, without its effect on the text, which was kept too."""
        self.cells[cell.delimiter] = cell
        for actor in cell.values:
            self.cell_of[actor] = cell
        for id in cell.former:
            self._of_former.setdefault(id, []).append(cell)

    def _add_former(self, cell: Cell, id: Id, touched: dict[Id, Cell]) -> None:
        """Note that a Set of a cell names an element; `touched` collects the cells that this concerns."""
        sharing = self._of_former.get(id, [])
        for other in sharing:
            if other is not cell:
                other.former_deleted = cell.former_deleted = True
                touched[other.delimiter] = other
        if id not in cell.former:
            if not sharing and not self._text.position(id)[1]:
                cell.former_deleted = True  # no Set has named it yet, so a Delete has
            cell.former.add(id)
            self._of_former.setdefault(id, []).append(cell)
        if id in self.cells:
            touched[id] = self.cells[id]

    def visible(self, cell: Cell) -> list[Elements]:
        """Return the elements of a cell that are visible: all of the value that stands."""
        standing = cell.standing
        if self._is_closed(cell):
            return []
        value = cell.values[standing]
        return [
            (standing, value.counter + start, end - start)
            for start, end, shown in _stretches(value, self._is_delimited(cell))
            if shown
        ]

    def _is_delimited(self, cell: Cell) -> bool:
        return self._text.position(cell.delimiter)[1]

    def _is_closed(self, cell: Cell) -> bool:
        return not self._is_delimited(cell) and (
            cell.former_deleted or len(cell.deleted) > (cell.standing in cell.deleted)
        )

    def _show(self, cell: Cell) -> list[Patch]:
        """Make the elements of the value that stands visible, or tombstones, as the rules say."""
        array = self._text
        actor, value = cell.standing, cell.values[cell.standing]
        if self._is_closed(cell):
            return array.delete([(actor, value.counter, len(value.text))])
        patches: list[Patch] = []
        for start, end, shown in _stretches(value, self._is_delimited(cell)):
            counter = value.counter + start
            if shown:
                patches += array.reveal((counter, actor), value.text[start:end])
            else:
                patches += array.delete([(actor, counter, end - start)])
        return patches


def _stretches(value: Value, is_delimited: bool) -> Iterator[tuple[int, int, bool]]:
    """Yield the stretches `(start, end, visible)` of the value that stands, if its cell is not closed."""
    if not value.deleted:
        yield 0, len(value.text), True
        return
    start = 0
    rank = value.rank if is_delimited else ROOT
    shown = value.deleted.get(0, ROOT) <= rank
    for offset in range(1, len(value.text)):
        now = value.deleted.get(offset, ROOT) <= rank
        if now != shown:
            yield start, offset, shown
            start, shown = offset, now
    yield start, len(value.text), shown


def within(spans: Sequence[Elements], ids: Collection[Id]) -> list[Id]:
    """Return those of the elements `ids` that lie in spans, which may be very long."""
    if not ids:
        return []
    if sum([length for _, _, length in spans]) <= len(ids):
        return [id for id in elements(spans) if id in ids]
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for actor, first, length in sorted(spans):
        before = ends.setdefault(actor, [])
        if before and first <= before[-1]:
            before[-1] = max(before[-1], first + length)
        else:
            starts.setdefault(actor, []).append(first)
            before.append(first + length)
    found: list[Id] = []
    for id in ids:
        own = starts.get(id[1])
        if own is not None:
            at = bisect_right(own, id[0]) - 1
            if at >= 0 and id[0] < ends[id[1]][at]:
                found.append(id)
    return found


def elements(spans: Iterable[Elements]) -> Iterator[Id]:
    """Yield the ids of the elements in spans."""
    for actor, counter, length in spans:
        for at in range(counter, counter + length):
            yield at, actor
