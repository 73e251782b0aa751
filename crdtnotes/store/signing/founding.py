"""Which vault a file belongs to, and whether it was ever paired.

This is all that reading a vault, or writing one that was never paired, needs to know about devices.
"""

import sqlite3

from crdtnotes.errors import Damaged

DAMAGED = "What the vault's file says about devices is damaged; run `crdtnotes repair`."


class Founding:
    """The vault's id and root, as a replica's file has them."""

    def __init__(self, conn: sqlite3.Connection, vault: bytes) -> None:
        self._conn = conn
        self.vault = vault
        """The vault's id."""
        self._root: bytes | None = None
        self._root_known = False
        self._seen_at: tuple[bytes, bytes | None, int] | None = None

    @property
    def root(self) -> bytes | None:
        """The digest of the founder's record, None before the first pairing; raises Damaged."""
        if not self._root_known:
            row = self._conn.execute("SELECT value FROM meta WHERE key = 'root'").fetchone()
            if row is not None and not isinstance(row[0], bytes):
                raise Damaged(DAMAGED)
            self._root, self._root_known = None if row is None else row[0], True
        return self._root

    @property
    def founded(self) -> bool:
        """Whether the vault was ever paired, so that all changes must be signed; raises Damaged."""
        return self.root is not None

    def set_root(self, digest: bytes) -> None:
        """Store the root; call it in a transaction."""
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (digest,))
        self._root_known = False

    def last_record(self) -> int:
        """Return the row of the last record about devices, 0 for none.

        The table only grows, so this tells whether it has changed.
        """
        (last,) = self._conn.execute("SELECT coalesce(max(id), 0) FROM members").fetchone()
        return int(last)

    def has_moved(self) -> bool:
        """Tell whether the records in the file differ from those at the last call; raises Damaged."""
        self._root_known = False
        before, self._seen_at = self._seen_at, (self.vault, self.root, self.last_record())
        return before != self._seen_at

    def forget(self) -> None:
        """Read the root again: a transaction was rolled back, or the vault has another id."""
        self._root_known = False
