from random import Random

import pytest

from crdtnotes.crdt.ids import ROOT
from crdtnotes.crdt.runs import PAGE, Chunk, Group, Run, Stream


@pytest.fixture
def chunk() -> Chunk:
    return Chunk(Group())


def _check(stream: Stream, runs: dict[int, Run]) -> None:
    found = [(start, run) for page in stream.pages for start, run in zip(page.starts, page.runs, strict=True)]
    assert found == sorted(runs.items())
    assert stream.firsts == [page.starts[0] for page in stream.pages]
    assert all(len(page.runs) <= PAGE for page in stream.pages)


@pytest.mark.parametrize("order", ["ascending", "descending", "any"])
def test_a_stream_finds_every_run_by_each_of_its_counters(chunk: Chunk, order: str) -> None:
    random = Random(4)
    counters = list(range(10, 20_000, 5))
    if order == "descending":
        counters.reverse()
    elif order == "any":
        random.shuffle(counters)
    stream = Stream()
    runs = {}
    for counter in counters:
        runs[counter] = Run(7, counter, 3, "abc", chunk)
        stream.add(runs[counter])
    _check(stream, runs)
    assert len(stream.pages) > 4
    for counter, run in runs.items():
        assert [stream.find(counter + more) for more in (-1, 0, 2, 3)] == [None, run, run, None]
    for counter in random.sample(counters, 3500):
        if random.random() < 0.3:
            run = Run(7, counter + 1, 2, "bc", chunk)
            stream.replace(counter, run)
            runs[counter + 1] = run
        else:
            stream.drop(counter)
        del runs[counter]
    _check(stream, runs)
    assert all(stream.find(counter) is run for counter, run in runs.items())
    assert stream.find(5) is None
    assert Stream.of([]).pages == []
    _check(Stream.of(list(runs.values())), runs)


def test_chunks_and_groups_know_whether_they_are_beyond_an_id(chunk: Chunk) -> None:
    group = chunk.group
    group.chunks += [chunk, Chunk(group)]
    chunk.runs += [Run(9, 4, 1, "x", chunk), Run(7, 4, 2, "", chunk)]
    group.chunks[1].runs.append(Run(1, 3, 1, "y", group.chunks[1]))
    assert chunk.least == group.least == ROOT
    assert chunk.is_beyond((4, 6))
    assert not chunk.is_beyond((4, 8))
    assert chunk.least == (4, 7)
    assert group.is_beyond((2, 9))
    assert not group.is_beyond((4, 6))


def test_a_stream_of_one_run(chunk: Chunk) -> None:
    run, longer, next_run = (
        Run(7, 10, 3, "abc", chunk),
        Run(7, 9, 4, "xabc", chunk),
        Run(7, 20, 1, "d", chunk),
    )
    added = Stream()
    added.add(run)
    for stream in (added, Stream.of([run])):
        assert stream.only is run
        assert [stream.find(counter) for counter in (9, 10, 12, 13)] == [None, run, run, None]
        stream.replace(10, longer)
        assert [stream.find(counter) for counter in (8, 9, 12, 13)] == [None, longer, longer, None]
        stream.add(next_run)
        assert stream.only is None
        _check(stream, {9: longer, 20: next_run})
        assert Stream.of([]).pages == []
