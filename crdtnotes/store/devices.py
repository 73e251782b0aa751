"""The devices of a replica's vault: its members, and the stored contacts with each of them."""

import os
import time
from collections.abc import Mapping, Sequence

from crdtnotes.changes.messages import Heads
from crdtnotes.errors import ProtocolError
from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore
from crdtnotes.trust.actors import actor_of

MAX_DEVICE_STREAMS = 2048
"""Streams that a device may hand over of its own. It begins one when its file was copied or restored, and one
for each fork: this is one a week for forty years."""


class Devices:
    """The devices of the vault; each call is a transaction or a read of its own."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._members = core.members
        self._signer = core.signer

    def admit(self, certificate: bytes, name: str) -> None:
        """Make a device a member of the vault; the first time, this device becomes the founder.

        Raises NotPaired if this device does not belong to the vault, BadIdentity, or TooLarge.
        """
        with self._core.transaction():
            if not self._members.founded:
                self._members.found(self._signer.identity, self._core.device, self._core.heads())
                self._signer.sign_past()
            self._members.admit(self._signer.identity, certificate, name)

    def revoke(self, device: bytes) -> None:
        """Remove a device from the vault; raises NotPaired if it or this device does not belong to it."""
        with self._core.transaction():
            self._members.revoke(self._signer.identity, device)

    def begin_anew(self) -> None:
        """Turn this vault into a new one without members: all devices have to be paired again.

        The new vault has the same notes, in one stream.
        """
        from crdtnotes.store.compaction.collapse import collapse

        with self._core.transaction():
            self._members.leave()
            self._signer.clear()
            vault = os.urandom(16)
            self._core.conn.execute("UPDATE meta SET value = ? WHERE key = 'vault'", (vault,))
            self._members.forget(vault)
            collapse(self._core)

    def adopt(self, root: bytes, records: list[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with.

        Raises DecodeError, or LocalError if this replica holds changes for which the founder did not sign.
        """
        with self._core.transaction():
            joins = not self._members.founded
            self._members.adopt(root, records)
            self._wait_for_signatures(joins=joins)
            self._members.answer_for_gone(lambda: self._signer.identity)

    def _wait_for_signatures(self, *, joins: bool) -> None:
        """If this replica has just joined, wait for the signatures of the changes that it already has."""
        if joins and self._members.founded:
            self._signer.await_signatures()

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the records about devices that are here; zeros if there are none."""
        with self._core.reading():
            return self._members.digest()

    def records(self) -> list[bytes]:
        """Return the records about devices, each after its signer's record."""
        with self._core.reading():
            return self._members.records()

    def take_records(self, records: list[bytes]) -> int:
        """Keep the records that are new here and whose signers belong to the vault; returns how many.

        Raises DecodeError, and keeps nothing, if any of them is not a valid record.
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

    def check_streams(self, device: bytes, heads: Sequence[Heads]) -> None:
        """Refuse signatures from a device that give it more than MAX_DEVICE_STREAMS streams.

        `heads` came from that device itself. Raises ProtocolError. (What others pass on is accepted: they may
        have accepted other streams of it, and replicas must not refuse each other because of a third.)
        """
        with self._core.reading():
            member = self._members.membership().members.get(device)
            if member is None:
                return
            key = member.keys.signing
            proven = {actor_of(key, nonce) for one in heads for owner, nonce in one.proofs if owner == key}
            new = proven - self._core.log.heads.keys()
            if new and self._signer.checkpoints.count_streams(key) + len(new) > MAX_DEVICE_STREAMS:
                raise ProtocolError(
                    f"A device began more than {MAX_DEVICE_STREAMS:,} streams of changes; give it a new "
                    "identity and pair it again."
                )

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        with self._core.reading():
            return {id: member.certificate for id, member in self._members.membership().active.items()}

    def note_contact(self, device: bytes, address: str | None, version: Mapping[int, int]) -> None:
        """Store that a device is connected now, the version that it has, and where it was dialled."""
        now = time.time_ns() // 1_000_000
        with self._core.transaction():
            self._members.note_seen(device, now, version)
            if address is not None:
                self._members.note_address(device, address, now)
