"""The vault, on a thread of its own, so that the event loop never waits for it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from crdtnotes.errors import StoreError, VaultNotFound
from crdtnotes.sync.peers.worker import Listener, Worker
from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault

T = TypeVar("T")


class VaultThread:
    """Opens the vault at `path` and runs jobs on it, one by one.

    Where there is none and `new_device` is given, it makes one for the device of that name.
    """

    def __init__(self, path: Path, new_device: str | None = None) -> None:
        self.path = path
        self._new_device = new_device
        self._vault: Vault | None = None
        self._worker = Worker(self._open, path)
        self.made = False
        """Whether the vault was made just now."""
        self.identity: Identity | None = None
        """What signs what is written to a paired vault, where not the keys in the user's data folder do."""

    def _open(self) -> SyncStore:
        try:
            self._vault = Vault.open(self.path, identity=self.identity)
        except VaultNotFound:
            if self._new_device is None:
                raise
            self._vault = Vault.create(self.path, self._new_device)
            self.made = True
        return self._vault.replica

    @property
    def worker(self) -> Worker:
        """The vault's thread, for what else works on the vault's replica."""
        return self._worker

    async def start(self, committed: Listener) -> None:
        """Open the vault; `committed` hears of every commit to its file, whoever made it.

        Raises a StoreError when it cannot be opened.
        """
        await self._worker.start()
        self._worker.subscribe(committed)

    async def run(self, job: Callable[[Vault], T]) -> T:
        """Run a job on the vault's thread and return its result."""

        def with_vault() -> T:
            if self._vault is None:
                raise RuntimeError("the vault is not open")
            return job(self._vault)

        return await self._worker.run(with_vault)

    async def call(self, job: Callable[[], T], by: object = None) -> T:
        """Run a job that has the vault already, or needs none, on the vault's thread; `by` gives it."""
        return await self._worker.run(job, by)

    async def stop(self) -> None:
        """Finish what is under way and close the vault."""
        with suppress(StoreError):
            # What closing stores besides is derived from the log, and made anew at the next opening.
            await self._worker.stop()
