"""What a note shows, as a function of the *set* of its operations: slow, and written to be read.

An operation is given with its id. The order of elements is a tree: in front of an element comes what hangs
at its front, behind it what hangs behind it, both from the greatest id down, each with what hangs there.
Behind a first text that does not end with a newline hangs a newline, its seam, if a smaller first text
comes after it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crdtnotes.crdt.births import seam_actor
from crdtnotes.crdt.ids import ROOT, Id
from crdtnotes.crdt.ops import Before, Create, Delete, Elements, Insert, Op, Same, Set, next_counter

Entry = tuple[Id, Op]
"""An operation and its id."""


def entries(changes: Iterable[tuple[int, int, int, tuple[Op, ...]]]) -> list[Entry]:
    """The operations of changes `(actor, seq, start, ops)` with their ids."""
    found: list[Entry] = []
    for actor, _, start, ops in changes:
        counter = start
        for op in ops:
            found.append(((counter, actor), op))
            counter = next_counter(counter, op)
    return found


class Bundle(NamedTuple):
    """New elements with consecutive counters: `first` hangs at `at`, each other at the one before it."""

    first: Id
    at: Id
    in_front: bool
    text: str

    @property
    def ids(self) -> list[Id]:
        return [(self.first[0] + i, self.first[1]) for i in range(len(self.text))]


class Shown(NamedTuple):
    """All elements in order, the visible ones, and their text."""

    order: list[Id]
    visible: list[Id]
    text: str


def bundles(op: Op) -> Iterator[Bundle]:
    """The elements that an operation brings."""
    match op:
        case Insert():
            yield Bundle(op.id, op.after, False, op.text)
        case Before():
            yield Bundle(op.id, op.before, True, op.text)
        case Create() if op.text:
            yield Bundle((1, op.birth), ROOT, False, op.text)
        case Set():
            yield Bundle((op.base + 1, op.value), op.after, False, op.text)
        case Same():
            at, counter = op.after, op.base + 1
            for actor, text in op.pieces:
                bundle = Bundle((counter, actor), at, False, text)
                yield bundle
                at, counter = bundle.ids[-1], counter + len(text)


def seams(entries: Iterable[Entry]) -> Iterator[Bundle]:
    """The newlines between the first texts of a note that was created several times."""
    births = {op.birth: op.text for _, op in entries if isinstance(op, Create) and op.text}
    for birth, text in births.items():
        if not text.endswith("\n") and birth > min(births):
            yield Bundle((len(text), seam_actor(birth)), (len(text), birth), False, "\n")


def ids_of(spans: Iterable[Elements]) -> set[Id]:
    """The elements of spans."""
    return {(counter + i, actor) for actor, counter, length in spans for i in range(length)}


def show(entries: Iterable[Entry]) -> Shown:
    """What a set of operations shows."""
    entries = list(entries)
    character: dict[Id, str] = {}
    hanging: dict[tuple[Id, bool], set[Id]] = {}
    for bundle in (*[bundle for _, op in entries for bundle in bundles(op)], *seams(entries)):
        at, in_front = bundle.at, bundle.in_front
        for id, one in zip(bundle.ids, bundle.text, strict=True):
            assert id > at
            assert character.setdefault(id, one) == one
            hanging.setdefault((at, in_front), set()).add(id)
            at, in_front = id, False
    order = _in_order(hanging)
    visible = _visible(order, entries)
    return Shown(order, visible, "".join(character[id] for id in visible))


def _in_order(hanging: dict[tuple[Id, bool], set[Id]]) -> list[Id]:
    order: list[Id] = []
    stack = [(id, False) for id in sorted(hanging.get((ROOT, False), ()))]
    while stack:
        id, is_front_done = stack.pop()
        if is_front_done or (id, True) not in hanging:
            order.append(id)
            stack += [(child, False) for child in sorted(hanging.get((id, False), ()))]
        else:
            stack.append((id, True))
            stack += [(child, False) for child in sorted(hanging[id, True])]
    return order


def _visible(order: list[Id], entries: list[Entry]) -> list[Id]:
    sets = [op for _, op in entries if isinstance(op, Set)]
    deletes = [(id, ids_of(op.spans)) for id, op in entries if isinstance(op, Delete)]
    named = set().union(*[ids for _, ids in deletes], *[ids_of(op.spans) for op in sets])
    delimiter_of = {op.value: op.after for op in sets}

    def is_visible(id: Id) -> bool:
        delimiter = delimiter_of.get(id[1])
        if delimiter is None:
            return id not in named
        cell = [op for op in sets if op.after == delimiter]
        rank, standing = max((op.rank, op.value) for op in cell)
        is_cut = delimiter in named
        if standing != id[1] or any((by > rank or is_cut) and id in ids for by, ids in deletes):
            return False
        stood = {one for op in cell for one in ids_of(op.spans)}
        stood |= {one for op in cell if op.value != standing for bundle in bundles(op) for one in bundle.ids}
        by_others = [ids for _, ids in deletes] + [ids_of(op.spans) for op in sets if op.after != delimiter]
        return delimiter not in named or not any(stood & ids for ids in by_others)

    return [id for id in order if is_visible(id)]
