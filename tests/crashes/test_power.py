"""The suite cuts the power of one short run; `python -m tests.crashes.power` does longer runs."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.crashes import power, recording
from tests.crashes.disk import Disk
from tests.crashes.recording import Call
from tests.shares import Share

recorded = pytest.mark.skipif(recording.why_not() is not None, reason=recording.why_not() or "")

CARELESS = """
import sys
from pathlib import Path
from crdtnotes.store.file import database
from tests.crashes import powered
connect = database._connect
def careless(path, *, read_only):
    conn = connect(path, read_only=read_only)
    conn.execute({statement!r})
    return conn
database._connect = careless
powered.main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=power.scratch_folder()) as folder:
        yield Path(folder)


@recorded
@pytest.mark.parametrize("seed", [3, 4])
def test_nothing_acknowledged_is_lost(seed: int, share: Share, folder: Path) -> None:
    edits = share.power_edits
    tally = power.run(seed, edits, 1, folder)
    assert tally.acknowledged >= edits
    assert tally.layouts > 25 * edits
    assert tally.rolled_back > 100 * edits // 12


@recorded
@pytest.mark.parametrize("statement", ["PRAGMA synchronous = OFF", "PRAGMA journal_mode = OFF"])
def test_a_store_that_does_not_sync_is_caught(folder: Path, statement: str) -> None:
    program = folder / "careless.py"
    program.write_text(CARELESS.format(statement=statement))
    with pytest.raises(Exception, match=r"lost|damaged|not a|no vault|follows|head|log") as caught:
        power.run(3, 6, 1, folder, program=["-c", program.read_text()])
    assert "the power was cut after call" in caught.value.__notes__[0]


@recorded
def test_the_recording_has_every_call_that_was_made(folder: Path) -> None:
    below = folder / "files"
    below.mkdir()
    code = f"""
import os
a = os.open({str(below / "a")!r}, os.O_RDWR | os.O_CREAT)
os.pwrite(a, b"hello", 0); os.write(a, b"J"); os.ftruncate(a, 4); os.fsync(a); os.close(a)
os.rename({str(below / "a")!r}, {str(below / "b")!r}); os.link({str(below / "b")!r}, {str(below / "c")!r})
os.unlink({str(below / "b")!r}); open({str(folder / "elsewhere")!r}, "w").close()
"""
    calls = recording.record(["-c", code], below, folder)
    assert "".join(call.kind for call in calls) == "OWWTSCRLU"
    disk = Disk(below)
    for call in calls:
        disk.do(call)
    assert disk.after_the_cut(lambda: True) == {str(below / "c"): b"Jell"}
    assert disk.after_the_cut(lambda: False) == {}


def test_a_disk_forgets_what_was_not_synced() -> None:
    disk = Disk(Path("/d"))
    sector = b"x" * 512

    def do(kind: str, number: int = 0, data: bytes = b"", handle: int = 3) -> None:
        disk.do(Call(kind, handle, number, data))

    def left(seed: int) -> bytes | None:
        return disk.after_the_cut(lambda: chance.random() < 0.5).get("/d/a")

    do("O", data=b"/d", handle=4)
    do("O", 1, b"/d/a")
    do("W", 0, sector * 2)
    chance = Random(1)
    assert {left(seed) for seed in range(100)} == {
        None,
        b"",
        sector,
        bytes(512) + sector,
        sector * 2,
    }, "no name, an empty file, either sector, or both"
    do("S")
    do("S", handle=4)
    do("T", 512)
    do("W", 0, b"y")
    found = {left(seed) for seed in range(100)}
    assert found == {sector * 2, sector, b"y" + (sector * 2)[1:], b"y" + sector[1:]}
    do("S")
    assert disk.after_the_cut(lambda: False) == {"/d/a": b"y" + sector[1:]}
