"""The deps of all changes, by log id: who had seen what is asked without decoding the log.

Invariants
    - `deps` has a row for each dep of each change in the log whose log id is greater than `missing_upto`. The
      numbers of its columns `author` and `actor` are row ids of `actors`; `at` and `seq` are seqs.
    - `missing_upto` is 0, except in a file of an older schema whose changes have not been read for this yet.
    - Log ids are a causal order: the rows of whatever a change depends on come before its own.
"""

import sqlite3
from collections.abc import Iterable, Iterator

_MISSING = "deps_missing"
# The key in `meta`.

Row = tuple[int, int, int, int, int]
"""`(log id, author, at, actor, seq)`: the change `at` of the author names `seq` of the actor."""


class DepIndex:
    """The table `deps` of one log. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    @property
    def missing_upto(self) -> int:
        """The log id up to which the deps of changes may be missing here."""
        row = self._conn.execute("SELECT value FROM meta WHERE key = ?", (_MISSING,)).fetchone()
        return 0 if row is None else int(row[0])

    def record(self, rows: Iterable[Row]) -> None:
        """Store the deps of changes."""
        self._conn.executemany("INSERT OR IGNORE INTO deps VALUES (?, ?, ?, ?, ?)", rows)

    def completed(self) -> None:
        """Note that the deps of all changes are here now."""
        self._conn.execute("DELETE FROM meta WHERE key = ?", (_MISSING,))

    def clear(self) -> None:
        """Delete all rows, together with the log."""
        self._conn.execute("DELETE FROM deps")
        self.completed()

    def rows(self, after: int) -> Iterator[Row]:
        """Return the rows of the changes after a log id, in the order of the log."""
        return iter(
            self._conn.execute(
                "SELECT id, author, at, actor, seq FROM deps WHERE id > ? ORDER BY id", (after,)
            ).fetchall()
        )
