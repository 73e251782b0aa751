"""Which stream this replica writes: no two files may ever go on with the same one.

Rules
    - A token in the file must be the one that is remembered outside (`local_state.py`), and the stream at
      least as long as was remembered. Else the file is a copy or an old backup, and a new stream begins.
    - The tokens are compared when a process first asks for the stream, and again inside the first transaction
      in which it writes. A process that only reads notes does neither. That transaction changes the token in
      the file; after its commit the one outside follows, and after each later one the length. A crash between
      the two costs a new stream. Another process that writes waits until both are done.
    - A process that has found its stream in order goes on with it as long as the file does not go back.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from crdtnotes.crdt.ids import BIRTH
from crdtnotes.store import local_state
from crdtnotes.store.local_state import CommitLock, Remembered
from crdtnotes.store.log.log import Log


def random_actor() -> int:
    """Return a name for a new stream."""
    from secrets import randbelow  # rarely called; it takes longer to load than a vault takes to open

    return 1 + randbelow(BIRTH - 1)


def new_token() -> str:
    """Return a token that no file has had before."""
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
        self._turn = CommitLock(path)
        self._stored = 0
        self._token = ""
        self._reached = 0
        self._mine = False
        self._claimed = False
        self._committed = False
        self._next: int | None = None

    def look(self, stored: int, token: object) -> None:
        """Take in the actor and the token that the file names; the log is current."""
        self._token = str(token)
        if stored != self._stored:
            self._stored = stored
            self._reached = 0
        elif self._log.head(stored).seq < self._reached:
            # Somebody has put an older file in the place of the one that is open.
            self._claimed = self._committed = False
        self._actor = self._next or stored

    @property
    def actor(self) -> int:
        """Who this replica writes as."""
        if self._unchecked:
            self._unchecked = False
            if not self._fits():
                self._actor = self._next = self._new_actor()
        return self._actor

    @actor.setter
    def actor(self, actor: int) -> None:
        self._actor = actor
        self._unchecked = False

    def check(self) -> None:
        """Compare the tokens before the actor is told; where they differ, a new stream will be written."""
        self._unchecked = True

    def claim(self) -> None:
        """Before writing, in a transaction: make sure that nobody else goes on with the stream."""
        if not self._mine:
            self._turn.take()
            self._mine = True
        if self._claimed:
            return
        chosen, self._next = self._next, None
        self.actor = self._stored
        if not self._fits():
            self.begin(chosen)
        self._token = new_token()
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES ('token', ?)", (self._token,))
        self._claimed = True

    def begin(self, actor: int | None = None) -> None:
        """Write as a new actor from now on; in a transaction."""
        self.actor = self._stored = actor or self._new_actor()
        self._reached = 0
        self._next = None
        self._conn.execute("UPDATE meta SET value = ? WHERE key = 'actor'", (self.actor,))

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._claimed = self._committed
        self._end_turn()

    def committed(self) -> None:
        """The transaction is committed: remember outside what it wrote to the stream."""
        if self._claimed:
            reached = self._log.head(self.actor).seq
            if reached > self._reached or not self._committed:
                self._reached, self._committed = reached, True
                local_state.remember(self._path, Remembered(self._token, self.actor, reached))
        self._end_turn()

    def close(self) -> None:
        """Give back what is held outside of the vault's file."""
        self._turn.close()

    def _end_turn(self) -> None:
        if self._mine:
            self._mine = False
            self._turn.end()

    def _fits(self) -> bool:
        outside = local_state.recall(self._path)
        if outside is None or outside.token != self._token:
            return False
        seq = self._log.head(self._stored).seq
        return seq >= self._reached and (outside.actor != self._stored or seq >= outside.seq)
