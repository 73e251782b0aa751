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

    def refresh(self) -> None:
        """Read the pairs again: another process may have written."""
        self.clear()
        if not self._has_table:
            # An old file that cannot be written, and so has not been brought up to date, has none.
            query = "SELECT 1 FROM sqlite_master WHERE name = 'erased'"
            self._has_table = self._conn.execute(query).fetchone() is not None
        if self._has_table:
            self.update(self._conn.execute("SELECT hash, original FROM erased"))

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Store pairs."""
        for tip, original in pairs:
            self[tip] = original
            self._conn.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (tip, original))

    def delete(self) -> None:
        """Delete all pairs: the log is written anew, in other streams."""
        self.clear()
        self._conn.execute("DELETE FROM erased")
