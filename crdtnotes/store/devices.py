"""The devices of a replica's vault: who belongs to it, and what is known of each."""

import secrets
import time
from collections.abc import Mapping

from crdtnotes.store.host import Host


class Devices:
    """The circle of devices, each call a transaction or a look of its own."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._circle = host.circle
        self._covering = host.covering

    def admit(self, certificate: bytes, name: str) -> None:
        """Let a device belong to the vault; the first time, this one founds the circle of devices.

        Raises NotPaired if this device does not belong to the vault, BadIdentity, or TooLarge.
        """
        with self._host.transaction():
            if not self._circle.founded:
                self._circle.found(self._covering.identity, self._host.device, self._host.heads())
                self._covering.cover_past()
            self._circle.admit(self._covering.identity, certificate, name)

    def revoke(self, device: bytes) -> None:
        """End a device's belonging to the vault; raises NotPaired if it or this one does not belong to it."""
        with self._host.transaction():
            self._circle.revoke(self._covering.identity, device)

    def begin_anew(self) -> None:
        """Make a new vault of this one, to which no device belongs: all have to be paired anew."""
        with self._host.transaction():
            self._circle.leave()
            self._covering.clear()
            vault = secrets.token_bytes(16)
            self._host.conn.execute("UPDATE meta SET value = ? WHERE key = 'vault'", (vault,))
            self._circle.forget(vault)

    def adopt(self, root: bytes, records: list[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with.

        Raises DecodeError; LocalError if this replica holds what the founder does not answer for.
        """
        with self._host.transaction():
            joins = not self._circle.founded
            self._circle.adopt(root, records)
            self._wait_for_signatures(joins=joins)
            self._circle.answer_for_gone(lambda: self._covering.identity)

    def _wait_for_signatures(self, *, joins: bool) -> None:
        """If this replica has just joined, wait for the signatures of what it has already."""
        if joins and self._circle.founded:
            self._covering.begin_waiting()

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the records about devices that are here; zeros for none."""
        with self._host.reading():
            return self._circle.digest()

    def records(self) -> list[bytes]:
        """Return the records about devices, each after its signer's."""
        with self._host.reading():
            return self._circle.records()

    def take_records(self, records: list[bytes]) -> int:
        """Keep the records that are new here and whose signers belong to the vault; returns how many.

        Raises DecodeError, and keeps nothing, for what is no record.
        """
        with self._host.transaction():
            joins = not self._circle.founded
            new = self._circle.take(records)
            self._wait_for_signatures(joins=joins)
            if new:
                self._circle.answer_for_gone(lambda: self._covering.identity)
            return new

    def is_member(self, device: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        with self._host.reading():
            return self._circle.membership().is_active(device)

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        with self._host.reading():
            return {id: member.certificate for id, member in self._circle.membership().active.items()}

    def note_contact(self, device: bytes, address: str | None, version: Mapping[int, int]) -> None:
        """Remember that a device is here now and what it has, and where it was dialled."""
        now = time.time_ns() // 1_000_000
        with self._host.transaction():
            self._circle.note_seen(device, now, version)
            if address is not None:
                self._circle.note_address(device, address, now)
