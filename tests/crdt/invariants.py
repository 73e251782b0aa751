"""The invariants at the top of rga.py, checked the slow way."""

from crdtnotes.crdt import rga
from crdtnotes.crdt.rga import Rga, Run


def check(array: Rga) -> None:
    """Fail unless every invariant holds."""
    chunks = array._chunks
    seen: dict[tuple[int, int], None] = {}
    for chunk in chunks:
        assert chunk.runs or len(chunks) == 1, "an empty chunk"
        assert len(chunk.runs) <= rga.CHUNK
        assert chunk.visible == sum(len(run.text) for run in chunk.runs)
        assert all(chunk.least <= (run.counter, run.actor) for run in chunk.runs)
        for run in chunk.runs:
            assert run.chunk is chunk
            assert run.length > 0
            assert len(run.text) in (0, run.length)
            for counter in range(run.counter, run.counter + run.length):
                assert (counter, run.actor) not in seen, "an element in two runs"
                seen[counter, run.actor] = None
    assert array._length == sum(chunk.visible for chunk in chunks)
    indexed: dict[tuple[int, int], Run] = {}
    for actor, stream in array._streams.items():
        assert stream.starts == sorted(set(stream.starts))
        assert stream.starts == [run.counter for run in stream.runs]
        assert all(run.actor == actor for run in stream.runs)
        indexed |= {(actor, run.counter): run for run in stream.runs}
    runs = {(run.actor, run.counter): run for chunk in chunks for run in chunk.runs}
    assert indexed == runs
    _check_cursor(array)


def _check_cursor(array: Rga) -> None:
    chunk = array._chunks[array._ci]
    if chunk.runs:
        assert 0 <= array._ri < len(chunk.runs)
    assert array._base == sum(each.visible for each in array._chunks[: array._ci])
    assert array._pos == array._base + sum(len(run.text) for run in chunk.runs[: array._ri])
