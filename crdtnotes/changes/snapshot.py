"""A note's state to bytes and back: columns of runs, not objects.

Snapshots are local to one replica: they are rebuilt from the log when needed and never sent. They do not
contain the visible text: it is stored separately, readable without decoding, and split into runs again here.
"""

import zlib
from itertools import accumulate

import msgspec
from msgspec import Struct

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.tags import Run
from crdtnotes.errors import Damaged

_Tags = list[tuple[int, ...]]
# `(number of the actor, counter)` of one tag, or `(number, first counter, length)` of many.

_LONG = 100
# Runs with fewer tags are stored tag by tag, as older programs read them.


class _Snapshot(Struct, array_like=True, forbid_unknown_fields=True):
    actors: list[int]
    run_actors: list[int]
    run_counters: list[int]  # each minus the end of the same actor's previous run: mostly 0
    run_lengths: list[int]  # negative for a tombstone
    links: list[tuple[str, str, _Tags, _Tags]]
    name: tuple[int, int, str, list[str]]
    births: list[tuple[int, list[tuple[int, int]]]]
    edits: list[tuple[int, int]]
    cover: list[tuple[int, int]]
    newer: bool


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
    snapshot = _Snapshot(
        list(numbers),
        run_actors,
        run_counters,
        run_lengths,
        links,
        (state.name.id.counter, state.name.id.actor, state.name.value, sorted(state.name.past)),
        [(birth, sorted(by.items())) for birth, by in sorted(state.births.items())],
        sorted(state.edits.items()),
        sorted(state.cover.items()),
        state.newer,
    )
    return zlib.compress(_encoder.encode(snapshot), 1)


def load(data: bytes, text: str) -> NoteState:
    """Rebuild a state from its snapshot and its visible text; raises Damaged when they do not fit."""
    try:
        snapshot = _decoder.decode(zlib.decompress(data))
        if sum(length for length in snapshot.run_lengths if length > 0) != len(text):
            raise Damaged("A note's snapshot does not fit its text.")
        actors = snapshot.actors
        state = NoteState()
        state.text = Rga.from_runs(_runs(snapshot, text))
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
    state.births = {birth: dict(by) for birth, by in snapshot.births}
    state.edits = dict(snapshot.edits)
    state.cover = dict(snapshot.cover)
    state.newer = snapshot.newer
    return state


def _run(actors: list[int], number: int, first: int, length: int = 1) -> Run:
    if length < 1:
        raise ValueError("a run of tags is empty")
    return actors[number], first, length


def _runs(snapshot: _Snapshot, text: str) -> list[tuple[int, int, int, str]]:
    ends: dict[int, int] = {}
    result: list[tuple[int, int, int, str]] = []
    lengths = snapshot.run_lengths
    places = [0, *accumulate(max(length, 0) for length in lengths)][: len(lengths)]
    for number, gap, length, place in zip(
        snapshot.run_actors, snapshot.run_counters, lengths, places, strict=True
    ):
        counter = ends.get(number, 0) + gap
        size = abs(length)
        ends[number] = counter + size
        shown = text[place : place + length] if length > 0 else ""
        result.append((snapshot.actors[number], counter, size, shown))
    return result
