"""A paired world with roles: owners, writers and readers, whose roles change and who are revoked and added.

Rules for the steps, beyond those in `circle.py`:
    - One machine, the anchor, is an owner all the time: nobody revokes or demotes its device, the thief
      neither, and its file is not replaced. (All devices could be thrown out; then people make a new vault.)
    - In a world with clones or restored machines no device loses the right to write, and nothing is erased:
      a moved branch would wait for a signature that never comes, which is left to people.
    - Nothing is forgiven to a replica that may write in the end. What only others hold is not promised: a
      device that is out or may only read keeps what it wrote too late, unsent. In most worlds all of them
      are paired again or become writers in the end, and then all must have that, too.
"""

from collections.abc import Sequence

from crdtnotes.errors import DiskFull, KeysLocked, NotPaired, NotPermitted
from crdtnotes.trust.member_log import member_log
from crdtnotes.trust.roles import Role
from tests.simulation.circle import Heads, PairedMachines, streams_of
from tests.simulation.erased import Erasures
from tests.simulation.identities import LIAR, STRANGER, identity
from tests.simulation.ledger import Ledger, marks
from tests.simulation.machine import Machine
from tests.simulation.oracles import require
from tests.simulation.plan import Roles
from tests.trust.member_model import MemberModel


class RoledMachines(PairedMachines):
    """The devices of a world's machines, with their roles."""

    def __init__(self, machines: Sequence[Machine], ledger: Ledger, roles: Roles) -> None:
        super().__init__(machines, ledger)
        self.roles = roles
        self.erasures = Erasures()
        self.stolen: Machine | None = None
        """A machine whose keys somebody else uses now; its owner has lost it."""
        self.healed = False
        self._models: dict[frozenset[bytes], MemberModel] = {}
        self._known: dict[int, bytes] = {}
        self._late_streams: dict[tuple[int, bytes], Heads] = {}
        self._seen_by: list[tuple[Machine, set[str]]] = []

    @property
    def anchor(self) -> Machine:
        return self._machines[self.roles.anchor]

    # -- members

    @property
    def honest(self) -> list[Machine]:
        """The machines that were ever paired and are still with their owners."""
        return [one for one in self._machines if one is not self.stolen and self.joined(one)]

    def belongs(self, machine: Machine) -> bool:
        """Whether a machine takes part: while things happen, each that was ever paired does."""
        if not self.joined(machine) or machine is self.stolen:
            return False
        return not self.healed or machine in self.members

    @property
    def members(self) -> list[Machine]:
        """The machines that have to agree: in the end those that belong to the vault and hold nothing that
        others may refuse, those that may write first.
        """
        if not self.healed:
            return self.honest
        return sorted(filter(self._agrees, self.honest), key=lambda one: not self.writes(one))

    @property
    def holding(self) -> list[Machine]:
        """The machines whose devices belong to the vault and have heard of all records."""
        return [one for one in self.honest if self._role(one) is not None]

    def writes(self, machine: Machine) -> bool:
        """Whether a machine may write, by what the anchor knows."""
        return self._role(machine) in (Role.WRITER, Role.OWNER)

    def _role(self, machine: Machine) -> Role | None:
        return self.model(self.anchor).roles.get(machine.identity.id)

    def _agrees(self, machine: Machine) -> bool:
        if self.writes(machine):
            return True
        return self._role(machine) is Role.READER and not self._late(machine, self.model(self.anchor))

    def model(self, machine: Machine) -> MemberModel:
        """What the records at a machine say, by the second reading of the rules."""
        replica = machine.replica
        records = replica.devices.records()
        key = frozenset(records)
        if key not in self._models:
            self._models[key] = MemberModel(replica.members.root or b"", records)
        return self._models[key]

    # -- what may happen

    def may_copy(self, *machines: Machine) -> bool:
        return super().may_copy(*machines) and self.anchor not in machines

    def may_limit(self, by: Machine, machine: Machine) -> bool:
        """Whether the rules of the world let a machine take rights from another's device."""
        return machine.identity.id not in (by.identity.id, self.anchor.identity.id)

    def note_limit(self, by: Machine) -> None:
        """A machine's device took rights from another one: what it has by now stays, as long as it writes."""
        self._seen_by.append((by, marks(by.texts())))

    def steal(self, machine: Machine) -> bool:
        """Let a machine be stolen, at most one; tell whether it was."""
        if self.stolen is not None or machine is self.anchor or len(self.honest) < 3:
            return False
        self.stolen = machine
        return True

    def replaced(self, machine: Machine) -> None:
        super().replaced(machine)
        self._known.pop(machine.number, None)
        self._late_streams = {
            at: heads for at, heads in self._late_streams.items() if at[0] != machine.number
        }
        self._seen_by = [(by, seen) for by, seen in self._seen_by if by is not machine]

    # -- in the end

    def forgive(self) -> None:
        """Forget the marks that only machines have that may not write, now that all others have met."""
        left = set[str]()
        kept = set[str]()
        for machine in self._machines:
            if self.joined(machine):
                if machine is not self.stolen and self.writes(machine):
                    kept |= marks(machine.texts())
                else:
                    left |= marks(machine.texts())
        for by, seen in self._seen_by:
            if by is not self.stolen and self.writes(by):
                kept |= seen
        self._ledger.forgive(left - kept)

    def returning(self) -> list[Machine]:
        """The machines whose devices are out, or may only read and hold changes that others may refuse."""
        return [one for one in self.honest if not self._agrees(one)]

    # -- invariants

    def check(self) -> None:
        """Check each machine by what it knows: roles follow the rules, and nothing comes in too late."""
        for machine in self.honest:
            digest = machine.replica.devices.records_digest()
            if self._known.get(machine.number) != digest:
                self._known[machine.number] = digest
                self._check_roles(machine)
            self._check_late(machine)

    def _check_roles(self, machine: Machine) -> None:
        model, membership = self.model(machine), machine.replica.members.membership()
        roles = {id: member.role for id, member in membership.active.items()}
        require(
            roles == model.roles,
            f"machine {machine.number} gives devices other roles than the rules: "
            f"{_shown(roles)} instead of {_shown(model.roles)}",
        )
        require(
            len(model.rooted) == len(membership.rooted),
            f"machine {machine.number} keeps records that are not rooted",
        )

    def _keys(self) -> set[bytes]:
        numbers = (*range(len(self._machines)), LIAR, STRANGER)
        return {identity(number).keys.signing for number in numbers}

    def _check_late(self, machine: Machine) -> None:
        """Check that no change of a device comes in after it is known that it may not write."""
        model = self.model(machine)
        for key in self._keys():
            at = (machine.number, key)
            own = machine.identity
            goes_on = key == own.keys.signing and own.id not in model.roles
            # A device that is out may go on with its own copy.
            if goes_on or model.may_write(key) or not model.owners_of(key):
                self._late_streams.pop(at, None)
                continue
            theirs = streams_of(machine.replica, key)
            before = self._late_streams.setdefault(at, theirs)
            kept = model.kept(key)
            for actor, head in theirs.items():
                require(
                    before.get(actor) == head or _is_kept(head, kept.get(actor, ())),
                    f"machine {machine.number} took in change {head[0]} of a device that may not write",
                )

    def _late(self, machine: Machine, model: MemberModel) -> Heads:
        """The streams at a machine with changes that their devices may not have made, by a model."""
        late: Heads = {}
        adopted = machine.replica.members.membership().adopted
        for key in self._keys():
            if not model.may_write(key):
                kept = model.kept(key)
                late |= {
                    actor: head
                    for actor, head in streams_of(machine.replica, key).items()
                    if actor not in adopted and not _is_kept(head, kept.get(actor, ()))
                }
        return late

    def check_members(self) -> None:
        """Check, once all have met, that all members have the same records and log of them, and that those
        that may write have nothing that a device signed too late.
        """
        self.check()
        anchor = self.anchor
        model = self.model(anchor)
        events = member_log(anchor.replica.members.membership())
        for machine in self.honest:
            if self._role(machine) is None:
                continue
            replica = machine.replica
            require(
                replica.devices.records_digest() == anchor.replica.devices.records_digest(),
                f"machine {machine.number} and the anchor do not have the same records",
            )
            require(
                member_log(replica.members.membership()) == events,
                f"machine {machine.number} and the anchor show different logs of devices",
            )
            late = self._late(machine, model)
            require(
                not late or not self.writes(machine),
                f"machine {machine.number} keeps changes that were signed too late",
            )
            self._check_reader(machine, late)

    def _check_reader(self, machine: Machine, late: Heads) -> None:
        """Check that a reader has the same as the anchor, apart from changes that others may refuse."""
        here, there = machine.replica.heads(), self.anchor.replica.heads()
        differ = {actor for actor in here.keys() | there.keys() if here.get(actor) != there.get(actor)}
        require(
            differ <= late.keys(), f"machine {machine.number} and the anchor do not have the same changes"
        )

    def check_authors(self, machine: Machine) -> None:
        """Check that every stream a machine has was written by a device of the world, the liar's too."""
        replica = machine.replica
        keys = self._keys()
        adopted = replica.members.membership().adopted
        for actor in replica.heads():
            require(
                actor in adopted or replica.signer.checkpoints.key_of(actor) in keys,
                f"machine {machine.number} has a stream that none of the world's devices wrote",
            )


def _is_kept(head: tuple[int, bytes], kept: Sequence[tuple[int, bytes]]) -> bool:
    return any(head[0] < end or head == (end, tip) for end, tip in kept)


def _shown(roles: dict[bytes, Role]) -> dict[str, str]:
    return {id.hex()[:6]: role.word for id, role in sorted(roles.items())}


def set_role(by: Machine, machine: Machine, role: Role) -> bool:
    """Give a machine's device another role; tell whether it was done."""
    try:
        by.replica.devices.set_role(machine.identity.id, role)
    except (DiskFull, NotPaired, NotPermitted, KeysLocked):
        return False
    return True


def revoke(by: Machine, device: bytes, *, keep_added: bool) -> bool:
    """Revoke a device; tell whether it was done."""
    try:
        by.replica.devices.revoke(device, keep_added=keep_added)
    except (DiskFull, NotPaired, NotPermitted):
        return False
    return True
