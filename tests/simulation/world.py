"""A world: machines, people and a network; after the faults the network heals, and all must agree."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from crdtnotes.vault import Vault
from tests.simulation.circle import PairedMachines
from tests.simulation.disk import Crash
from tests.simulation.identities import NEWCOMER, identity
from tests.simulation.ledger import Ledger
from tests.simulation.liar import Liar
from tests.simulation.lines import Pen
from tests.simulation.machine import Machine
from tests.simulation.network import Clock, Network
from tests.simulation.oracles import require
from tests.simulation.outcome import check_agreement
from tests.simulation.plan import Plan

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
        self.paired = None if plan.first is None else PairedMachines(self.machines, self.ledger)
        """The devices, in a paired world."""
        meet = None if self.paired is None else self.paired.meet
        self.network = Network(self.clock, plan.delay, self.guard, meet)
        self.edges = list(plan.edges)
        self.liar = Liar()
        self.may_fork = False
        """Whether a step has made a fork possible, which can then only be noticed, not prevented."""

    @property
    def members(self) -> list[Machine]:
        """The machines that have to agree in the end."""
        return self.machines if self.paired is None else self.paired.members

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
        if self.paired is not None:
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
            self.let_in(self.members[0], machine)
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

    def let_in(self, host: Machine, newcomer: Machine) -> None:
        """Pair a machine with another one; a crash or a full disk may prevent it."""
        welcomes: list[tuple[bytes, list[bytes]] | None] = []
        self.guard(host, lambda: welcomes.append(PairedMachines.admit(host, newcomer)))
        for welcome in welcomes:
            if welcome is not None:
                self.guard(newcomer, partial(PairedMachines.adopt, newcomer, *welcome))
        self.network.wake(host)

    def close(self) -> None:
        """Discard all disks."""
        for machine in self.here.values():
            machine.disk.close()
