"""What others did to a text that somebody moved away meanwhile: the offer to let it follow.

Rules
    - What others wrote inside the old text apart from the move, or beside it in its first or last line, goes
      behind the counterpart of what it stood behind.
    - What others deleted of the old text is deleted of the new one. A Delete that is itself part of a move
      deletes nothing.
    - The value that others set behind a delimiter is set behind the counterpart of that delimiter, unless
      somebody has set one there already.
    - If nothing is left of the text at its new place, nothing follows.

The offer is a function of the state and of the set of changes, and its edits are Same, Set and Delete. So it
is the same on every replica, however many people accept it. Once it is made, nothing is left that could
follow, and the offer is gone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Delete, Elements, Patch, Set
from crdtnotes.crdt.values import Cell
from crdtnotes.markup.values import Edit
from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, patched
from crdtnotes.review.moves import MAX_MOVED_ON, Move, Moves
from crdtnotes.review.past import Past
from crdtnotes.review.regions import Part, parts

MAX_EDITS = 1000
"""The most edits of one offer: more at once would not be the same whoever makes them."""


class _Step(NamedTuple):
    """One edit of an offer, and the change that it takes after; `order` tells apart edits at one place."""

    start: int
    removed: int
    order: int
    inserted: str
    change: int
    at_old_place: bool = False
    delimiter: Id | None = None
    """Of a value: the delimiter at the old place."""


class Following:
    """The offers of one note. `texts` and `delimiters` say what they concern: no other finding should.

    `texts` are the places in the note's text of what would follow, `delimiters` those of the values.
    """

    def __init__(self, past: Past) -> None:
        self.offers: list[Found] = []
        self.texts: set[int] = set()
        self.delimiters: set[Id] = set()
        self._past = past
        self._moves = Moves(past)
        if not self._moves.all:
            return
        self._steps: list[list[_Step]] = [[] for _ in self._moves.all]
        self._places: dict[int, list[tuple[int, int, int, bool]]] = {}
        self._walk()
        text = str(past.state.text)
        self._follow_values(text)
        self._follow_deletes()
        for move, steps in zip(self._moves.all, self._steps, strict=True):
            if steps and len(steps) <= MAX_EDITS and self._is_left(move):
                # From the last to the first; at one place what is removed comes before what is inserted.
                steps.sort(key=lambda step: (step.start, step.removed > 0, step.order), reverse=True)
                if _overlap(steps) or _changes_nothing(text, steps):
                    continue  # only forged moves overlap; or the text was put back where it was
                self.offers.append(self._offer(move, steps, text))
                self.texts.update(step.start for step in steps if step.at_old_place)
                self.delimiters.update(step.delimiter for step in steps if step.delimiter is not None)

    def _offer(self, move: Move, steps: list[_Step], text: str) -> Found:
        past = self._past
        edits = tuple(
            Edit(Patch(step.start, step.removed, step.inserted), step.delimiter is not None) for step in steps
        )
        new = [step for step in steps if not step.at_old_place]
        begin = text.rfind("\n", 0, min(step.start for step in new)) + 1
        end = text.find("\n", max(step.start + step.removed for step in new))
        end = len(text) if end < 0 else end
        shown = [
            edit.patch._replace(start=edit.patch.start - begin)
            for edit in edits
            if begin <= edit.patch.start and edit.patch.start + edit.patch.removed <= end
        ]
        latest = max(step.change for step in steps)
        mover, other = past.changes[move.deleting], past.changes[latest]
        return Found(
            "moved",
            ((mover.actor, mover.seq), move.first, (other.actor, other.seq)),
            begin,
            line_at(text, begin),
            Version(text[begin:end], past.changes[move.writing]),
            Version(patched(text[begin:end], shown), other),
            {Choice.OTHER: Plan(edits)},
        )

    def _add(
        self,
        move: int,
        patch: Patch,
        change: int,
        *,
        at_old_place: bool = False,
        delimiter: Id | None = None,
    ) -> None:
        steps = self._steps[move]
        order = len(steps)
        steps.append(
            _Step(patch.start, patch.removed, order, patch.inserted, change, at_old_place, delimiter)
        )

    def _is_apart(self, changes: Sequence[int], move: int) -> bool:
        deleting = self._moves.all[move].deleting
        return bool(changes) and all(self._past.apart(change, deleting) for change in changes)

    # -- places

    def _where(self, id: Id) -> tuple[int, bool]:
        """Return the number of visible characters before an element, and whether it is visible."""
        some = self._places[id[1]]
        counter, _, index, visible = some[bisect_right(some, id[0], key=lambda place: place[0]) - 1]
        return (index + id[0] - counter if visible else index), visible

    def _shown(self, spans: Iterable[Elements], depth: int = 0) -> Iterator[tuple[int, int]]:
        """Yield the places and lengths of what elements show, or their counterparts if they were moved on."""
        for owner, (actor, first, length) in self._moves.split(spans):
            counter, end = first, first + length
            while counter < end:
                some = self._places[actor]
                begin, size, index, visible = some[
                    bisect_right(some, counter, key=lambda place: place[0]) - 1
                ]
                until = min(end, begin + size)
                if visible:
                    yield index + counter - begin, until - counter
                elif owner is not None and depth < MAX_MOVED_ON:
                    to = owner.counterpart(counter)
                    yield from self._shown([(to[1], to[0], until - counter)], depth + 1)
                counter = until

    def _counterpart(self, id: Id) -> Id:
        """Return the element that has taken the place of one at an old place, wherever it is now."""
        for _ in range(MAX_MOVED_ON):
            owner = self._moves.owner(id[1], id[0])
            if owner is None or self._where(id)[1]:
                break
            id = owner.counterpart(id[0])
        return id

    def _is_left(self, move: Move) -> bool:
        spans = [(pair.to[1], pair.to[0], pair.length) for pair in move.pairs]
        return next(self._shown(spans), None) is not None

    # -- what was written

    def _walk(self) -> None:
        """Note where all elements are, and find what others wrote at the old places."""
        between: list[Part] = []
        found: list[tuple[int, Id | None, Part]] = []
        last: tuple[int, Part] | None = None
        for part in parts(self._past):
            place = (part.counter, part.length, part.at, part.visible)
            self._places.setdefault(part.actor, []).append(place)
            whole = (part.actor, part.counter, part.length)
            for owner, (actor, counter, length) in self._moves.split([whole]):
                skip = counter - part.counter
                piece = part._replace(
                    actor=actor,
                    counter=counter,
                    length=length,
                    at=part.at + (skip if part.visible else 0),
                    text=part.text[skip : skip + length],
                )
                if owner is None:
                    between.append(piece)
                    continue
                found += self._strays(last, between, owner.move)
                between, last = [], (owner.move, piece)
        found += self._strays(last, between, None)
        for some in self._places.values():
            some.sort()
        for move, behind, part in found:
            self._add(move, Patch(self._new_place(move, behind), 0, part.text), max(part.changes))
            self._add(move, Patch(part.at, part.length, ""), max(part.changes), at_old_place=True)

    def _new_place(self, move: int, behind: Id | None) -> int:
        if behind is None:
            return self._where(self._counterpart(self._moves.all[move].first))[0]
        index, visible = self._where(self._counterpart(behind))
        return index + visible

    def _strays(
        self, last: tuple[int, Part] | None, between: list[Part], move: int | None
    ) -> Iterator[tuple[int, Id | None, Part]]:
        """Yield what stands between two stretches of old places and goes with one of them.

        `last` is the stretch before, `move` the move of the stretch behind.
        """
        if not between:
            return
        behind = None if last is None else (last[1].counter + last[1].length - 1, last[1].actor)
        if last is not None and last[0] == move and not self._is_gap(between, last[0]):
            yield from ((last[0], behind, part) for part in between if self._is_stray(part, last[0]))
            return
        if last is not None and not last[1].text.endswith("\n"):
            for part in between:
                if "\n" in part.text or (part.visible and not self._is_stray(part, last[0])):
                    break
                if part.visible:
                    yield last[0], behind, part
        if move is not None:
            yield from self._in_front(between, move, begins_line=last is None or last[1].text.endswith("\n"))

    def _in_front(
        self, between: list[Part], move: int, *, begins_line: bool
    ) -> Iterator[tuple[int, Id | None, Part]]:
        """Yield what stands directly in front of an old place and begins a line.

        `begins_line`: `between` begins at the beginning of a line.
        """
        found: list[Part] = []
        for part in reversed(between):
            if part.text.endswith("\n"):
                begins_line = True
                break
            if "\n" in part.text or (part.visible and not self._is_stray(part, move)):
                return
            if part.visible:
                found.append(part)
        if begins_line:
            yield from ((move, None, one) for one in reversed(found))

    def _is_gap(self, between: Iterable[Part], move: int) -> bool:
        """Whether there is text that the mover saw and left where it was."""
        deleting = self._moves.all[move].deleting
        return any(
            part.visible and any(self._past.knows(deleting, change) for change in part.changes)
            for part in between
        )

    def _is_stray(self, part: Part, move: int) -> bool:
        """Whether a part is visible text that others wrote apart from a move, or a value in such text."""
        cell = self._past.state.values.cell_of.get(part.actor)
        if cell is not None and self._moves.owner(cell.delimiter[1], cell.delimiter[0]) is not None:
            return False
        return part.visible and self._is_apart(part.changes, move)

    # -- what was deleted, and values

    def _follow_deletes(self) -> None:
        gone: dict[int, list[tuple[int, int, int]]] = {}
        for done in self._past.done:
            if not isinstance(done.op, Delete) or done.id in self._moves.deletes:
                continue
            if done.change not in self._past.apart_from_some:
                continue
            for owner, (_, counter, length) in self._moves.split(done.op.spans):
                if owner is None or not self._is_apart([done.change], owner.move):
                    continue
                to = owner.counterpart(counter)
                gone.setdefault(owner.move, []).extend(
                    (start, start + size, done.change)
                    for start, size in self._shown([(to[1], to[0], length)])
                )
        for move, some in gone.items():
            steps = self._steps[move]
            kept = sorted((step.start, step.start + step.removed) for step in steps if not step.at_old_place)
            for start, end, change in _stretches(some, kept):
                self._add(move, Patch(start, end - start, ""), change)

    def _follow_values(self, text: str) -> None:
        values = self._past.state.values
        if not values.cells:
            return
        setters: dict[tuple[Id, int], list[int]] = {}
        for done in self._past.done:
            if isinstance(done.op, Set):
                setters.setdefault((done.op.after, done.op.value), []).append(done.change)
        for delimiter, cell in sorted(values.cells.items()):
            owner = self._moves.owner(delimiter[1], delimiter[0])
            standing = cell.standing
            changes = setters.get((delimiter, standing), [])
            if owner is None or not self._is_apart(changes, owner.move):
                continue
            to = self._counterpart(delimiter)
            start, visible = self._where(to)
            if not visible:
                continue
            stood = list(self._shown(self._counterparts(self._moves.all[owner.move], delimiter, cell)))
            removed = sum(size for _, size in stood)
            value = cell.values[standing].text
            if to in values.cells or text[start + 1 : start + 1 + removed] == value:
                self.delimiters.add(delimiter)  # it has followed already
                continue
            if stood and (stood[0][0] != start + 1 or sum(stood[-1]) != start + 1 + removed):
                continue  # others have written between them
            self._add(owner.move, Patch(start + 1, removed, value), max(changes), delimiter=delimiter)
            for actor, counter, length in values.visible(cell):
                at, _ = self._past.state.text.position((counter, actor))
                self._add(owner.move, Patch(at, length, ""), max(changes), at_old_place=True)

    def _counterparts(self, move: Move, delimiter: Id, cell: Cell) -> list[Elements]:
        """Return the counterparts of what stood behind a delimiter when it was moved."""
        found: list[Elements] = []
        behind = False
        for pair in move.pairs:
            here = pair.actor == delimiter[1] and pair.counter <= delimiter[0] < pair.counter + pair.length
            if not here and not behind:
                continue
            begin = delimiter[0] + 1 if here else pair.counter
            behind = True
            for counter in range(begin, pair.counter + pair.length):
                if pair.actor not in cell.values and (counter, pair.actor) not in cell.former:
                    return found
                found.append((pair.to[1], pair.to[0] + counter - pair.counter, 1))
        return found


def _overlap(steps: Sequence[_Step]) -> bool:
    """Whether edits, from the last to the first, are not beside each other."""
    return any(step.start + step.removed > later.start for later, step in pairwise(steps))


def _changes_nothing(text: str, steps: Sequence[_Step]) -> bool:
    """Whether edits, from the last to the first, leave a text as it is."""
    begin, end = steps[-1].start, max(step.start + step.removed for step in steps)
    patches = [Patch(step.start - begin, step.removed, step.inserted) for step in steps]
    return patched(text[begin:end], patches) == text[begin:end]


def _stretches(
    some: list[tuple[int, int, int]], kept: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int]]:
    """Yield the union of stretches `(start, end, change)` without what is `kept`, cut where that begins."""
    end = 0
    number = 0
    for start, until, change in sorted(some):
        start = max(start, end)
        end = max(end, until)
        while start < until:
            while number < len(kept) and kept[number][1] <= start and kept[number][0] < start:
                number += 1
            here = kept[number] if number < len(kept) else (until, until)
            stop = min(until, max(here[0], start))
            if start < stop:
                yield start, stop, change
            if stop >= until:
                break
            start = max(stop, here[1])
            number += 1
