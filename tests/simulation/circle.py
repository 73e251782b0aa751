"""A paired world: machines with keys of their own, of which some come later and one may be sent away.

Rules of what may happen, beyond those of the steps themselves:
    - A machine that was not paired yet does nothing: a replica with notes from before its pairing is for
      people (docs/security.md).
    - At most one device is revoked, and only by one that knows all that it has let in: else these are out,
      too, and have to be paired anew.
    - At most one machine is cloned or put back as a whole, none where a device is revoked, and afterwards no
      file is replaced any more. A branch waits for its own device's signature: one whose device has lost it
      is for people, and so is a machine whose clock went back before it was put back, for then its new branch
      stands against the one that it has lost. (Several copied devices: tests/sync/test_signed_forks.py.)
    - Two machines with one device's keys never meet directly: nobody dials itself.
"""

from collections.abc import Sequence

from crdtnotes.changes.messages import Heads as Signed
from crdtnotes.errors import DiskFull, NotPaired, RemoteError
from crdtnotes.store.replica import Replica
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Revoke
from tests.simulation.identities import LIAR, identity
from tests.simulation.ledger import Ledger, marks
from tests.simulation.machine import Machine
from tests.simulation.oracles import require

Heads = dict[int, tuple[int, bytes]]
"""The ends of streams: `{actor: (seq, hash)}`."""


class Circle:
    """The devices of a world's machines."""

    def __init__(self, machines: Sequence[Machine], ledger: Ledger) -> None:
        self._machines = machines
        self._ledger = ledger
        self.gone: Machine | None = None
        """The machine whose device was revoked."""
        self.forked = False
        """Whether a machine was cloned or put back as a whole."""
        self._marks_in_time: set[str] = set()
        self._held: dict[int, Heads] = {}
        self._forgotten = False

    # -- who belongs

    @staticmethod
    def joined(machine: Machine) -> bool:
        """Whether a machine was ever paired."""
        return machine.replica.members.founded

    def belongs(self, machine: Machine) -> bool:
        """Whether a machine was paired, and its device was not revoked since."""
        return machine is not self.gone and self.joined(machine)

    @property
    def members(self) -> list[Machine]:
        """The machines that belong to the vault."""
        return [machine for machine in self._machines if self.belongs(machine)]

    @property
    def late(self) -> list[Machine]:
        """The machines that were not paired yet."""
        return [machine for machine in self._machines if not self.joined(machine)]

    @staticmethod
    def meet(one: Machine, other: Machine) -> bool:
        """Whether two devices let each other in, as each of them knows."""
        return one.identity.id != other.identity.id and all(
            here.replica.devices.is_member(there.identity.id) for here, there in ((one, other), (other, one))
        )

    # -- what may happen

    def may_copy(self, *machines: Machine) -> bool:
        """Whether a file may take the place of another's, or of a newer one."""
        return not self.forked and all(map(self.belongs, machines))

    def may_fork(self, *machines: Machine) -> bool:
        """Whether a machine may be put back as a whole, or one become a copy of another."""
        left = [machine for machine in self.members if machine not in machines]
        return self.may_copy(*machines) and self.gone is None and bool(left)

    # -- what is done; each within its machine's guard

    @staticmethod
    def admit(host: Machine, newcomer: Machine) -> tuple[bytes, list[bytes]] | None:
        """Sign a device's record; return what to tell it, None where the disk is full."""
        return admit(host.replica, newcomer.identity.certificate, f"机器 {newcomer.number}")

    @staticmethod
    def adopt(newcomer: Machine, root: bytes, records: list[bytes]) -> None:
        """Take what the host has told."""
        try:
            newcomer.replica.devices.adopt(root, records)
        except DiskFull:
            return

    def may_revoke(self, by: Machine, machine: Machine) -> bool:
        """Whether one machine's device may be revoked by another's, by the rules of such worlds."""
        if self.gone is not None or self.forked or machine is by:
            return False
        if len(self.members) < 3 or not self.belongs(by) or not self.belongs(machine):
            return False
        let_in = machine.replica.members.membership().signed_by(machine.identity.id)
        return set(let_in) <= by.replica.members.membership().rooted.keys()

    @staticmethod
    def revoke(by: Machine, machine: Machine) -> None:
        """Revoke a machine's device."""
        try:
            by.replica.devices.revoke(machine.identity.id)
        except (DiskFull, NotPaired):
            # No room, or it has not heard of that device yet.
            return

    def note_revoked(self, by: Machine, machine: Machine) -> None:
        """Note that it was done, if it was: what members have of it at this moment stays."""
        if not by.replica.devices.is_member(machine.identity.id) and machine.identity.id in (
            by.replica.members.membership().members
        ):
            self.gone = machine
            self._marks_in_time = self._seen()

    def replaced(self, machine: Machine) -> None:
        """A machine has another file, which may know less of who belongs and who is gone."""
        self._held.pop(machine.number, None)
        self._forgotten = True

    def heal(self) -> list[tuple[int, int]]:
        """Return between which machines meetings make all agree, and let go what only who is gone has."""
        if self.gone is not None:
            only_there = marks(self.gone.texts()) - self._marks_in_time - self._seen()
            self._ledger.forgive(only_there)
        numbers = [machine.number for machine in self.members]
        return [(a, b) for a in numbers for b in numbers if a < b]

    def strangers(self) -> list[tuple[Machine, Machine]]:
        """The machines that do not let each other in, since the file of who knew them both was replaced: the
        first of the two pairs with the second anew.
        """
        members = self.members if self._forgotten else []
        return [
            (one, other)
            for one in members
            if one.replica.devices.is_member(one.identity.id)
            for other in members
            if one.identity.id != other.identity.id and not self.meet(one, other)
        ]

    def _seen(self) -> set[str]:
        return marks("".join(machine.texts() for machine in self.members))

    # -- what must hold

    def check(self) -> None:
        """Nothing by a device that is gone has been taken in since that was known."""
        if self.gone is None:
            return
        device, key = self.gone.identity.id, self.gone.identity.keys.signing
        for machine in self.members:
            membership = machine.replica.members.membership()
            if membership.is_active(device) or device not in membership.members:
                continue
            theirs = streams_of(machine.replica, key)
            before = self._held.setdefault(machine.number, theirs)
            kept = _kept(membership, device)
            for actor, (seq, digest) in theirs.items():
                require(
                    before.get(actor) == (seq, digest)
                    or any(seq < end or (seq, digest) == (end, tip) for end, tip in kept.get(actor, ())),
                    f"machine {machine.number} has taken in change {seq} of a device that it knows is gone",
                )

    def check_authors(self, machine: Machine) -> None:
        """All that a machine holds was written by the world's machines."""
        replica = machine.replica
        keys = {one.identity.keys.signing for one in self._machines} | {
            identity(one.number).keys.signing for one in self._machines
        }
        adopted = replica.members.membership().adopted
        for actor in replica.heads():
            require(
                actor in adopted or replica.signer.checkpoints.key_of(actor) in keys,
                f"machine {machine.number} holds a stream that none of the world's machines has written",
            )


def admit(replica: Replica, certificate: bytes, name: str) -> tuple[bytes, list[bytes]] | None:
    """Sign a device's record; return root and records, None where the disk is full, or the file that a device
    has is another's and says nothing of it.
    """
    try:
        replica.devices.admit(certificate, name)
    except (DiskFull, NotPaired):
        return None
    return replica.members.root or b"", replica.devices.records()


def begin(machines: Sequence[Machine], first: int) -> None:
    """Found the circle at the first machine and pair it with those before number `first`; and with the liar,
    whose device belongs to the vault.
    """
    host, *others = machines
    admit(host.replica, identity(LIAR).certificate, "a friend")
    for machine in others[: first - 1]:
        welcome = Circle.admit(host, machine)
        if welcome is not None:
            Circle.adopt(machine, *welcome)


def _kept(membership: Membership, device: bytes) -> dict[int, list[tuple[int, bytes]]]:
    """What others' Revokes of a device say that stays of its streams."""
    kept: dict[int, list[tuple[int, bytes]]] = {}
    for record in membership.rooted.values():
        if isinstance(record.body, Revoke) and record.body.device == device != record.body.by:
            for actor, seq, digest in record.body.heads:
                kept.setdefault(actor, []).append((seq, digest))
    return kept


def streams_of(replica: Replica, key: bytes) -> Heads:
    """The heads of a device's streams at a replica."""
    return {
        actor: head
        for actor, head in replica.heads().items()
        if replica.signer.checkpoints.key_of(actor) == key
    }


def take_bundle(
    replica: Replica, sender: bytes, records: list[bytes], groups: Sequence[list[bytes | Signed]]
) -> None:
    """Take in what `bundle apply` does, up to the first group that does not fit."""
    if not replica.devices.is_member(sender):
        return
    try:
        replica.devices.take_records(records)
        for group in groups:
            replica.receive(group)
    except (RemoteError, DiskFull):
        return
