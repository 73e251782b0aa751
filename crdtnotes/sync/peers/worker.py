"""The replica's own thread, so that the event loop never waits for SQLite."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crdtnotes.sync.session.ports import SyncStore

T = TypeVar("T")


class Worker:
    """Opens a replica on a thread of its own and runs jobs there, one by one, first come first served.

    A caller with much work submits it in pieces and waits for each, so that sessions take turns.
    """

    def __init__(self, open_replica: Callable[[], SyncStore]) -> None:
        self._open_replica = open_replica
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crdtnotes-replica")
        self._replica: SyncStore | None = None

    @property
    def replica(self) -> SyncStore:
        """The replica; the reference may be passed around, but only jobs may use it."""
        if self._replica is None:
            raise RuntimeError("the worker is not running")
        return self._replica

    async def start(self) -> None:
        """Open the replica; if that raises, the thread is ended first."""
        try:
            self._replica = await self.run(self._open_replica)
        finally:
            if self._replica is None:
                self._executor.shutdown(wait=True)

    async def run(self, job: Callable[[], T]) -> T:
        """Run `job` and return its result.

        A job that has begun always runs to its end; a job that is cancelled before never begins.
        """
        return await asyncio.wrap_future(self._executor.submit(job))

    async def stop(self) -> None:
        """Wait for the running jobs, close the replica and end the thread."""
        replica, self._replica = self._replica, None
        try:
            if replica is not None:
                await self.run(replica.close)
        finally:
            self._executor.shutdown(wait=True)
