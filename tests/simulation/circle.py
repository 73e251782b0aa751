"""A paired world: machines with their own keys; some are paired later, and one may be revoked.

Rules for the steps, beyond the rules of each step itself:
    - A machine that is not paired yet does nothing: a replica with notes from before its pairing is left to
      people (docs/security.md).
    - At most one device is revoked, and only by a device that knows every device that the revoked device
      added; otherwise those are out, too, and have to be paired again.
    - At most one machine is cloned or restored as a whole, none if a device is revoked, and afterwards no
      file is replaced any more. A branch waits for the signature of its own device. If the device has lost
      the branch, this is left to people. So is a machine whose clock went back before it was restored,
      because then its new branch wins over the branch that it has lost. (For several copied devices see
      tests/sync/test_signed_forks.py.)
    - Two machines with the same device's keys never connect directly: a device does not dial itself.
"""

from collections.abc import Sequence

from crdtnotes.changes.messages import Heads as Signed
from crdtnotes.errors import DiskFull, NotPaired, NotPermitted, RemoteError
from crdtnotes.store.replica import Replica
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Revoke
from crdtnotes.trust.roles import Role
from tests.simulation.identities import LIAR, identity
from tests.simulation.ledger import Ledger, marks
from tests.simulation.machine import Machine
from tests.simulation.oracles import require
from tests.simulation.plan import Roles

Heads = dict[int, tuple[int, bytes]]
"""The heads of streams: `{actor: (seq, hash)}`."""


class PairedMachines:
    """The devices of a world's machines."""

    def __init__(self, machines: Sequence[Machine], ledger: Ledger) -> None:
        self._machines = machines
        self._ledger = ledger
        self.gone: Machine | None = None
        """The machine whose device was revoked."""
        self.forked = False
        """Whether a machine was cloned or restored as a whole."""
        self._marks_in_time: set[str] = set()
        self._held: dict[int, Heads] = {}
        self._forgotten = False

    # -- members

    @staticmethod
    def joined(machine: Machine) -> bool:
        """Whether a machine was ever paired."""
        return machine.replica.members.founded

    def belongs(self, machine: Machine) -> bool:
        """Whether a machine was paired, and its device has not been revoked since."""
        return machine is not self.gone and self.joined(machine)

    @property
    def members(self) -> list[Machine]:
        """The machines that belong to the vault."""
        return [machine for machine in self._machines if self.belongs(machine)]

    @property
    def late(self) -> list[Machine]:
        """The machines that are not paired yet."""
        return [machine for machine in self._machines if not self.joined(machine)]

    @staticmethod
    def meet(one: Machine, other: Machine) -> bool:
        """Whether two devices let each other in, according to the records that each has."""
        return one.identity.id != other.identity.id and all(
            here.replica.devices.is_member(there.identity.id) for here, there in ((one, other), (other, one))
        )

    # -- what may happen

    def may_copy(self, *machines: Machine) -> bool:
        """Whether a file may replace another machine's file, or a newer file."""
        return not self.forked and all(map(self.belongs, machines))

    def may_fork(self, *machines: Machine) -> bool:
        """Whether a machine may be restored as a whole, or become a copy of another."""
        left = [machine for machine in self.members if machine not in machines]
        return self.may_copy(*machines) and self.gone is None and bool(left)

    # -- actions; each runs within its machine's guard

    @staticmethod
    def admit(host: Machine, newcomer: Machine, role: Role | None = None) -> tuple[bytes, list[bytes]] | None:
        """Sign a device's record; return the root and records for it, or None if the host cannot do that."""
        return admit(host.replica, newcomer.identity.certificate, f"机器 {newcomer.number}", role)

    @staticmethod
    def adopt(newcomer: Machine, root: bytes, records: list[bytes]) -> None:
        """Store the root and records from the host."""
        try:
            newcomer.replica.devices.adopt(root, records)
        except DiskFull:
            return

    def may_revoke(self, by: Machine, machine: Machine) -> bool:
        """Whether the rules of a paired world let one machine's device revoke another's."""
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
            # The disk is full, or it does not know that device yet.
            return

    def note_revoked(self, by: Machine, machine: Machine) -> None:
        """Note the revocation, if it succeeded: changes of the device that members have by now stay."""
        if not by.replica.devices.is_member(machine.identity.id) and machine.identity.id in (
            by.replica.members.membership().members
        ):
            self.gone = machine
            self._marks_in_time = self._seen()

    def replaced(self, machine: Machine) -> None:
        """A machine has another file, which may lack records about added and revoked devices."""
        self._held.pop(machine.number, None)
        self._forgotten = True

    def heal(self) -> list[tuple[int, int]]:
        """Return the pairs of machines that must sync to agree; forgive marks that only the revoked has."""
        if self.gone is not None:
            only_there = marks(self.gone.texts()) - self._marks_in_time - self._seen()
            self._ledger.forgive(only_there)
        numbers = [machine.number for machine in self.members]
        return [(a, b) for a in numbers for b in numbers if a < b]

    def strangers(self) -> list[tuple[Machine, Machine]]:
        """Pairs of machines that do not let each other in, because the file that knew both was replaced; the
        first must pair with the second again.
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

    # -- invariants

    def check(self) -> None:
        """Check that no machine accepts changes of a device after learning that it was revoked."""
        if self.gone is None:
            return
        device, key = self.gone.identity.id, self.gone.identity.keys.signing
        for machine in self.members:
            membership = machine.replica.members.membership()
            if membership.is_active(device) or device not in membership.members:
                continue
            require(
                not membership.may_have_written(key, 1, 2**52, bytes(16)),
                f"machine {machine.number} accepts the key of a device that it knows is revoked",
            )
            theirs = streams_of(machine.replica, key)
            before = self._held.setdefault(machine.number, theirs)
            kept = _kept(membership, device)
            for actor, (seq, digest) in theirs.items():
                require(
                    before.get(actor) == (seq, digest)
                    or any(seq < end or (seq, digest) == (end, tip) for end, tip in kept.get(actor, ())),
                    f"machine {machine.number} accepted change {seq} of a device that it knows is revoked",
                )

    def check_authors(self, machine: Machine) -> None:
        """Check that every stream a machine has was written by one of the world's machines."""
        replica = machine.replica
        keys = {one.identity.keys.signing for one in self._machines} | {
            identity(one.number).keys.signing for one in self._machines
        }
        adopted = replica.members.membership().adopted
        for actor in replica.heads():
            require(
                actor in adopted or replica.signer.checkpoints.key_of(actor) in keys,
                f"machine {machine.number} has a stream that none of the world's machines wrote",
            )


def admit(
    replica: Replica, certificate: bytes, name: str, role: Role | None = None
) -> tuple[bytes, list[bytes]] | None:
    """Sign a device's record; return root and records, or None if the disk is full, if the signer's file
    belongs to another device and does not know the signer, or if the signer is no owner.
    """
    try:
        replica.devices.admit(certificate, name, role)
    except (DiskFull, NotPaired, NotPermitted):
        return None
    return replica.members.root or b"", replica.devices.records()


def begin(machines: Sequence[Machine], first: int, roles: Roles | None) -> None:
    """Found the membership at the first machine, and pair it with the machines before number `first` and with
    the liar, whose device belongs to the vault.
    """
    host, *others = machines
    admit(host.replica, identity(LIAR).certificate, "a friend", None if roles is None else roles.liar)
    for machine in others[: first - 1]:
        welcome = PairedMachines.admit(host, machine, None if roles is None else roles.first[machine.number])
        if welcome is not None:
            PairedMachines.adopt(machine, *welcome)


def _kept(membership: Membership, device: bytes) -> dict[int, list[tuple[int, bytes]]]:
    """The heads of a device's streams that Revokes by others keep."""
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
    """Apply groups as `bundle apply` does, up to the first group that does not fit."""
    if not replica.devices.is_member(sender):
        return
    try:
        replica.devices.take_records(records)
        for group in groups:
            replica.receive(group)
    except (RemoteError, DiskFull):
        return
