"""Notices commits of other processes to the replica's file."""

import asyncio
from collections.abc import Callable
from pathlib import Path

FAST_SECONDS = 0.004
SLOW_SECONDS = 0.025
FAST_FOR_SECONDS = 10.0
"""How often the file is checked: fast for a while after each change, then slow."""

SETTLE_SECONDS = 0.025
"""A file system's clock can tick as slowly as every 10 ms: a commit in the same tick as the one that was
noticed leaves no trace of its own, so `changed` is called once more after this long."""


class FileWatch:
    """Calls `changed` within milliseconds of each commit to the file at `path`.

    With a rollback journal every commit writes the file itself, so its time or size moves. The file is
    not opened: closing any descriptor of it would drop the locks that SQLite holds in this process
    (POSIX advisory locks belong to the process).
    """

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self._path = path
        self._changed = changed

    async def run(self) -> None:
        """Watch until cancelled."""
        clock = asyncio.get_running_loop().time
        seen = self._look()
        fast_until = clock() + FAST_FOR_SECONDS
        settle_at: float | None = None
        while True:
            await asyncio.sleep(FAST_SECONDS if clock() < fast_until else SLOW_SECONDS)
            now = self._look()
            if now != seen:
                seen = now
                fast_until = clock() + FAST_FOR_SECONDS
                settle_at = clock() + SETTLE_SECONDS
                self._changed()
            elif settle_at is not None and clock() >= settle_at:
                settle_at = None
                self._changed()

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            # The drive may be missing for a moment; a change is noticed once it is back.
            return None
        return status.st_mtime_ns, status.st_size
