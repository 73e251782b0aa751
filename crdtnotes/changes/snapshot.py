"""A note's state to bytes and back: columns of runs, not objects.

Snapshots are local to one replica: they are rebuilt from the log when needed and never sent. They do not
contain the visible text: it is stored separately, readable without decoding, and split into runs again here.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate

import msgspec
from msgspec import Struct

from crdtnotes.changes.derived import from_wire, to_wire
from crdtnotes.crdt.ids import Id, OpId
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Elements
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.tags import Run
from crdtnotes.crdt.values import Cell, Value
from crdtnotes.crdt.version import Version
from crdtnotes.errors import Damaged

_Tags = list[tuple[int, ...]]
# `(number of the actor, counter)` of one tag, or `(number, first counter, length)` of many.

_LONG = 100
# Runs with fewer tags are stored tag by tag, as older programs read them.


_Value = tuple[int, int, str, int, int, list[tuple[int, int, int]]]
"""A value: its actor, first counter and text, its rank, and `(offset, id)` of the Deletes that name it."""

_Cell = tuple[int, int, list[tuple[int, int, int]], bool, list[_Value]]
"""A cell: its delimiter, the spans of its former elements, whether some of these are deleted, its values."""


class _Snapshot(Struct, array_like=True, forbid_unknown_fields=True):
    """The columns. Actors are indexes into `actors`, except those of streams in versions."""

    actors: list[int | bytes]
    run_actors: list[int]
    run_counters: list[int]  # each minus the end of the same actor's previous run: mostly 0
    run_lengths: list[int]  # negative for a tombstone, 0 for the front of an element
    links: list[tuple[str, str, _Tags, _Tags]]
    name: tuple[int, int, str, list[str]]
    derived: list[tuple[int | bytes, list[tuple[int, int]]]]
    edits: list[tuple[int, int]]
    cover: list[tuple[int, int]]
    unknown: bool | list[tuple[int, int]]  # a boolean in snapshots of version 0.1
    cells: list[_Cell] = []
    births: list[tuple[int, int]] = []  # (actor, as in `Births.lengths`); not in snapshots before schema 6
    follows: list[tuple[int, int]] = []


_FIRST_COLUMNS = 10
# The columns up to `unknown`, which every snapshot has.

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Snapshot)


def dump(state: NoteState) -> bytes:
    """Return the state without its visible text."""
    numbers: dict[int, int] = {}
    ends: dict[int, int] = {}
    run_actors: list[int] = []
    run_counters: list[int] = []
    run_lengths: list[int] = []
    for actor, counter, length, text in state.text.runs():
        run_actors.append(numbers.setdefault(actor, len(numbers)))
        run_counters.append(counter - ends.get(actor, 0))
        run_lengths.append(length if text else -length)
        if length:
            ends[actor] = counter + length

    def tags(runs: list[Run]) -> _Tags:
        result: _Tags = []
        for actor, first, length in runs:
            number = numbers.setdefault(actor, len(numbers))
            if length < _LONG:
                result += [(number, counter) for counter in range(first, first + length)]
            else:
                result.append((number, first, length))
        return result

    links = [
        (kind, value, tags(alive), tags(removed)) for (kind, value), alive, removed in state.links.export()
    ]
    cells = [_cell(cell, numbers) for _, cell in sorted(state.values.cells.items())]
    births = [
        (numbers.setdefault(birth, len(numbers)), length)
        for birth, length in sorted(state.births.lengths.items())
    ]
    snapshot = _Snapshot(
        [to_wire(actor) for actor in numbers],
        run_actors,
        run_counters,
        run_lengths,
        links,
        (state.name.id.counter, state.name.id.actor, state.name.value, sorted(state.name.past)),
        [(to_wire(actor), sorted(by.items())) for actor, by in sorted(state.derived.items())],
        sorted(state.edits.items()),
        sorted(state.cover.items()),
        sorted(state.unknown.items()) or False,
        cells,
        births,
        sorted(state.follows.items()),
    )
    fields = msgspec.structs.astuple(snapshot)
    # Without the later columns, where they are empty, a snapshot has the form that it had before.
    while len(fields) > _FIRST_COLUMNS and not fields[-1]:
        fields = fields[:-1]
    return zlib.compress(_encoder.encode(fields), 1)


def load(data: bytes, text: str) -> NoteState:
    """Rebuild a state from its snapshot and its visible text; raises Damaged when they do not fit.

    A snapshot from before schema 6 gives a state without births; such a note must be read from the log.
    """
    try:
        snapshot = _decoder.decode(zlib.decompress(data))
        if sum(length for length in snapshot.run_lengths if length > 0) != len(text):
            raise Damaged("A note's snapshot does not fit its text.")
        actors = [_actor(actor) for actor in snapshot.actors]
        state = NoteState(Rga.from_runs(_runs(snapshot, actors, text)))
        for cell in snapshot.cells:
            state.values.restore(_restored(cell, actors))
        for number, length in snapshot.births:
            state.births.restore(actors[number], length)
        state.links = OrSet.load(
            (
                (kind, value),
                [_run(actors, *tag) for tag in alive],
                [_run(actors, *tag) for tag in removed],
            )
            for kind, value, alive, removed in snapshot.links
        )
    except (zlib.error, msgspec.DecodeError, IndexError, ValueError, TypeError, RecursionError) as error:
        raise Damaged(f"A note's snapshot cannot be read ({error}).") from None
    counter, actor, value, past = snapshot.name
    state.name.id, state.name.value, state.name.past = OpId(counter, actor), value, set(past)
    versions: dict[tuple[tuple[int, int], ...], Version] = {}  # many derived actors share one
    for derived, by in snapshot.derived:
        state.derived[_actor(derived)] = versions.setdefault(tuple(by), dict(by))
    state.edits = dict(snapshot.edits)
    state.cover = dict(snapshot.cover)
    state.follows = dict(snapshot.follows)
    if not isinstance(snapshot.unknown, bool):
        state.unknown = dict(snapshot.unknown)
    return state


def derived_actors(data: bytes) -> int:
    """Return how many derived actors a snapshot has, 0 if it cannot be read: none fewer than births."""
    try:
        return len(_decoder.decode(zlib.decompress(data)).derived)
    except (zlib.error, msgspec.DecodeError):
        return 0


def _run(actors: list[int], number: int, first: int, length: int = 1) -> Run:
    if length < 1:
        raise ValueError("a run of tags is empty")
    return actors[number], first, length


def _actor(stored: int | bytes) -> int:
    actor = from_wire(stored)
    if actor is None:
        raise Damaged("A note's snapshot names an actor that cannot be.")
    return actor


def _cell(cell: Cell, numbers: dict[int, int]) -> _Cell:
    def number(actor: int) -> int:
        return numbers.setdefault(actor, len(numbers))

    values: list[_Value] = [
        (
            number(actor),
            value.counter,
            value.text,
            value.rank[0],
            number(value.rank[1]),
            [(offset, by[0], number(by[1])) for offset, by in sorted(value.deleted.items())],
        )
        for actor, value in sorted(cell.values.items())
    ]
    former = [(number(actor), counter, length) for actor, counter, length in _joined(cell.former)]
    counter, actor = cell.delimiter
    return counter, number(actor), former, cell.former_deleted, values


def _joined(ids: Iterable[Id]) -> Iterator[Elements]:
    """Join elements to spans, ordered by actor and counter."""
    first = end = of = 0
    for actor, counter in sorted((actor, counter) for counter, actor in ids):
        if actor == of and counter == end:
            end += 1
            continue
        if end:
            yield of, first, end - first
        of, first, end = actor, counter, counter + 1
    if end:
        yield of, first, end - first


def _restored(stored: _Cell, actors: list[int]) -> Cell:
    counter, actor, former, former_deleted, values = stored
    cell = Cell((counter, actors[actor]))
    cell.former = {(at + i, actors[of]) for of, at, length in former for i in range(length)}
    cell.former_deleted = former_deleted
    for of, first, text, rank, ranker, deleted in values:
        value = Value(first, text, (rank, actors[ranker]))
        value.deleted = {offset: (at, actors[by]) for offset, at, by in deleted}
        cell.add(actors[of], value)
    return cell


def _runs(snapshot: _Snapshot, actors: list[int], text: str) -> list[tuple[int, int, int, str]]:
    ends: dict[int, int] = {}
    result: list[tuple[int, int, int, str]] = []
    lengths = snapshot.run_lengths
    places = [0, *accumulate(max(length, 0) for length in lengths)][: len(lengths)]
    for number, gap, length, place in zip(
        snapshot.run_actors, snapshot.run_counters, lengths, places, strict=True
    ):
        counter = ends.get(number, 0) + gap
        size = abs(length)
        if size:
            ends[number] = counter + size
        shown = text[place : place + length] if length > 0 else ""
        result.append((actors[number], counter, size, shown))
    return result
