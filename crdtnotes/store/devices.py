"""The devices of a replica's vault: its members, and the stored contacts with each of them."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from crdtnotes.changes.change import Change
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import NotPaired, ProtocolError
from crdtnotes.store.clock import claimed_now
from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.erasure.erasing import Erasing
from crdtnotes.trust.actors import actor_of
from crdtnotes.trust.membership import Member
from crdtnotes.trust.records import Erase
from crdtnotes.trust.roles import Role

if TYPE_CHECKING:
    from crdtnotes.trust.member_log import Event

MAX_DEVICE_STREAMS = 2048
"""Streams that a device may hand over of its own. It begins one when its file was copied or restored, and one
for each fork: this is one a week for forty years."""


class Devices:
    """The devices of the vault; each call is a transaction or a read of its own."""

    def __init__(self, core: ReplicaCore, erasing: Erasing, scrub: Callable[[], None]) -> None:
        """`scrub` rebuilds the file after something was erased, outside a transaction."""
        self._scrub = scrub
        self._core = core
        self._erasing = erasing
        self._members = core.members
        self._signer = core.signer

    def admit(self, certificate: bytes, name: str, role: Role | None = None) -> None:
        """Make a device a member of the vault; the first time, this device becomes the founder.

        Without a `role`, a new device becomes an owner, and a member keeps its role. Raises NotPaired if this
        device does not belong to the vault, NotPermitted if it is no owner, BadIdentity, or TooLarge.
        """
        with self._core.transaction():
            if not self._members.founded:
                self._members.found(
                    self._signer.identity, self._core.device, self._core.heads(), claimed_now()
                )
                self._signer.sign_past()
            self._members.admit(self._signer.identity, certificate, name, claimed_now(), role=role)

    def set_role(self, device: bytes, role: Role) -> None:
        """Give a device another role; its changes that are here stay.

        Raises NotPaired if the device or this one does not belong to the vault, NotPermitted if this device
        may not do this.
        """
        with self._core.transaction():
            self._members.set_role(self._signer.identity, device, role, claimed_now())
            self._answer_for_gone()

    def own_role(self) -> Role | None:
        """Return this device's role; None if the vault was never paired, or this device is no member of it.

        Raises BadIdentity.
        """
        with self._core.reading():
            return self._members.role(self._signer.identity.id) if self._members.founded else None

    def is_reader(self) -> bool:
        """Tell whether this device may only read the vault; raises BadIdentity."""
        with self._core.reading():
            return self._signer.is_reader

    def check_owner(self) -> None:
        """Raise NotPermitted or NotPaired if this device may not add others to the vault."""
        with self._core.reading():
            if self._members.founded:
                self._members.check_owner(self._signer.identity)

    def introduce(self) -> None:
        """Say in the vault's records what this device is called, if it is a member and has never said so.

        (Another name counts when it joins again: it may have several files, under different names.)
        """
        with self._core.reading():
            if not self._members.founded:
                return
            identity = self._signer.identity
            if self._members.is_introduced(identity.id):
                return
        with self._core.transaction():
            self._members.introduce(identity, self._core.device, claimed_now())

    def introduction(self, device: bytes) -> list[bytes]:
        """Return the records with which a device that was just added can check that it and we belong."""
        with self._core.reading():
            ids = (self._signer.identity.id, device)
            return [record.data for record in self._members.membership().introduction(*ids)]

    def revoke(self, device: bytes, also: Collection[bytes] = (), *, keep_added: bool = True) -> None:
        """Remove a device from the vault, and the devices `also`; their changes that are here stay.

        Without `keep_added`, all devices that one of them added are out, too, except those that another
        member has added as well; the device may have been revoked before. Raises NotPaired if the device or
        this one does not belong to the vault, or if this one would be out, and NotPermitted if this one is no
        owner.
        """
        with self._core.transaction():
            own = self._signer.identity.id
            if own != device and not keep_added and any(one.id == own for one in self.let_in_by(device)):
                raise NotPaired(
                    "This device belongs to the vault only because that device has added it: revoke it from "
                    "another device, or make a new vault (crdtnotes revoke --all-others)."
                )
            for id in (*also, device):
                if id == device or self._members.membership().is_active(id):
                    self._members.revoke(self._signer.identity, id, claimed_now(), keep_added=keep_added)
            self._answer_for_gone()

    def log(self) -> "list[Event]":
        """Return who added, revoked or named whom, in causal order."""
        from crdtnotes.trust.member_log import member_log  # only one command asks for it

        with self._core.reading():
            return member_log(self._members.membership())

    def let_in_by(self, device: bytes) -> list[Member]:
        """Return the active devices that belong to the vault only through what a device has signed."""
        with self._core.reading():
            return self._members.membership().let_in_by(device)

    def begin_anew(self, form: Callable[[Change], Change] = lambda change: change) -> None:
        """Turn this vault into a new one without members: all devices have to be paired again.

        The new vault has the same notes, in one stream. `form` returns what is left of each change.
        """
        from crdtnotes.store.compaction.collapse import collapse

        with self._core.transaction():
            self._members.leave()
            self._signer.clear()
            vault = os.urandom(16)
            self._core.conn.execute("UPDATE meta SET value = ? WHERE key = 'vault'", (vault,))
            self._members.forget(vault)
            collapse(self._core, form)

    def adopt(self, root: bytes, records: list[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with.

        Raises DecodeError, or LocalError if this replica holds changes for which the founder did not sign.
        """
        with self._core.transaction():
            joins = not self._members.founded
            self._erasing.hear(self._members.adopt(root, records))
            if joins:
                # The changes that are already here wait for their signatures.
                self._signer.await_signatures()
            self._answer_for_gone()
            if self._members.founded:
                self._members.introduce(self._signer.identity, self._core.device, claimed_now())

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the records about devices that are here; zeros if there are none."""
        with self._core.reading():
            return self._members.digest()

    def records(self) -> list[bytes]:
        """Return the records about devices, each after those that it needs."""
        with self._core.reading():
            return self._members.records()

    def take_records(self, records: list[bytes]) -> int:
        """Keep the records that are new here and whose signers belong to the vault; returns how many.

        A vault that was never paired keeps none. Raises DecodeError, and keeps nothing, if any of them is not
        a valid record; InvalidChange for a false Erase.
        """
        with self._core.transaction(Origin.PEER):
            new = self._members.take(records)
            if new:
                self._answer_for_gone()
                self._erasing.hear(new)
        if any(isinstance(record.body, Erase) for record in new):
            self._scrub()
        return len(new)

    def _answer_for_gone(self) -> None:
        self._members.answer_for_gone(lambda: self._signer.identity, claimed_now())
        self._signer.match_role()

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
        now = claimed_now()
        with self._core.transaction():
            self._members.contacts.note_seen(device, now, version)
            if address is not None:
                self._members.contacts.note_address(device, address, now)
