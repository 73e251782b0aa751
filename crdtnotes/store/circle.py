"""The devices that this replica knows: the records about them, when they were seen, and where they were
reached.

Records are kept only if they are rooted (crdtnotes/trust/membership.py), each after its signer's. What a
vault that was never paired has is nothing: its first record is made when its device first pairs.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from crdtnotes.changes.messages import MAX_RECORDS
from crdtnotes.errors import Damaged, DecodeError, NotPaired, TooLarge
from crdtnotes.trust import device_id
from crdtnotes.trust.membership import Member, Membership
from crdtnotes.trust.records import (
    MAX_HEADS,
    MAX_KEPT,
    Add,
    Record,
    Revoke,
    decode_record,
    printable_name,
    sign_record,
)

if TYPE_CHECKING:
    from crdtnotes.trust.identity import Identity

_ADDRESSES_KEPT = 16

_NO_RECORDS = bytes(16)

_DAMAGED = "What the vault's file says about devices is damaged; `crdtnotes repair` mends it."


@dataclass(frozen=True, slots=True)
class Contact:
    """When a device was last here (wall time in ms), and what it had then."""

    seen: int
    version: dict[int, int]


class Circle:
    """The devices of a replica. What writes is called within a transaction of the replica's."""

    def __init__(self, conn: sqlite3.Connection, vault: bytes) -> None:
        self._conn = conn
        self._vault = vault
        self._state: tuple[bytes | None, int] | None = None
        self._membership = Membership(vault, None, ())
        self._digest = _NO_RECORDS

    # -- records

    @property
    def root(self) -> bytes | None:
        """The digest of the founder's record, None before the first pairing."""
        row = self._conn.execute("SELECT value FROM meta WHERE key = 'root'").fetchone()
        if row is not None and not isinstance(row[0], bytes):
            raise Damaged(_DAMAGED)
        return None if row is None else row[0]

    def membership(self) -> Membership:
        """Return the devices by the records that are here now."""
        self._refresh()
        return self._membership

    def digest(self) -> bytes:
        """Return a hash (16 bytes) of the set of records; zeros for none."""
        self._refresh()
        return self._digest

    def records(self) -> list[bytes]:
        """Return all records, each after its signer's."""
        datas = [data for (data,) in self._conn.execute("SELECT record FROM members ORDER BY id")]
        if not all(isinstance(data, bytes) for data in datas):
            raise Damaged(_DAMAGED)
        return datas

    def take(self, datas: Iterable[bytes]) -> int:
        """Keep what is rooted and new; returns how many records were. Raises DecodeError for what is none.

        A replica that has no root takes that of the first records that it is given: it was never paired, so
        they come from a peer on this machine.
        """
        given = [decode_record(data) for data in datas]
        if self.root is None and given:
            self._set_root(given[0].digest)
        before = self.membership()
        fresh = [record for record in given if record.digest not in before.rooted]
        if not fresh:
            return 0
        after = Membership(self._vault, self.root, [*before.rooted.values(), *fresh])
        new = [record for digest, record in after.rooted.items() if digest not in before.rooted]
        if len(after.rooted) > MAX_RECORDS:
            raise TooLarge(f"A vault can have at most {MAX_RECORDS} records about devices.")
        self._keep(new)
        if not after.rooted:
            self._conn.execute("DELETE FROM meta WHERE key = 'root'")
        return len(new)

    def adopt(self, root: bytes, datas: Iterable[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with; keeps an own root."""
        if self.root is None:
            self._set_root(root)
        self.take(datas)

    def admit(self, identity: Identity, own_name: str, certificate: bytes, name: str) -> None:
        """Add a device, signed by this one, which founds the circle if there is none yet.

        Raises NotPaired if this device does not belong to the vault itself.
        """
        if self.root is None:
            founder = Add(self._vault, identity.certificate, printable_name(own_name), 1, identity.id, 1)
            record = sign_record(founder, identity)
            self._set_root(record.digest)
            self._keep([record])
        own = self._own(identity)
        members = self.membership()
        added = device_id.device_id(certificate)
        if not members.is_active(added):
            epoch = members.next_epoch(added)
            add = Add(self._vault, certificate, printable_name(name), epoch, own.id, own.epoch)
            self._keep([sign_record(add, identity)])

    def revoke(
        self, identity: Identity, device: bytes, heads: Mapping[int, tuple[int, bytes]] | None = None
    ) -> None:
        """End a device's belonging, signed by this one; `heads` are its streams as far as they stay.

        Raises NotPaired if either does not belong to the vault.
        """
        own = self._own(identity)
        members = self.membership()
        if not members.is_active(device):
            raise NotPaired("That device does not belong to the vault (any more).")
        streams = sorted((heads or {}).items())[:MAX_HEADS]
        revoke = Revoke(
            self._vault,
            device,
            members.next_epoch(device) - 1,
            own.id,
            own.epoch,
            tuple((actor, seq, digest) for actor, (seq, digest) in streams),
            tuple(members.added_by(device)[:MAX_KEPT]),
        )
        self._keep([sign_record(revoke, identity)])

    def _own(self, identity: Identity) -> Member:
        own = self.membership().active.get(identity.id)
        if own is None:
            raise NotPaired("This device does not belong to the vault; pair it with one that does.")
        return own

    def _set_root(self, digest: bytes) -> None:
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES ('root', ?)", (digest,))

    def _keep(self, records: Iterable[Record]) -> None:
        self._conn.executemany(
            "INSERT OR IGNORE INTO members (digest, record) VALUES (?, ?)",
            [(record.digest, record.data) for record in records],
        )

    def _refresh(self) -> None:
        # The table only grows, so its last row says whether it has.
        (last,) = self._conn.execute("SELECT coalesce(max(id), 0) FROM members").fetchone()
        state = (self.root, last)
        if state == self._state:
            return
        datas = self.records()
        try:
            membership = Membership(self._vault, state[0], [decode_record(data) for data in datas])
        except DecodeError as error:
            raise Damaged(_DAMAGED) from error
        if len(membership.rooted) != len(datas):
            # Only rooted ones are kept. Passing over one that is damaged might let a revoked device in.
            raise Damaged(_DAMAGED)
        self._membership = membership
        digests = sorted(hashlib.sha256(data).digest() for data in datas)
        self._digest = hashlib.sha256(b"".join(digests)).digest()[:16] if digests else _NO_RECORDS
        self._state = state

    def forget(self) -> None:
        """Read everything anew: a transaction was rolled back."""
        self._state = None

    # -- contacts

    def note_seen(self, device: bytes, now: int, version: Mapping[int, int]) -> None:
        """Remember that a device was here at `now` (wall time in ms) and what it had."""
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

    def contact(self, device: bytes) -> Contact | None:
        """Return what is remembered of a device, None if it was never here."""
        row = self._conn.execute("SELECT seen, version FROM contacts WHERE device = ?", (device,)).fetchone()
        if row is None:
            return None
        pairs = msgspec.msgpack.decode(row[1], type=list[tuple[int, int]])
        return Contact(int(row[0]), dict(pairs))

    def addresses(self, device: bytes) -> list[str]:
        """Return where a device was reached before, the latest first."""
        rows = self._conn.execute(
            "SELECT address FROM addresses WHERE device = ? ORDER BY worked DESC", (device,)
        )
        return [str(address) for (address,) in rows]
