"""When the devices of a vault were last connected, what they had, and where they were reached."""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

_ADDRESSES_KEPT = 16


class Contact(NamedTuple):
    """When a device was last connected (wall time in ms), and the version that it had then."""

    seen: int
    version: dict[int, int]


class Contacts:
    """The contacts in one replica's file. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def note_seen(self, device: bytes, now: int, version: Mapping[int, int]) -> None:
        """Remember that a device was connected at `now` (wall time in ms) and the version that it had."""
        data = msgspec.msgpack.encode(sorted(version.items()))
        self._conn.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?)", (device, now, data))

    def note_address(self, device: bytes, address: str, now: int) -> None:
        """Remember that a device was reached at an address; the latest few are kept."""
        self._conn.execute("INSERT OR REPLACE INTO addresses VALUES (?, ?, ?)", (device, address, now))
        self._conn.execute(
            """DELETE FROM addresses WHERE device = ? AND address NOT IN (
                SELECT address FROM addresses WHERE device = ? ORDER BY worked DESC LIMIT ?)""",
            (device, device, _ADDRESSES_KEPT),
        )

    def of(self, device: bytes) -> Contact | None:
        """Return when a device was last connected and what it had; None if it never was."""
        row = self._conn.execute("SELECT seen, version FROM contacts WHERE device = ?", (device,)).fetchone()
        if row is None:
            return None
        pairs = msgspec.msgpack.decode(row[1], type=list[tuple[int, int]])
        return Contact(int(row[0]), dict(pairs))

    def addresses(self, device: bytes) -> list[str]:
        """Return the addresses at which a device was reached before, the latest first."""
        rows = self._conn.execute(
            "SELECT address FROM addresses WHERE device = ? ORDER BY worked DESC", (device,)
        )
        return [str(address) for (address,) in rows]
