"""A vault that is open on a thread of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from crdtnotes.errors import VaultNotFound
from crdtnotes.store.committed import Committed
from crdtnotes.sync.peers.worker import Worker
from crdtnotes.vault import Vault

if TYPE_CHECKING:
    from crdtnotes.store import Replica
    from crdtnotes.trust.identity import Identity

T = TypeVar("T")

_LOADED_LATE = (
    "secrets",
    "crdtnotes.changes.snapshot",
    "crdtnotes.crdt.note",
    "crdtnotes.editing.session",
    "crdtnotes.markup.blocks",
    "crdtnotes.markup.outline",
    "crdtnotes.results",
    "crdtnotes.store.causality",
    "crdtnotes.store.deps",
    "crdtnotes.store.forks.split",
    "crdtnotes.store.views.frontiers",
    "crdtnotes.store.views.links",
    "crdtnotes.store.views.names",
    "crdtnotes.store.views.namesakes",
    "crdtnotes.store.views.search",
    "platformdirs.unix" if sys.platform.startswith("linux") else "platformdirs",
    "tempfile",
)
"""Modules that the library loads when an edit, a search or a list first needs them."""


class VaultRunner(Protocol):
    """A vault on a thread of its own, as the code that keeps it in sync uses it."""

    @property
    def path(self) -> Path:
        """The vault's file."""
        ...

    @property
    def worker(self) -> Worker:
        """The thread, with the vault's replica open on it."""
        ...

    async def run(self, job: Callable[[Vault], T]) -> T:
        """Run a job on the thread and return its result."""
        ...


Listener = Callable[[Committed, object], None]
"""Called on the event loop with each commit to the vault, whoever made it, and with the `by` that `call` got
for the job that made it.
"""


class OpenVault:
    """The vault at `path`, open on a thread of its own; an async context manager.

    If there is none and `new_device` is given, opening creates one for a device with that name. `identity`
    signs the changes written to a paired vault; by default it is the one in the user's data folder. The
    file is watched for commits of other processes.
    """

    def __init__(self, path: Path, identity: Identity | None = None, new_device: str | None = None) -> None:
        self.path = path
        self.identity = identity
        self.made = False
        """Whether opening created the vault."""
        self._new_device = new_device
        self._vault: Vault | None = None
        self._worker = Worker(self._open, path)

    def _open(self) -> Replica:
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
        """The thread, with the vault's replica open on it."""
        return self._worker

    async def open(self) -> None:
        """Open the vault; raises a StoreError."""
        await self._worker.start()

    async def close(self) -> None:
        """Finish the running jobs and close the vault; raises a StoreError."""
        await self._worker.stop()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every commit from now on; returns a function that unsubscribes it."""
        return self._worker.subscribe(listener)

    async def run(self, job: Callable[[Vault], T]) -> T:
        """Run a job on the thread and return its result."""

        def with_vault() -> T:
            if self._vault is None:
                raise RuntimeError("the vault is not open")
            return job(self._vault)

        return await self._worker.run(with_vault)

    async def call(self, job: Callable[[], T], by: object = None) -> T:
        """Run a job that does not take the vault; listeners get `by` with the job's commits."""
        return await self._worker.run(job, by)

    async def load_ahead(self) -> None:
        """Load the modules that first edits and searches would have to wait for."""
        await self._worker.run(lambda: [import_module(name) for name in _LOADED_LATE])

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
