"""The interface of a replica that its parts use."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from crdtnotes.store.log.log import Log
from crdtnotes.store.own_stream import OwnStream
from crdtnotes.store.signing.members import Members
from crdtnotes.store.signing.signer import Signer


class ReplicaCore(Protocol):
    """A replica as its parts see it."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def device(self) -> str:
        """The name of its device."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The connection to its file."""

    @property
    def log(self) -> Log:
        """Its log."""

    @property
    def stream(self) -> OwnStream:
        """The stream that it writes."""

    @property
    def members(self) -> Members:
        """The devices to which it belongs."""

    @property
    def signer(self) -> Signer:
        """The signer of its log."""

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the end of each actor's stream: `{actor: (seq, hash of the chain)}`."""

    def transaction(self) -> AbstractContextManager[None]:
        """Lock the replica for writing; all that is done inside is committed together, or not at all."""

    def reading(self) -> AbstractContextManager[None]:
        """Refresh after commits of other processes, and convert SQLite's errors to ours."""
