import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crdtnotes.sync.peers import inotify
from crdtnotes.sync.peers.file_watch import FileWatch, signature


@pytest.fixture(autouse=True, params=["the system tells", "the file is polled"])
def way_of_noticing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the file is polled":
        monkeypatch.setattr(inotify, "watch", lambda _: None)


def test_commits_of_others_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "vault.sqlite"

    async def main(file: sqlite3.Connection) -> None:
        changed = asyncio.Event()
        watching = asyncio.create_task(FileWatch(path, changed.set).run())
        async with asyncio.timeout(20):
            for number in range(20):
                await asyncio.sleep(0)
                changed.clear()
                with file:
                    file.execute("INSERT INTO t VALUES (?)", (number,))
                await changed.wait()
        watching.cancel()
        await asyncio.wait([watching])

    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE t (a)")
        asyncio.run(main(file))


def test_a_commit_in_the_same_clock_tick_is_found_by_a_second_check(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")

    async def main() -> None:
        calls: asyncio.Queue[None] = asyncio.Queue()
        watching = asyncio.create_task(FileWatch(path, lambda: calls.put_nowait(None)).run())
        await asyncio.sleep(0)
        path.write_bytes(b"22")
        async with asyncio.timeout(20):
            await calls.get()
            await calls.get()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(main())


def test_a_file_may_be_missing_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def main() -> None:
        changed = asyncio.Event()
        watching = asyncio.create_task(FileWatch(path, changed.set).run())
        await asyncio.sleep(0)
        path.write_bytes(b"back")
        async with asyncio.timeout(20):
            await changed.wait()
        assert not watching.done()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(main())


def test_a_commit_of_this_process_is_asked_about_once_and_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")

    async def main() -> None:
        calls: asyncio.Queue[int] = asyncio.Queue()
        watch = FileWatch(path, lambda: calls.put_nowait(path.stat().st_size))
        watching = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            await calls.get()  # what may have come between opening and watching
            path.write_bytes(b"22")
            watch.expect(signature(path))
            assert await calls.get() == 2  # another commit may lie in the same tick
            path.write_bytes(b"333")
            assert await calls.get() == 3
            assert await calls.get() == 3
        assert calls.empty()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(main())


def test_the_file_is_not_looked_at_while_this_process_may_commit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    busy = True

    async def main() -> None:
        nonlocal busy
        calls: asyncio.Queue[None] = asyncio.Queue()
        watching = asyncio.create_task(FileWatch(path, lambda: calls.put_nowait(None), lambda: busy).run())
        await asyncio.sleep(0)
        path.write_bytes(b"22")
        for _ in range(20):
            await asyncio.sleep(0.001)
            assert calls.empty()
        busy = False
        async with asyncio.timeout(20):
            await calls.get()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(main())
