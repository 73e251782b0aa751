"""Texts that somebody moved: what was deleted at one place and written at another by the same author.

Rules
    - A *move* is a text that one author deleted and wrote again, whole, in one change of the note or in
      two that are at most `NEAR` changes apart. Newlines at its ends do not count if the two differ in them.
    - Each character of the old place has a *counterpart* at the new one. If the text was moved on from there,
      the counterpart is where it is now.
    - What lies in the old places of several moves belongs to the first of them.

Each text is hashed once, so finding all moves takes time in proportion to what was written and deleted.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Before, Delete, Elements, Insert, Same
from crdtnotes.review.past import Done, Past

LEAST = 4
"""Characters that must have gone and come for it to be a move."""

NEAR = 4
"""People cut a text, go elsewhere, perhaps make room for it there, and paste it."""

MAX_MOVED_ON = 100
"""How often one text is followed from place to place."""


class Pair(NamedTuple):
    """`length` elements of an old place from `counter` on, and their counterparts from `to` on."""

    actor: int
    counter: int
    length: int
    to: Id


class Move(NamedTuple):
    """The numbers of the changes that delete and that write a text, and all its pairs in their order."""

    deleting: int
    writing: int
    pairs: tuple[Pair, ...]

    @property
    def first(self) -> Id:
        """The first element of the old place."""
        return self.pairs[0].counter, self.pairs[0].actor


class Owner(NamedTuple):
    """What elements of an old place belong to, up to the counter `end`."""

    end: int
    move: int
    pair: Pair

    def counterpart(self, counter: int) -> Id:
        """Return the counterpart of the element with this counter."""
        return self.pair.to[0] + counter - self.pair.counter, self.pair.to[1]


class Moves:
    """The moves that are apart from some other change, in an order that is the same on all replicas."""

    def __init__(self, past: Past) -> None:
        self.all: list[Move] = []
        self.deletes: set[Id] = set()
        """The Deletes that are parts of moves."""
        self._find(past)
        self.all.sort()
        self._starts: dict[int, list[int]] = {}
        self._owners: dict[int, list[Owner]] = {}
        self._index()

    def owner(self, actor: int, counter: int) -> Owner | None:
        """Return what an element belongs to; None if it lies in no old place."""
        starts = self._starts.get(actor, ())
        place = bisect_right(starts, counter) - 1
        if place < 0:
            return None
        owner = self._owners[actor][place]
        return owner if counter < owner.end else None

    def next_start(self, actor: int, counter: int, end: int) -> int:
        """Return the first counter behind this one, and up to `end`, at which an old place may begin."""
        starts = self._starts.get(actor, ())
        place = bisect_right(starts, counter)
        return min(end, starts[place]) if place < len(starts) else end

    def split(self, spans: Iterable[Elements]) -> Iterator[tuple[Owner | None, Elements]]:
        """Yield elements in pieces that have one owner each."""
        for actor, counter, length in spans:
            end = counter + length
            while counter < end:
                owner = self.owner(actor, counter)
                until = self.next_start(actor, counter, end if owner is None else min(end, owner.end))
                yield owner, (actor, counter, until - counter)
                counter = until

    def _find(self, past: Past) -> None:
        steps: dict[int, list[Done]] = {}
        streams: dict[int, list[int]] = {}
        for done in past.done:
            if done.change not in steps:
                steps[done.change] = []
                streams.setdefault(past.actor(done.change), []).append(done.change)
            steps[done.change].append(done)
        for own in streams.values():
            own.sort(key=lambda change: past.changes[change].seq)
            written: dict[int, dict[str, list[Elements]]] = {}
            for at, change in enumerate(own):
                if change not in past.apart_from_some:
                    continue
                gone = list(_deleted(past, steps[change]))
                around = range(max(0, at - NEAR), min(len(own), at + NEAR + 1)) if gone else ()
                near = [own[i] for i in sorted(around, key=lambda i: (abs(i - at), -i))]
                for other in near:
                    if other not in written:
                        written[other] = _written(steps[other])
                for deletes, spans, text in gone:
                    self._match(change, deletes, spans, text, [(other, written[other]) for other in near])

    def _match(
        self,
        change: int,
        deletes: frozenset[Id],
        spans: list[Elements],
        text: str,
        near: Sequence[tuple[int, dict[str, list[Elements]]]],
    ) -> None:
        if deletes <= self.deletes:
            return  # these were found as parts of all that the change deletes
        for other, texts in near:
            for key in (text, text.strip("\n")):
                if key in texts:
                    cut = len(text) - len(text.lstrip("\n")) if key != text else 0
                    pairs = _pairs(_stretch(spans, cut, len(key)), texts[key])
                    self.all.append(Move(change, other, pairs))
                    self.deletes |= deletes
                    return

    def _index(self) -> None:
        some: dict[int, list[tuple[int, int, Pair]]] = {}
        for number, move in enumerate(self.all):
            for pair in move.pairs:
                some.setdefault(pair.actor, []).append((pair.counter, number, pair))
        for actor, of_actor in some.items():
            of_actor.sort()
            self._owners[actor] = owners = []
            self._starts[actor] = starts = []
            for start, owner in _owners(of_actor):
                starts.append(start)
                owners.append(owner)


def _owners(pairs: Sequence[tuple[int, int, Pair]]) -> Iterator[tuple[int, Owner]]:
    """Yield who owns what of one actor's elements, each with its first counter: of several moves the first.

    `pairs` are `(counter, number of the move, pair)`, ascending.
    """
    open_pairs: list[tuple[int, int, Pair]] = []  # a heap: (number of the move, end, pair)
    at = number = 0
    while number < len(pairs) or open_pairs:
        if not open_pairs:
            at = pairs[number][0]
        while number < len(pairs) and pairs[number][0] <= at:
            counter, move, pair = pairs[number]
            heappush(open_pairs, (move, counter + pair.length, pair))
            number += 1
        while open_pairs and open_pairs[0][1] <= at:
            heappop(open_pairs)
        if open_pairs:
            move, end, pair = open_pairs[0]
            until = min(end, pairs[number][0]) if number < len(pairs) else end
            yield at, Owner(until, move, pair)
            at = until


def _deleted(past: Past, steps: Iterable[Done]) -> Iterator[tuple[frozenset[Id], list[Elements], str]]:
    """Yield the texts that a change deletes: all of it as one, and what each of its Deletes names.

    Each comes with the ids of its Deletes and with its elements.
    """
    each = [
        (frozenset([done.id]), list(done.op.spans))
        for done in steps
        if isinstance(done.op, Delete) and done.op.spans
    ]
    if len(each) > 1:
        every = frozenset(id for ids, _ in each for id in ids)
        each.insert(0, (every, [span for _, spans in each for span in spans]))
    for ids, spans in each:
        size = sum(length for _, _, length in spans)
        if size >= LEAST:
            text = "".join([past.text_of(*span) for span in spans])
            if len(text) == size and len(text.strip()) >= LEAST:
                yield ids, spans, text


def _written(steps: Iterable[Done]) -> dict[str, list[Elements]]:
    """Return the texts that a change writes, with and without newlines at their ends, with their elements."""
    found: dict[str, list[Elements]] = {}
    for done in steps:
        op = done.op
        if isinstance(op, (Insert, Before)):
            runs: list[Elements] = [(op.id[1], op.id[0], len(op.text))]
        elif isinstance(op, Same):
            runs = [(actor, counter, len(text)) for actor, counter, text in op.runs]
        else:
            continue
        found.setdefault(op.text, runs)
        key = op.text.strip("\n")
        if key != op.text:
            found.setdefault(key, _stretch(runs, len(op.text) - len(op.text.lstrip("\n")), len(key)))
    return found


def _stretch(spans: Iterable[Elements], skip: int, size: int) -> list[Elements]:
    """Return `size` elements of spans, behind the first `skip`."""
    found: list[Elements] = []
    for actor, counter, length in spans:
        begin = min(skip, length)
        take = min(length - begin, size)
        if take:
            found.append((actor, counter + begin, take))
        skip -= begin
        size -= take
    return found


def _pairs(old: Iterable[Elements], new: Iterable[Elements]) -> tuple[Pair, ...]:
    """Return the pairs of elements that are equally many."""
    pairs: list[Pair] = []
    targets = iter(new)
    to = first = room = 0
    for actor, begin, length in old:
        counter, left = begin, length
        while left:
            if not room:
                to, first, room = next(targets)
            size = min(left, room)
            pairs.append(Pair(actor, counter, size, (first, to)))
            counter, left, first, room = counter + size, left - size, first + size, room - size
    return tuple(pairs)
