"""The replica's own thread, so that the event loop never waits for SQLite.

Rules
    - Jobs run one by one, first come first served. A job that has begun always runs to its end.
    - After each commit the subscribers are called on the event loop with its effects. They learn of a job's
      commits before the caller of the job continues.
    - While the worker runs, the replica's file is watched for commits of other processes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from crdtnotes.errors import CrdtnotesError
from crdtnotes.store.committed import Committed, Origin
from crdtnotes.sync.peers.file_watch import FileWatch, Signature, signature
from crdtnotes.sync.session.held import HeldBudget
from crdtnotes.sync.session.ports import SyncStore

T = TypeVar("T")

Listener = Callable[[Committed, object], None]
"""Called on the event loop with a commit, and with the `by` that `run` got for the job that made it."""


class Worker:
    """Opens a replica on a thread of its own and runs jobs there.

    A caller with much work submits it in pieces and waits for each, so that sessions take turns. If `path` is
    given, the file is watched for commits of other processes.
    """

    def __init__(self, open_replica: Callable[[], SyncStore], path: Path | None = None) -> None:
        self.held = HeldBudget()
        """What all sessions on this replica hold back together; on the replica's thread."""
        self._open_replica = open_replica
        self._path = path
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crdtnotes-replica")
        self._replica: SyncStore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: dict[object, Listener] = {}
        self._waiting = 0
        self._watch: FileWatch | None = None
        self._watching: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        # On the replica's thread:
        self._by: object = None
        self._has_committed = False

    @property
    def replica(self) -> SyncStore:
        """The replica; the reference may be passed around, but only jobs may use it."""
        if self._replica is None:
            raise RuntimeError("the worker is not running")
        return self._replica

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every commit from now on; returns a function that unsubscribes it."""
        key = object()
        self._listeners[key] = listener

        def end() -> None:
            self._listeners.pop(key, None)

        return end

    async def start(self) -> None:
        """Open the replica; if that fails, end the thread and raise the error."""
        self._loop = asyncio.get_running_loop()
        try:
            self._replica = await self.run(self._open)
        finally:
            if self._replica is None:
                self._executor.shutdown(wait=True)
        if self._path is not None:
            self._watch = FileWatch(self._path, self._refresh, lambda: self._waiting > 0)
            self._watching = asyncio.create_task(self._watch.run())

    async def run(self, job: Callable[[], T], by: object = None) -> T:
        """Run `job` and return its result; subscribers get `by` with the job's commits.

        A job that is cancelled before it begins is never run.
        """
        self._waiting += 1
        try:
            return await asyncio.wrap_future(self._executor.submit(self._run, job, by))
        finally:
            self._waiting -= 1

    async def stop(self) -> None:
        """Wait for the running jobs, close the replica and end the thread."""
        for task in (self._watching, self._checking):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        replica, self._replica = self._replica, None
        try:
            if replica is not None:
                await self.run(replica.close)
        finally:
            self._executor.shutdown(wait=True)

    # -- on the event loop

    def _refresh(self) -> None:
        """Refresh the replica, because the file may have commits of another process."""
        if self._checking is None and self._replica is not None:
            self._checking = asyncio.create_task(self._check(self._replica))

    async def _check(self, replica: SyncStore) -> None:
        try:
            # The next caller that uses the file gets its error.
            with suppress(CrdtnotesError):
                await self.run(replica.refresh)
        finally:
            self._checking = None

    def _tell(self, committed: Committed, by: object) -> None:
        for listener in list(self._listeners.values()):
            listener(committed, by)

    def _expect(self, own: Signature | None) -> None:
        if self._watch is not None:
            self._watch.expect(own)

    # -- on the replica's thread

    def _open(self) -> SyncStore:
        replica = self._open_replica()
        replica.on_commit = self._committed
        return replica

    def _run(self, job: Callable[[], T], by: object) -> T:
        self._by, self._has_committed = by, False
        try:
            return job()
        finally:
            self._by = None
            if self._has_committed and self._path is not None:
                self._call(self._expect, signature(self._path))

    def _committed(self, committed: Committed) -> None:
        self._has_committed |= committed.origin is not Origin.PROCESS
        self._call(self._tell, committed, self._by)

    def _call(self, call: Callable[..., None], *arguments: object) -> None:
        """Call a function on the event loop, unless the loop is closed."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call, *arguments)
