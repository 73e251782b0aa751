"""The devices of a replica's vault: who belongs to it, and what is known of each."""

import secrets
import time
from collections.abc import Mapping

from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore


class Devices:
    """The circle of devices, each call a transaction or a look of its own."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._members = core.members
        self._signer = core.signer

    def admit(self, certificate: bytes, name: str) -> None:
        """Let a device belong to the vault; the first time, this one founds the circle of devices.

        Raises NotPaired if this device does not belong to the vault, BadIdentity, or TooLarge.
        """
        with self._core.transaction():
            if not self._members.founded:
                self._members.found(self._signer.identity, self._core.device, self._core.heads())
                self._signer.cover_past()
            self._members.admit(self._signer.identity, certificate, name)

    def revoke(self, device: bytes) -> None:
        """End a device's belonging to the vault; raises NotPaired if it or this one does not belong to it."""
        with self._core.transaction():
            self._members.revoke(self._signer.identity, device)

    def begin_anew(self) -> None:
        """Make a new vault of this one, to which no device belongs: all have to be paired anew."""
        with self._core.transaction():
            self._members.leave()
            self._signer.clear()
            vault = secrets.token_bytes(16)
            self._core.conn.execute("UPDATE meta SET value = ? WHERE key = 'vault'", (vault,))
            self._members.forget(vault)

    def adopt(self, root: bytes, records: list[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with.

        Raises DecodeError; LocalError if this replica holds what the founder does not answer for.
        """
        with self._core.transaction():
            joins = not self._members.founded
            self._members.adopt(root, records)
            self._wait_for_signatures(joins=joins)
            self._members.answer_for_gone(lambda: self._signer.identity)

    def _wait_for_signatures(self, *, joins: bool) -> None:
        """If this replica has just joined, wait for the signatures of what it has already."""
        if joins and self._members.founded:
            self._signer.begin_waiting()

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the records about devices that are here; zeros for none."""
        with self._core.reading():
            return self._members.digest()

    def records(self) -> list[bytes]:
        """Return the records about devices, each after its signer's."""
        with self._core.reading():
            return self._members.records()

    def take_records(self, records: list[bytes]) -> int:
        """Keep the records that are new here and whose signers belong to the vault; returns how many.

        Raises DecodeError, and keeps nothing, for what is no record.
        """
        with self._core.transaction(Origin.PEER):
            joins = not self._members.founded
            new = self._members.take(records)
            self._wait_for_signatures(joins=joins)
            if new:
                self._members.answer_for_gone(lambda: self._signer.identity)
            return new

    def is_member(self, device: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        with self._core.reading():
            return self._members.membership().is_active(device)

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        with self._core.reading():
            return {id: member.certificate for id, member in self._members.membership().active.items()}

    def note_contact(self, device: bytes, address: str | None, version: Mapping[int, int]) -> None:
        """Remember that a device is here now and what it has, and where it was dialled."""
        now = time.time_ns() // 1_000_000
        with self._core.transaction():
            self._members.note_seen(device, now, version)
            if address is not None:
                self._members.note_address(device, address, now)
