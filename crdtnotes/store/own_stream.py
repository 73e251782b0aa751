"""The stream that this replica writes: no two files may ever continue the same stream.

Rules
    - The token in the file must equal the token that is stored outside (`local_state.py`), and the stream
      must be at least as long as remembered. Otherwise the file is a copy or an old backup, and a new stream
      begins.
    - The tokens are compared when a process first asks for the stream, and again inside the first transaction
      in which it writes; a process that only reads notes never compares them. That transaction changes the
      token in the file. The token outside is updated after its commit, and the stored length after each
      later commit. A crash between commit and update makes the replica begin a new stream. Other writing
      processes wait until both are done.
    - A process that has acquired the stream continues it as long as the file does not go back to an older
      state.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from crdtnotes.crdt.ids import BIRTH
from crdtnotes.store import local_state
from crdtnotes.store.local_state import CommitLock, StreamRecord
from crdtnotes.store.log.log import Log


def random_actor() -> int:
    """Return a random actor for a new stream."""
    from secrets import randbelow  # rarely called; it takes longer to load than a vault takes to open

    return 1 + randbelow(BIRTH - 1)


def new_token() -> str:
    """Return a new unique token (128 random bits)."""
    return os.urandom(16).hex()


class OwnStream:
    """The stream of one replica's file, as one process sees it."""

    def __init__(
        self, conn: sqlite3.Connection, log: Log, path: Path, actors: Callable[[], int] = random_actor
    ) -> None:
        self._actor = 0
        self._unchecked = False
        self._new_actor = actors
        self._conn = conn
        self._log = log
        self._path = path
        self._commit_lock = CommitLock(path)
        self._stored = 0
        self._token = ""
        self._reached = 0
        self._holds_lock = False
        self._acquired = False
        self._committed = False
        self._next: int | None = None

    def refresh(self, stored: int, token: object) -> None:
        """Update from the actor and the token that the file names; the log must be current."""
        self._token = str(token)
        if stored != self._stored:
            self._stored = stored
            self._reached = 0
        elif self._log.head(stored).seq < self._reached:
            # The open file was replaced by an older one.
            self._acquired = self._committed = False
        self._actor = self._next or stored

    @property
    def actor(self) -> int:
        """The stream's actor."""
        if self._unchecked:
            self._unchecked = False
            if not self._matches_remembered():
                self._actor = self._next = self._new_actor()
        return self._actor

    @actor.setter
    def actor(self, actor: int) -> None:
        self._actor = actor
        self._unchecked = False

    def check(self) -> None:
        """Compare the tokens at the next use of `actor`; if they differ, a new stream begins."""
        self._unchecked = True

    def acquire(self) -> None:
        """Make sure that no other file can continue the stream; call it in a transaction before writing."""
        if not self._holds_lock:
            self._commit_lock.take()
            self._holds_lock = True
        if self._acquired:
            return
        chosen, self._next = self._next, None
        self.actor = self._stored
        if not self._matches_remembered():
            self.begin(chosen)
        self._token = new_token()
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES ('token', ?)", (self._token,))
        self._acquired = True

    def begin(self, actor: int | None = None) -> None:
        """Write as a new actor from now on; call it in a transaction."""
        self.actor = self._stored = actor or self._new_actor()
        self._reached = 0
        self._next = None
        self._conn.execute("UPDATE meta SET value = ? WHERE key = 'actor'", (self.actor,))

    def forget(self) -> None:
        """Handle the rollback of the transaction."""
        self._acquired = self._committed
        self._release_lock()

    def committed(self) -> None:
        """Handle the commit of the transaction: store the new length of the stream outside the file."""
        if self._acquired:
            reached = self._log.head(self.actor).seq
            if reached > self._reached or not self._committed:
                self._reached, self._committed = reached, True
                local_state.remember(self._path, StreamRecord(self._token, self.actor, reached))
        self._release_lock()

    def close(self) -> None:
        """Release the lock file, which lies outside the vault's file."""
        self._commit_lock.close()

    def _release_lock(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            self._commit_lock.end()

    def _matches_remembered(self) -> bool:
        outside = local_state.recall(self._path)
        if outside is None or outside.token != self._token:
            return False
        seq = self._log.head(self._stored).seq
        return seq >= self._reached and (outside.actor != self._stored or seq >= outside.seq)
