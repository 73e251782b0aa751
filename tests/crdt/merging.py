"""Peers that edit one note apart and meet, on the data types alone: for the properties of merging."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from random import Random

from crdtnotes.crdt.authoring import erase, replace, set_value
from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.ids import BIRTH, ROOT, Id
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Before, Create, Delete, Insert, Op, Same, Set, next_counter
from tests import merge_model
from tests.merge_model import Entry, bundles
from tests.reference import patched

Change = tuple[int, int, int, dict[int, int], tuple[Op, ...]]
"""`(actor, seq, start, what its author had seen, operations)`."""


class TestNames:
    """Derives actors in the way of the real ones, without a note."""

    def piece(self, after: Id, base: int, series: int, text: str) -> int:
        return _derived("same", tuple(after), base, series, text)

    def value(self, delimiter: Id, base: int, text: str) -> int:
        return _derived("set", tuple(delimiter), base, text)


def _derived(*parts: object) -> int:
    return BIRTH | int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def birth(text: str) -> int:
    return _derived("birth", text)


class Peer:
    """One replica of one note. Each method that edits makes one change."""

    def __init__(self, actor: int) -> None:
        self.actor = actor
        self.state = NoteState()
        self.names = TestNames()
        self.log: dict[int, list[Change]] = {}
        self.waiting: list[Change] = []
        self.own: set[Id] = set()
        self._ops: list[Op] = []
        self._start = self._counter = 1

    # -- a Draft

    def next_id(self) -> Id:
        return (self._counter, self.actor)

    def add(self, op: Op) -> None:
        before = self.text
        patches = self.state.apply(self.actor, len(self._own_log()) + 1, self._counter, (op,))
        assert patched(before, patches) == self.text
        self._ops.append(op)
        self._counter = next_counter(self._counter, op)

    def _own_log(self) -> list[Change]:
        return self.log.setdefault(self.actor, [])

    def edit(self, make: Callable[[], object]) -> Change | None:
        ends = [_end(stream[-1]) for stream in self.log.values() if stream]
        self._start = self._counter = max(ends, default=1)
        make()
        ops, self._ops = tuple(self._ops), []
        if not ops:
            return None
        change = (self.actor, len(self._own_log()) + 1, self._start, self.version(), ops)
        self._own_log().append(change)
        return change

    # -- reading

    @property
    def text(self) -> str:
        return str(self.state.text)

    def version(self) -> dict[int, int]:
        return {actor: len(stream) for actor, stream in self.log.items() if stream}

    @property
    def changes(self) -> list[Change]:
        return [change for stream in self.log.values() for change in stream]

    # -- editing

    def create(self, text: str) -> Change | None:
        return self.edit(lambda: self.add(Create(birth(text), "N", text, ())))

    def type(self, index: int, text: str) -> Change | None:
        """Insert; in front of what this peer has inserted itself, hang it there."""
        array = self.state.text
        after = array.before(index)
        right = array.neighbour(after)

        def make() -> None:
            own = self.next_id()
            if right is not None and right > after and right in self.own:
                self.add(Before(own, right, text))
            else:
                self.add(Insert(own, after, text))
            self.own.add(own)

        return self.edit(make)

    def delete(self, start: int, end: int) -> Change | None:
        return self.edit(lambda: erase(self, self.state.text.spans(start, end - start)))

    def write(self, text: str) -> Change | None:
        """Make the text this one: an import, a whole-text write."""

        def make() -> None:
            for start, removed, inserted in edits(self.text, text):
                replace(self, start, removed, inserted)

        return self.edit(make)

    def replace(self, start: int, end: int, text: str) -> Change | None:
        return self.edit(lambda: replace(self, start, end - start, text))

    def set(self, start: int, end: int, text: str, *, follows: bool = False) -> Change | None:
        """Set a value; `follows`: as something that follows from another operation of this change."""

        def make() -> None:
            rank = None
            if follows:
                rank = self.next_id()
                self.add(Delete(()))  # takes a counter, as a Rename does
            set_value(self, start, end - start, text, rank)

        return self.edit(make)

    def trick(self, random: Random) -> Change | None:
        """Make what the rules allow and no honest peer makes: any base, delimiter, rank and elements."""
        elements = [
            (counter + i, actor)
            for actor, counter, length, _ in self.state.text.runs()
            for i in range(length)
            if actor not in self.state.values.cell_of
        ]
        if not elements:
            return None

        def make() -> None:
            own = self.next_id()
            after = random.choice(elements)
            base = random.randint(after[0], own[0] - 1)
            text = random.choice(("x", " ", "done", "q\n", "a\nb"))
            gone = random.sample(elements, min(len(elements), random.randint(0, 3)))
            if random.random() < 0.5:
                from crdtnotes.crdt.authoring import named

                series = random.randint(0, 1)
                self.add(Same(own, after, base, series, named(self.names, after, base, series, text)))
            else:
                rank = (random.randint(0, own[0]), own[1])
                spans = tuple((actor, counter, 1) for counter, actor in gone)
                self.add(Set(own, after, base, self.names.value(after, base, text), text, rank, spans))

        return self.edit(make)

    # -- meeting

    def receive(self, *changes: Change) -> None:
        """Take in changes in any order, any number of times; those that depend on others wait for them."""
        self.waiting += changes
        moved = True
        while moved:
            moved = False
            for change in self.waiting[:]:
                actor, seq, start, seen, ops = change
                have = self.version()
                if seq <= have.get(actor, 0):
                    self.waiting.remove(change)
                elif seq == have.get(actor, 0) + 1 and all(
                    have.get(other, 0) >= upto for other, upto in seen.items() if other != actor
                ):
                    self.waiting.remove(change)
                    before = self.text
                    patches = self.state.apply(actor, seq, start, ops)
                    assert patched(before, patches) == self.text
                    self.log.setdefault(actor, []).append(change)
                    moved = True

    def meet(self, *others: "Peer") -> None:
        """Exchange everything with others."""
        for other in others:
            self.receive(*other.changes)
        for other in others:
            other.receive(*self.changes)


def _end(change: Change) -> int:
    """The counter after a change's operations."""
    counter = change[2]
    for op in change[4]:
        counter = next_counter(counter, op)
    return counter


def entries(changes: Iterable[Change]) -> list[Entry]:
    """The operations of changes with their ids."""
    return merge_model.entries((actor, seq, start, ops) for actor, seq, start, _, ops in changes)


def order(state: NoteState) -> list[Id]:
    """All elements of a note in order."""
    return [(c + i, actor) for actor, c, length, _ in state.text.runs() for i in range(length)]


__all__ = ["ROOT", "Change", "Peer", "bundles", "entries", "order"]
