"""Where the chain goes on after erased changes: the hashes that they give, and those of their originals."""

import sqlite3
from collections.abc import Iterable


class ErasedTips(dict[bytes, bytes]):
    """The stored pairs, as `crdtnotes.changes.change.chained` takes them.

    Methods that write must be called inside a transaction.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        super().__init__()
        self._conn = conn
        self._has_table = False
        self._last = 0

    def refresh(self) -> None:
        """Read what is new: another process may have written."""
        if not self._has_table:
            # An old file that cannot be written, and so has not been brought up to date, has none.
            query = "SELECT 1 FROM sqlite_master WHERE name = 'erased'"
            self._has_table = self._conn.execute(query).fetchone() is not None
        if not self._has_table:
            return
        (last,) = self._conn.execute("SELECT ifnull(max(id), 0) FROM erased").fetchone()
        if last < self._last:
            self.forget()
        if last > self._last:
            query = "SELECT hash, original FROM erased WHERE id > ?"
            self.update(self._conn.execute(query, (self._last,)))
            self._last = last

    def forget(self) -> None:
        """Read all pairs at the next refresh: a transaction was rolled back, or the log was rewritten."""
        self.clear()
        self._last = 0

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Store pairs."""
        for tip, original in pairs:
            if self.setdefault(tip, original) == original:
                self._conn.execute("INSERT OR IGNORE INTO erased VALUES (NULL, ?, ?)", (tip, original))

    def delete(self) -> None:
        """Delete all pairs: the log is written anew, in other streams."""
        self.forget()
        self._conn.execute("DELETE FROM erased")
