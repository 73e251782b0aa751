"""A world: machines, people and a network; after the faults the network heals, and all must agree."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.simulation.circle import PairedMachines
from tests.simulation.disk import Crash
from tests.simulation.identities import LIAR, NEWCOMER, STRANGER, identity
from tests.simulation.ledger import Ledger
from tests.simulation.liar import Liar
from tests.simulation.lines import Pen
from tests.simulation.machine import Machine
from tests.simulation.member_lies import LyingMember
from tests.simulation.network import Clock, Network
from tests.simulation.oracles import require
from tests.simulation.outcome import check_agreement
from tests.simulation.plan import Plan
from tests.simulation.roled import RoledMachines, revoke, set_role

ROUNDS = 8
"""A healed network must agree within this many rounds of syncing over all edges in turn."""


class World:
    """A complete world; `patched` lets the store open its disks."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.random = Random(plan.seed)
        self.ledger = Ledger()
        self.pen = Pen(self.ledger, plan.style)
        self.clock = Clock()
        self.here: dict[Path, Machine] = {}
        self.machines: list[Machine] = []
        self.roled = None if plan.roles is None else RoledMachines(self.machines, self.ledger, plan.roles)
        """The devices, in a world with roles."""
        self.paired: PairedMachines | None = self.roled
        """The devices, in a paired world."""
        if plan.first is not None and self.roled is None:
            self.paired = PairedMachines(self.machines, self.ledger)
        meet = None if self.paired is None else self.paired.meet
        self.network = Network(self.clock, plan.delay, self.guard, meet)
        self.edges = list(plan.edges)
        self.liar = Liar()
        self.lying_member = LyingMember(identity(LIAR))
        self.may_fork = False
        """Whether a step has made a fork possible, which can then only be noticed, not prevented."""

    @property
    def members(self) -> list[Machine]:
        """The machines that have to agree in the end."""
        return self.machines if self.paired is None else self.paired.members

    @property
    def writers(self) -> list[Machine]:
        """Those of the members that may write."""
        return self.members if self.roled is None else list(filter(self.roled.writes, self.members))

    @property
    def unfinished(self) -> set[str]:
        """The notes whose links need not be those of their text."""
        notes = {id for machine in self.machines for id in machine.unfinished}
        if self.paired is not None and self.paired.gone is not None:
            notes |= self.paired.gone.edited  # it may not finish any more
        return notes

    def heal(self) -> None:
        """End all faults and sync along the edges; all must agree within ROUNDS rounds."""
        self.clock.run(self.clock.now + 10 * self.plan.delay + 1000)
        self.network.cut(lambda _: True)
        for machine in self.machines:
            machine.disk.crash_in = None
            machine.disk.set_full(False)
            machine.away, machine.group = False, 0
            self.guard(machine, machine.finish_editing)
        if self.roled is not None:
            heal_roles(self, self.roled)
        elif self.paired is not None:
            self._heal_paired(self.paired)
        self.agree()
        check_agreement(self.members)
        require(self.may_fork or not self.network.forks, "a number was used twice")

    def _heal_paired(self, paired: PairedMachines) -> None:
        """Pair the machines that are not paired yet, and let the revoked machine sync with all once more."""
        for one, other in paired.strangers():
            self.let_in(one, other)
        for machine in paired.late:
            self.let_in(paired.members[0], machine)
        self.edges = paired.heal()
        if paired.gone is not None:
            for machine in paired.members:
                self.network.connect(machine, paired.gone, self.random)
            self.settle()
            paired.check()
        for machine in paired.members:
            paired.check_authors(machine)

    def sync(self) -> None:
        """Let all machines that ever connect do so, one pair after the other."""
        for a, b in self.edges:
            self.network.connect(self.machines[a], self.machines[b], self.random)
            self.settle()

    def agree(self) -> None:
        """Sync until all members have the same, for at most ROUNDS rounds."""
        for _ in range(ROUNDS):
            self.sync()
            heads = {frozenset(machine.replica.heads().items()) for machine in self.members}
            if len(heads) == 1 and not any(
                machine.replica.signatures.unsigned_streams() for machine in self.members
            ):
                return

    def settle(self) -> None:
        """Wait until nothing happens any more, and close the connections."""
        for _ in range(10_000):
            if self.clock.idle:
                break
            self.clock.run(self.clock.now + self.plan.delay + 1)
        require(self.clock.idle, "two peers never finish")
        self.network.cut(lambda _: True)

    # -- machines

    def add(self, processes: int) -> Machine:
        """Add a machine with an empty replica that this many processes have open."""
        number = len(self.machines)
        path = self.folder / f"{number}.db"
        machine = Machine(number, path, processes, self.ledger, self.pen)
        self.here[path] = machine
        machine.begin(self.random.randint(1, 2**63 - 1))
        machine.start()
        self.machines.append(machine)
        return machine

    def empty(self) -> Vault:
        """A new replica, for replaying a log."""
        machine = self.add(1)
        self.machines.remove(machine)
        if self.paired is not None:
            machine.identity = identity(NEWCOMER)
            self.let_in(self.members[0] if self.roled is None else self.roled.anchor, machine)
        return machine.running[0].vault

    def guard(self, machine: Machine, action: Callable[[], object]) -> None:
        """Run an action of a machine; if the machine crashes, start it again."""
        disk = machine.disk
        before, disk.busy = disk.busy, True
        try:
            action()
        except Crash:
            disk.busy = False
            self.restart(machine)
        finally:
            disk.busy = before

    def restart(self, machine: Machine) -> None:
        """Stop a machine in the middle of everything and start it; what it acknowledged must be there."""
        self.network.cut_off(machine)
        machine.stop()
        machine.start()
        missing = self.ledger.missing(machine.texts(), machine.number)
        require(not missing, f"after a crash machine {machine.number} lacks acknowledged texts: {missing}")

    def linked(self, a: Machine, b: Machine) -> bool:
        """Whether two machines ever connect."""
        pair = (a.number, b.number)
        return pair in self.edges or pair[::-1] in self.edges

    def let_in(self, host: Machine, newcomer: Machine, role: Role | None = None) -> None:
        """Pair a machine with another one; a crash, a full disk or the host's own role may prevent it."""
        welcomes: list[tuple[bytes, list[bytes]] | None] = []
        self.guard(host, lambda: welcomes.append(PairedMachines.admit(host, newcomer, role)))
        for welcome in welcomes:
            if welcome is not None:
                self.guard(newcomer, partial(PairedMachines.adopt, newcomer, *welcome))
        self.network.wake(host)

    def close(self) -> None:
        """Discard all disks."""
        for machine in self.here.values():
            machine.disk.close()


def heal_roles(world: World, roled: RoledMachines) -> None:
    """Let all honest devices of a world with roles meet and check what each has; then, in most worlds, let
    those that are out or may not write come back.
    """
    anchor = roled.anchor
    if roled.stolen is not None:
        _exclude(anchor, roled.stolen.identity.id)
    for machine in roled.late:
        world.let_in(anchor, machine, roled.roles.first[machine.number])
    _meet_all(world, roled)
    if any(step.kind == "lie" for step in world.plan.steps):
        _end_lies(world, roled)
    roled.check_members()
    if roled.roles.all_return:
        for _ in range(3):
            # What a device brings when it returns may show that a more senior owner has made it a reader.
            _return(world, roled)
        require(not roled.returning(), "a device that was let in again does not have what all have")
    roled.forgive()
    roled.healed = True
    numbers = [machine.number for machine in roled.members]
    world.edges = [(a, b) for a in numbers for b in numbers if a < b]
    for machine in roled.members:
        roled.check_authors(machine)


def _return(world: World, roled: RoledMachines) -> None:
    """Let all devices that are out, or hold what others may refuse, be writers again."""
    anchor = roled.anchor
    for machine in roled.returning():
        if roled.model(anchor).roles.get(machine.identity.id) is None:
            world.let_in(anchor, machine, Role.WRITER)
        else:
            done = set_role(anchor, machine, Role.WRITER)
            require(done, "the anchor may not give a reader back its role")
    _meet_all(world, roled)
    _resign(world, roled)
    roled.check_members()


def _meet_all(world: World, roled: RoledMachines) -> None:
    """Let all honest machines sync; one whose file does not know the anchor any more is paired again."""
    numbers = [machine.number for machine in roled.honest]
    world.edges = [(a, b) for a in numbers for b in numbers if a < b]
    for _ in range(2):
        world.agree()
        anchor = roled.anchor
        for machine in roled.honest:
            known = anchor.replica.devices.is_member(machine.identity.id)
            if known and machine.identity.id != anchor.identity.id and not roled.meet(anchor, machine):
                world.let_in(anchor, machine)


def _end_lies(world: World, roled: RoledMachines) -> None:
    """Revoke the liar and its friend, and carry what only it could have signed."""
    for number in (LIAR, STRANGER):
        _exclude(roled.anchor, identity(number).id)
    _meet_all(world, roled)
    _resign(world, roled)


def _resign(world: World, roled: RoledMachines) -> None:
    """Let writers carry what they hold and only devices that are out could sign, as people do."""
    for machine in roled.honest:
        if roled.writes(machine) and machine.replica.signatures.unsigned_streams():
            machine.replica.forks.resign()
            _meet_all(world, roled)


def _exclude(anchor: Machine, device: bytes) -> None:
    """Revoke a device, with all that it has added where that leaves the anchor a member."""
    if anchor.replica.devices.is_member(device):
        done = revoke(anchor, device, keep_added=False) or revoke(anchor, device, keep_added=True)
        require(done, "the anchor cannot revoke a device")
