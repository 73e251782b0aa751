"""A vault that is open on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from crdtnotes.sync.peers.worker import Worker
from crdtnotes.vault import Vault

if TYPE_CHECKING:
    from crdtnotes.store import Replica
    from crdtnotes.trust.identity import Identity

T = TypeVar("T")


class VaultRunner(Protocol):
    """A vault on a thread of its own, for whoever keeps it in sync."""

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


class OpenVault:
    """Opens the vault at `path` for as long as its context lasts; raises a StoreError at the beginning.

    `identity` signs what is written, by default that in the user's data folder. The file is watched for
    commits of other processes.
    """

    def __init__(self, path: Path, identity: Identity | None = None) -> None:
        self._path = path
        self._identity = identity
        self._vault: Vault | None = None
        self._worker = Worker(self._open, path)

    def _open(self) -> Replica:
        self._vault = Vault.open(self._path, identity=self._identity)
        return self._vault.replica

    @property
    def path(self) -> Path:
        """The vault's file."""
        return self._path

    @property
    def worker(self) -> Worker:
        """The thread, with the vault's replica open on it."""
        return self._worker

    async def run(self, job: Callable[[Vault], T]) -> T:
        """Run a job on the thread and return its result."""
        vault = self._vault
        if vault is None:
            raise RuntimeError("the vault is not open")
        return await self._worker.run(lambda: job(vault))

    async def __aenter__(self) -> Self:
        await self._worker.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._worker.stop()
