"""The changes of a note: who wrote and deleted what, and who had seen what.

A change *knows* another one if that lies in its past, or is the change itself. Two changes are *apart* if
neither knows the other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import (
    Delete,
    Elements,
    Insert,
    Op,
    Same,
    Set,
    next_counter,
    runs_of,
)

Seen = Callable[[int, int, int], int]
"""`seen(author, at, target)`: the last seq of the target that the author had seen at its change `at`."""


class Written(NamedTuple):
    """A text that came in with changes: consecutive elements of one actor from `counter` on."""

    counter: int
    text: str
    changes: tuple[int, ...]

    @property
    def end(self) -> int:
        """The counter behind the last element."""
        return self.counter + len(self.text)


class Deletion(NamedTuple):
    """Elements of one actor that a change names in a Delete, or in a Set as what stood there before."""

    counter: int
    end: int
    change: int


class Done(NamedTuple):
    """An operation with its id and the number of its change."""

    op: Op
    id: Id
    change: int


class Met(NamedTuple):
    """Two changes that are apart and met in the text; `elements` tells this place from others."""

    one: int
    other: int
    elements: tuple[object, ...]


class Past:
    """The changes of a note in one order for all replicas; they are named by their numbers in it."""

    def __init__(self, state: NoteState, changes: Iterable[Change], seen: Seen) -> None:
        """`changes` are all changes of the note that `state` has."""
        self.state = state
        self.changes = sorted(changes, key=lambda change: (change.start, change.actor))
        self._seen = seen
        self.apart_from_some = self._concurrent()
        """The changes that are apart from some other one: nothing else can be part of a finding."""
        self.done: list[Done] = []
        self._written: dict[int, list[Written]] = {}
        self._deletions: dict[int, list[Deletion]] = {}
        self._longest: dict[int, int] = {}
        self._rewriting: list[tuple[Insert | Same, int]] = []
        if self.apart_from_some:
            self._read()

    def knows(self, later: int, earlier: int) -> bool:
        """Whether a change had seen another one; each knows itself."""
        one, other = self.changes[later], self.changes[earlier]
        return self._seen(one.actor, one.seq, other.actor) >= other.seq

    def apart(self, one: int, other: int) -> bool:
        """Whether neither of two changes had seen the other."""
        return not self.knows(one, other) and not self.knows(other, one)

    def actor(self, change: int) -> int:
        """Return the author of a change."""
        return self.changes[change].actor

    def written(self, actor: int, counter: int) -> Written | None:
        """Return the text that an element came in with."""
        some = self._written.get(actor, [])
        at = bisect_right(some, counter, key=lambda one: one.counter) - 1
        return some[at] if at >= 0 and counter < some[at].end else None

    def met(self, one: int, other: int) -> Met | None:
        """Return the changes that wrote the visible elements at two positions, if all of them are apart."""
        (first,) = self.state.text.spans(one, 1)
        (second,) = self.state.text.spans(other, 1)
        left, right = self.written(first[0], first[1]), self.written(second[0], second[1])
        if left is None or right is None:
            return None
        if not all(self.apart(a, b) for a in left.changes for b in right.changes):
            return None
        return Met(left.changes[0], right.changes[0], (tuple(first[:2]), tuple(second[:2])))

    def text_of(self, actor: int, counter: int, length: int) -> str:
        """Return the characters of elements, also of tombstones."""
        texts: list[str] = []
        end = counter + length
        while counter < end:
            one = self.written(actor, counter)
            if one is None:
                break
            part = one.text[counter - one.counter : end - one.counter]
            texts.append(part)
            counter += len(part)
        return "".join(texts)

    def deletions(self, actor: int, counter: int, length: int) -> Iterator[Deletion]:
        """Yield the deletions that name some of these elements."""
        some = self._deletions.get(actor, [])
        begin = bisect_left(some, counter - self._longest.get(actor, 0), key=lambda one: one.counter)
        for number in range(begin, len(some)):
            one = some[number]
            if one.counter >= counter + length:
                return
            if one.end > counter:
                yield one

    def deleters(self, spans: Iterable[Elements]) -> list[int]:
        """Return the changes that delete some of these elements, in their order."""
        return sorted(
            {one.change for actor, counter, length in spans for one in self.deletions(actor, counter, length)}
        )

    def is_rewritten(self, text: str, over: Sequence[int]) -> bool:
        """Whether somebody who knew these changes has written this text again."""
        return any(
            len(op.text) >= len(text)
            and text in op.text
            and all(change != other and self.knows(change, other) for other in over)
            for op, change in self._rewriting
        )

    def _concurrent(self) -> frozenset[int]:
        seqs: dict[int, list[int]] = {}
        for change in self.changes:
            seqs.setdefault(change.actor, []).append(change.seq)
        if len(seqs) < 2:
            return frozenset()
        seen = self._seen
        found = set()
        for number, change in enumerate(self.changes):
            for other, theirs in seqs.items():
                if other == change.actor:
                    continue
                begin = bisect_right(theirs, seen(change.actor, change.seq, other))
                if begin < len(theirs) and seen(other, theirs[begin], change.actor) < change.seq:
                    found.add(number)
                    break
        return frozenset(found)

    def _read(self) -> None:
        brought: dict[int, dict[int, tuple[str, list[int]]]] = {}
        for number, change in enumerate(self.changes):
            counter = change.start
            for op in change.ops:
                self.done.append(Done(op, (counter, change.actor), number))
                if isinstance(op, (Insert, Same)):
                    self._rewriting.append((op, number))
                for actor, first, text in runs_of(op):
                    brought.setdefault(actor, {}).setdefault(first, (text, []))[1].append(number)
                if isinstance(op, (Delete, Set)):
                    for actor, first, length in op.spans:
                        self._deletions.setdefault(actor, []).append(Deletion(first, first + length, number))
                        self._longest[actor] = max(length, self._longest.get(actor, 0))
                counter = next_counter(counter, op)
        for some in self._deletions.values():
            some.sort()
        for actor, texts in brought.items():
            self._written[actor] = [
                Written(first, text, tuple(numbers)) for first, (text, numbers) in sorted(texts.items())
            ]
