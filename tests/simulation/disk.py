"""A machine's disk: the replica's file in memory or on a RAM disk, and what can happen to it.

The store's own code runs on it. Only the opening of a file is replaced, so that a schedule costs
milliseconds, and the connection counts its statements, so that a machine can crash between any two.
"""

import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from crdtnotes.store.file.database import ReplicaFile, create_file

VAULT = bytes(range(16))

ROOM = 4
"""Pages that a full disk still has free."""


class Crash(BaseException):
    """The machine stops between two statements. The store must never swallow this exception."""


class Connection(sqlite3.Connection):
    """Counts statements down to a crash; all connections of one disk share the count."""

    disk: "Disk"

    def execute(self, *args: Any) -> sqlite3.Cursor:
        late = args[0] == "COMMIT"
        if not late:
            self.disk.count()
        cursor = super().execute(*args)
        if late:
            # The commit is done, but nobody was told of it.
            self.disk.count()
        return cursor

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        self.disk.count()
        return super().executemany(*args)


class _File(ReplicaFile):
    def __init__(self, disk: "Disk", conn: Connection) -> None:
        super().__init__(conn, (0, 0))
        self._disk = disk

    def refuse_if_replaced(self, path: Path) -> None:
        """Do nothing: files are replaced only while nobody has them open."""

    def close(self) -> None:
        self._disk.release(self.conn)


@cache
def template() -> bytes:
    """An empty replica's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        create_file(path, {"vault": VAULT})
        conn = sqlite3.connect(path)
        try:
            return conn.serialize()
        finally:
            conn.close()


class Disk:
    """One replica's file. In memory it has one connection at a time; in a folder it can have several."""

    def __init__(self, path: Path, *, in_memory: bool) -> None:
        self.path = path
        self.in_memory = in_memory
        self.crash_in: int | None = None
        self.busy = False
        """Whether statements count: those that the world itself runs do not."""
        self.full = False
        self.conns: list[Connection] = []
        self.write(template())

    def count(self) -> None:
        """Count one statement; raises Crash at the statement where the machine must stop."""
        if self.busy and self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.crash_in = None
                raise Crash

    def open(self) -> ReplicaFile:
        """Open the file as a process does."""
        if self.in_memory:
            [conn] = self.conns
        else:
            conn = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, factory=Connection, cached_statements=256
            )
            conn.disk = self
            conn.execute("PRAGMA journal_mode = MEMORY")
            conn.execute("PRAGMA synchronous = OFF")
            self.conns.append(conn)
        conn.execute("PRAGMA temp_store = MEMORY")
        self._limit(conn)
        return _File(self, conn)

    def release(self, conn: sqlite3.Connection) -> None:
        """Release a connection as a process does when it ends."""
        conn.rollback()
        if not self.in_memory:
            self.conns = [other for other in self.conns if other is not conn]
            conn.close()

    def set_full(self, full: bool) -> None:
        """Make the disk full, or give it room again."""
        self.full = full
        for conn in self.conns:
            self._limit(conn)

    def _limit(self, conn: sqlite3.Connection) -> None:
        pages = 2**30
        if self.full:
            pages = ROOM + conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    def stop(self) -> None:
        """Cut the power: uncommitted data is lost."""
        self.crash_in = None
        for conn in self.conns[:]:
            self.release(conn)

    def read(self) -> bytes:
        """The file as it is between transactions."""
        if self.in_memory:
            return self.conns[0].serialize()
        return self.path.read_bytes()

    def write(self, data: bytes) -> None:
        """Replace the file; nobody may have it open."""
        if self.in_memory:
            for conn in self.conns:
                conn.close()
            conn = sqlite3.connect(
                ":memory:", isolation_level=None, factory=Connection, cached_statements=256
            )
            conn.disk = self
            conn.deserialize(data)
            self.conns = [conn]
        else:
            self.path.unlink(missing_ok=True)
            self.path.write_bytes(data)

    def close(self) -> None:
        """Discard the disk."""
        self.stop()
        for conn in self.conns:
            conn.close()
        self.conns.clear()
