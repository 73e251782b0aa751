"""The replica's own thread, so that the event loop never waits for SQLite.

Rules
    - Jobs run one by one, first come first served. A job that has begun always runs to its end.
    - After each commit the subscribers are told on the event loop what it did. A job's own commits reach
      them before whoever gave the job goes on.
    - While the worker runs, the replica's file is watched for what other processes commit.
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
from crdtnotes.sync.session.ports import SyncStore

T = TypeVar("T")

Listener = Callable[[Committed, object], None]
"""Called on the event loop with a commit, and with what `run` was given as `by` for the job that made it."""


class Worker:
    """Opens a replica on a thread of its own and runs jobs there.

    Whoever has much to do gives it piece by piece and waits for each: then the sessions take turns. With
    `path` the file there is watched for commits of other processes.
    """

    def __init__(self, open_replica: Callable[[], SyncStore], path: Path | None = None) -> None:
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
        """The replica; it may be handed on anywhere, but used only by jobs."""
        if self._replica is None:
            raise RuntimeError("the worker is not running")
        return self._replica

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every commit from now on; returns a function that ends that."""
        key = object()
        self._listeners[key] = listener

        def end() -> None:
            self._listeners.pop(key, None)

        return end

    async def start(self) -> None:
        """Open the replica; raises what opening it raises, and then the thread is gone again."""
        self._loop = asyncio.get_running_loop()
        try:
            self._replica = await self.run(self._open)
        finally:
            if self._replica is None:
                self._executor.shutdown(wait=True)
        if self._path is not None:
            self._watch = FileWatch(self._path, self._look, lambda: self._waiting > 0)
            self._watching = asyncio.create_task(self._watch.run())

    async def run(self, job: Callable[[], T], by: object = None) -> T:
        """Run `job` and return its result; `by` is given to the subscribers with what it commits.

        A job that is cancelled before it has begun never begins.
        """
        self._waiting += 1
        try:
            return await asyncio.wrap_future(self._executor.submit(self._run, job, by))
        finally:
            self._waiting -= 1

    async def stop(self) -> None:
        """Wait for the jobs under way, close the replica and end the thread."""
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

    def _look(self) -> None:
        """The file may hold commits of another process: let the replica see."""
        if self._checking is None and self._replica is not None:
            self._checking = asyncio.create_task(self._check(self._replica))

    async def _check(self, replica: SyncStore) -> None:
        try:
            # What is wrong with the file is told to whoever asks it for something.
            with suppress(CrdtnotesError):
                await self.run(replica.look)
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
        """Call something on the event loop, unless that has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call, *arguments)
