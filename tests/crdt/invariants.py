"""The invariants listed at the top of rga.py, checked the slow way."""

from crdtnotes.crdt import rga, runs
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.runs import Run


def check(array: Rga) -> None:
    """Fail unless every invariant holds."""
    assert array._groups
    chunks = [chunk for group in array._groups for chunk in group.chunks]
    for group in array._groups:
        assert 0 < len(group.chunks) <= rga.GROUP
        assert group.visible == sum(chunk.visible for chunk in group.chunks)
        assert all(chunk.group is group for chunk in group.chunks)
        assert all(group.least <= (run.counter, run.actor) for chunk in group.chunks for run in chunk.runs)
    seen: dict[tuple[int, int], None] = {}
    for chunk in chunks:
        assert chunk.runs or len(chunks) == 1, "an empty chunk"
        assert len(chunk.runs) <= rga.CHUNK
        assert chunk.visible == sum(len(run.text) for run in chunk.runs)
        assert all(chunk.least <= (run.counter, run.actor) for run in chunk.runs)
        for run in chunk.runs:
            assert run.chunk is chunk
            assert len(run.text) in (0, run.length)
            if not run.length:
                assert array._fronts[run.counter, run.actor] is run
            for counter in range(run.counter, run.counter + run.length):
                assert (counter, run.actor) not in seen, "an element in two runs"
                seen[counter, run.actor] = None
    assert array._length == sum(chunk.visible for chunk in chunks)
    indexed: dict[tuple[int, int], Run] = {}
    for actor, stream in array._streams.items():
        starts = [start for page in stream.pages for start in page.starts]
        own = [run for page in stream.pages for run in page.runs]
        assert starts == sorted(set(starts))
        assert starts == [run.counter for run in own]
        assert (stream.only is None) == bool(own)
        own += [] if stream.only is None else [stream.only]
        assert stream.firsts == [page.starts[0] for page in stream.pages]
        assert all(len(page.runs) <= runs.PAGE for page in stream.pages)
        assert all(run.actor == actor for run in own)
        indexed |= {(actor, run.counter): run for run in own}
    assert indexed == {(run.actor, run.counter): run for chunk in chunks for run in chunk.runs if run.length}
    _check_fronts(array, [run for chunk in chunks for run in chunk.runs])
    _check_cursor(array)


def _check_fronts(array: Rga, runs: list[Run]) -> None:
    assert len(array._fronts) == sum(not run.length for run in runs)
    for id, front in array._fronts.items():
        element = array._find(id)
        assert element is not None
        assert (element.counter, element.actor) == id, "a front inside a run"
        between = runs[runs.index(front) + 1 : runs.index(element)]
        assert any(run.length for run in between)
        assert all((run.counter, run.actor) > id for run in between)


def _check_cursor(array: Rga) -> None:
    group, chunk = array._group, array._chunk
    assert array._groups[array._gi] is group
    assert group.chunks[array._ci] is chunk
    if chunk.runs:
        assert 0 <= array._ri < len(chunk.runs)
    assert array._gbase == sum(each.visible for each in array._groups[: array._gi])
    assert array._base == array._gbase + sum(each.visible for each in group.chunks[: array._ci])
    assert array._pos == array._base + sum(len(run.text) for run in chunk.runs[: array._ri])
