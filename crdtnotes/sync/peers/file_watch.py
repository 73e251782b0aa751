"""Notices commits of other processes to the replica's file.

Rules
    - With a rollback journal every commit writes the file itself, so its time or size changes. The file is
      not opened: closing any descriptor of it would release the locks that SQLite holds in this process
      (POSIX advisory locks belong to the process).
    - Commits of this process are not reported: the code that commits announces them (`expect`).
    - If the system reports writes (`inotify.py`), the file is checked then; otherwise it is polled.
    - A file system's clock may advance only every 10 ms. Two commits in one tick may leave the same time and
      size, so `changed` is called once more SETTLE_SECONDS after each commit, whoever made it.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crdtnotes.sync.peers import inotify

FAST_SECONDS = 0.004
SLOW_SECONDS = 0.025
FAST_FOR_SECONDS = 10.0
"""Intervals for checking the file if the system does not report writes: fast for a while after each commit
of another process, then slow."""

TOLD_SECONDS = 5.0
"""The interval if the system reports writes; a network file system may not report all of them."""

SETTLE_SECONDS = 0.025

Signature = tuple[int, int]
"""A file's time of modification (ns) and its size (bytes)."""


def signature(path: Path) -> Signature | None:
    """Return a file's modification time and size; None if it cannot be read (a drive may be missing)."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class FileWatch:
    """Calls `changed` within milliseconds of each commit that another process makes to the file at `path`.

    `busy` returns whether this process may be committing at the moment; the file is not checked then.
    """

    def __init__(
        self, path: Path, changed: Callable[[], None], busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._path = path
        self._changed = changed
        self._busy = busy
        self._seen: Signature | None = None
        self._settle_at: float | None = None
        self._written: asyncio.Event | None = None

    def expect(self, own: Signature | None) -> None:
        """Note that this process has committed, and the file's signature after the commit."""
        self._seen = own
        self._settle_at = asyncio.get_running_loop().time() + SETTLE_SECONDS
        if self._written is not None:
            self._written.set()  # the wait must end sooner now

    async def run(self) -> None:
        """Watch until cancelled."""
        clock = asyncio.get_running_loop().time
        self._seen = signature(self._path)
        self._settle_at = clock() + SETTLE_SECONDS  # the file was opened just before
        fast_until = clock() + FAST_FOR_SECONDS
        with _written(self._path) as written:
            while True:
                if written is None:
                    await asyncio.sleep(FAST_SECONDS if clock() < fast_until else SLOW_SECONDS)
                else:
                    self._written = written
                    await _wait(written, self._pause(clock()))
                while self._busy():
                    await asyncio.sleep(FAST_SECONDS)
                now = signature(self._path)
                if now != self._seen:
                    self._seen = now
                    fast_until = clock() + FAST_FOR_SECONDS
                    self._settle_at = clock() + SETTLE_SECONDS
                    self._changed()
                elif self._settle_at is not None and clock() >= self._settle_at:
                    self._settle_at = None
                    self._changed()

    def _pause(self, now: float) -> float:
        return TOLD_SECONDS if self._settle_at is None else max(0.0, self._settle_at - now)


@contextmanager
def _written(path: Path) -> Iterator[asyncio.Event | None]:
    """Yield an event that is set when the file is written; None if the system does not report writes."""
    descriptor = inotify.watch(path)
    if descriptor is None:
        yield None
        return
    loop = asyncio.get_running_loop()
    written = asyncio.Event()

    def told() -> None:
        inotify.drain(descriptor)
        written.set()

    loop.add_reader(descriptor, told)
    try:
        yield written
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, at most for `seconds`; then clear it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
