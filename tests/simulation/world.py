"""A world: machines, people and a network go through a plan; then the network heals and all must agree."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import DiskFull, Fork, NoteNotFound, RemoteError
from crdtnotes.note import Note
from crdtnotes.store.compaction import packing
from crdtnotes.store.local_state import StreamRecord
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault
from tests.simulation.circle import PairedMachines, begin, take_bundle
from tests.simulation.disk import Crash
from tests.simulation.identities import LIAR, NEWCOMER, STRANGER, identity
from tests.simulation.ledger import Ledger
from tests.simulation.liar import Liar, named_themselves
from tests.simulation.machine import Machine, Process
from tests.simulation.network import Clock, Network
from tests.simulation.oracles import (
    check_addressee,
    check_links,
    check_sent,
    check_stream,
    check_waiting,
    require,
)
from tests.simulation.outcome import check_agreement, check_outcome
from tests.simulation.patches import patched
from tests.simulation.plan import Plan, Step

_FOR_ALL = frozenset(("pair", "wait", "clock", "partition", "join", "crash", "full", "room", "away", "back"))
# Steps that can happen to a machine that is not paired yet, in a paired world.

ROUNDS = 8
"""A healed network must agree within this many rounds of syncing over all edges in turn."""


class World:
    """A complete world. Use it as a context manager: inside, the store's files are the world's disks."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.random = Random(plan.seed)
        self.ledger = Ledger()
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
        self.kinds = {
            "edit": self._edit,
            "meet": self._meet,
            "wait": self._wait,
            "post": self._post,
            "cut": self._cut,
            "crash": self._crash,
            "crash soon": self._crash_soon,
            "full": self._full,
            "room": self._room,
            "clock": self._jump,
            "partition": self._partition,
            "join": self._join,
            "away": self._away,
            "back": self._back,
            "backup": self._back_up,
            "restore": self._restore,
            "copy": self._copy,
            "clone": self._clone,
            "lie": self._lie,
            "search": self._search,
            "pack": self._pack,
            "pair": self._pair,
            "revoke": self._revoke,
        }

    # -- the two phases

    def run(self) -> None:
        """Run all steps, then heal; fails with Broken, or with an exception that should not occur."""
        for number in range(self.plan.machines):
            self._add(self.plan.processes[number])
        for number in range(self.plan.notes):
            self._edit(self.machines[0], self.machines[0], Random(number))
        if self.plan.first is not None:
            begin(self.machines, self.plan.first)
        for step in self.plan.steps:
            self.step(step)
        self.heal()
        check_outcome(self.members, self.ledger, self._empty())
        self._check_links_after_an_edit()

    @property
    def members(self) -> list[Machine]:
        """The machines that have to agree in the end."""
        return self.machines if self.paired is None else self.paired.members

    def step(self, step: Step) -> None:
        """Run one step, and let a little time pass."""
        one = self.machines[step.who]
        others = [machine for machine in self.machines if self._linked(one, machine)]
        other = others[step.other % len(others)]
        if self.paired is None or step.kind in _FOR_ALL or all(map(self.paired.joined, (one, other))):
            self.kinds[step.kind](one, other, Random(step.seed))
        self.clock.run(self.clock.now + 20)
        for machine in self.machines:
            for process in machine.running:
                check_waiting(process.vault.replica)
                check_stream(process.vault.replica)
        if self.paired is not None:
            self.paired.check()

    def heal(self) -> None:
        """End all faults and sync along the edges; all must agree within ROUNDS rounds."""
        self.clock.run(self.clock.now + 10 * self.plan.delay + 1000)
        self.network.cut(lambda _: True)
        for machine in self.machines:
            machine.disk.crash_in = None
            machine.disk.set_full(False)
            machine.away, machine.group = False, 0
        if self.paired is not None:
            self._heal_paired(self.paired)
        for _ in range(ROUNDS):
            for a, b in self.edges:
                self.network.connect(self.machines[a], self.machines[b], self.random)
                self._settle()
            heads = {frozenset(machine.replica.heads().items()) for machine in self.members}
            if len(heads) == 1 and not any(
                machine.replica.signatures.unsigned_streams() for machine in self.members
            ):
                break
        check_agreement(self.members)
        require(self.may_fork or not self.network.forks, "a number was used twice")

    def _heal_paired(self, paired: PairedMachines) -> None:
        """Pair the machines that are not paired yet, and let the revoked machine sync with all once more."""
        for one, other in paired.strangers():
            self._let_in(one, other)
        for machine in paired.late:
            self._let_in(paired.members[0], machine)
        self.edges = paired.heal()
        if paired.gone is not None:
            for machine in paired.members:
                self.network.connect(machine, paired.gone, self.random)
            self._settle()
            paired.check()
        for machine in paired.members:
            paired.check_authors(machine)

    def _settle(self) -> None:
        """Wait until nothing happens any more, and close the connections."""
        for _ in range(10_000):
            if self.clock.idle:
                break
            self.clock.run(self.clock.now + self.plan.delay + 1)
        require(self.clock.idle, "two peers never finish")
        self.network.cut(lambda _: True)

    # -- machines

    def _add(self, processes: int) -> Machine:
        number = len(self.machines)
        path = self.folder / f"{number}.db"
        machine = Machine(number, path, processes, self.ledger)
        self.here[path] = machine
        machine.begin(self.random.randint(1, 2**63 - 1))
        machine.start()
        self.machines.append(machine)
        return machine

    def _empty(self) -> Vault:
        """A new replica, for replaying a log."""
        machine = self._add(1)
        self.machines.remove(machine)
        if self.paired is not None:
            machine.identity = identity(NEWCOMER)
            self._let_in(self.members[0], machine)
        return machine.running[0].vault

    def guard(self, machine: Machine, action: Callable[[], object]) -> None:
        """Run an action of a machine; if the machine crashes, start it again."""
        disk = machine.disk
        before, disk.busy = disk.busy, True
        try:
            action()
        except Crash:
            disk.busy = False
            self._restart(machine)
        finally:
            disk.busy = before

    def _restart(self, machine: Machine) -> None:
        self.network.cut_off(machine)
        machine.stop()
        machine.start()
        missing = self.ledger.missing(machine.texts(), machine.number)
        require(not missing, f"after a crash machine {machine.number} lacks acknowledged texts: {missing}")

    def _linked(self, a: Machine, b: Machine) -> bool:
        pair = (a.number, b.number)
        return pair in self.edges or pair[::-1] in self.edges

    # -- steps

    def _edit(self, one: Machine, _other: Machine, random: Random) -> None:
        process = one.process(random.getrandbits(8))

        def act() -> None:
            try:
                note = one.person.act(process.vault, random, process.editors)
            except DiskFull:
                return
            except NoteNotFound:
                # Somebody has deleted the note meanwhile; its editor closes.
                process.editors.clear()
                return
            if note is not None:
                self._check_note(process, note)

        self.guard(one, act)
        self.network.wake(one)

    def _check_note(self, process: Process, note: Note) -> None:
        if note.id in process.editors:
            return  # the links of an open editor are updated later
        check_links(process.vault, note)

    def _meet(self, one: Machine, other: Machine, random: Random) -> None:
        self.network.connect(one, other, Random(random.getrandbits(32)))

    def _wait(self, _one: Machine, _other: Machine, random: Random) -> None:
        self.clock.run(self.clock.now + random.choice((10, 200, 3000)))

    def _post(self, one: Machine, other: Machine, random: Random) -> None:
        """Send changes as loose batches: in pieces, some lost, some repeated, in any order."""
        if one.away or other.away or one.group != other.group:
            return
        if self.paired is not None:
            self._carry(one, other, random)
            return
        known = other.running[0].vault.version if random.random() < 0.7 else {}
        vault = one.running[0].vault
        datas = [data for batch in vault.changes_since(known) for data in changes_in(batch)]
        if random.random() < 0.5:
            random.shuffle(datas)
        while datas:
            size = random.randint(1, 5)
            for batch in batches(datas[:size]):
                for _ in range(1 + (random.random() < self.plan.twice)):
                    if random.random() >= self.plan.loss:
                        self.clock.after(
                            random.randint(0, self.plan.delay), partial(self._deliver, other, batch)
                        )
            datas = datas[size:]

    def _carry(self, one: Machine, other: Machine, random: Random) -> None:
        """Carry changes in a bundle; it arrives late, perhaps twice, perhaps damaged after some group."""
        replica = one.replica
        if replica.signatures.unsigned_streams():
            return
        known = other.replica.version() if random.random() < 0.7 else {}
        groups: list[list[bytes | Heads]] = [[]]
        for item in replica.changes_since(known):
            groups[-1].append(item)
            if isinstance(item, Heads):
                groups.append([])
        records = replica.devices.records()
        if random.random() < self.plan.loss:
            del groups[random.randrange(len(groups))]
        for _ in range(1 + (random.random() < self.plan.twice)):
            take = partial(self._unpack, other, one.identity.id, records, groups)
            self.clock.after(random.randint(0, self.plan.delay), take)

    def _unpack(
        self, machine: Machine, sender: bytes, records: list[bytes], groups: list[list[bytes | Heads]]
    ) -> None:
        self.guard(machine, lambda: take_bundle(machine.replica, sender, records, groups))
        self.network.wake(machine)

    def _deliver(self, machine: Machine, batch: bytes) -> None:
        def apply() -> None:
            try:
                machine.running[0].vault.apply(batch)
            except DiskFull:
                return

        self.guard(machine, apply)
        self.network.wake(machine)

    def _cut(self, one: Machine, other: Machine, _random: Random) -> None:
        self.network.cut(lambda wire: {wire.a.machine, wire.b.machine} == {one, other})

    def _crash(self, one: Machine, _other: Machine, _random: Random) -> None:
        self._restart(one)

    def _crash_soon(self, one: Machine, _other: Machine, random: Random) -> None:
        one.disk.crash_in = random.randint(1, 60)

    def _full(self, one: Machine, _other: Machine, _random: Random) -> None:
        one.disk.set_full(True)

    def _room(self, one: Machine, _other: Machine, _random: Random) -> None:
        one.disk.set_full(False)

    def _jump(self, one: Machine, _other: Machine, random: Random) -> None:
        one.clock += random.choice((-(10**12), -1000, 1000, 10**12, 10**17))

    def _partition(self, _one: Machine, _other: Machine, random: Random) -> None:
        for machine in self.machines:
            machine.group = random.randrange(2)
        self.network.cut(lambda wire: wire.a.machine.group != wire.b.machine.group)

    def _join(self, _one: Machine, _other: Machine, _random: Random) -> None:
        for machine in self.machines:
            machine.group = 0

    def _away(self, one: Machine, _other: Machine, _random: Random) -> None:
        one.away = True
        self.network.cut_off(one)

    def _back(self, one: Machine, _other: Machine, _random: Random) -> None:
        one.away = False

    def _back_up(self, one: Machine, _other: Machine, _random: Random) -> None:
        one.backup = (one.disk.read(), one.outside)

    def _restore(self, one: Machine, _other: Machine, random: Random) -> None:
        """Replace the replica by an old file; sometimes restore the whole machine."""
        if one.backup is None:
            return
        data, outside = one.backup
        whole = random.random() >= 0.5
        if self.paired is not None:
            if not self.paired.may_copy(one):
                return
            if whole and any(step.kind == "clock" for step in self.plan.steps):
                whole = False
            if whole and not self.paired.may_fork(one):
                return
            self.paired.forked |= whole
            # Changes that it writes now are later than the changes that it has lost.
            one.clock += 1000
        if not whole:
            self._replace(one, data, one.outside)
        else:
            self.may_fork = True
            self._replace(one, data, outside)

    def _copy(self, one: Machine, other: Machine, _random: Random) -> None:
        """Replace one machine's file by a copy of another's; both continue."""
        if self.paired is not None and not self.paired.may_copy(one, other):
            return
        self._replace(other, one.disk.read(), other.outside)

    def _clone(self, one: Machine, other: Machine, _random: Random) -> None:
        """Make a machine a copy of another, including the other's data outside the file."""
        if self.paired is not None:
            if not self.paired.may_fork(one, other):
                return
            self.paired.forked = True
            other.identity = one.identity
        self.may_fork = True
        self._replace(other, one.disk.read(), one.outside)

    def _replace(self, machine: Machine, data: bytes, outside: StreamRecord | None) -> None:
        self.network.cut_off(machine)
        before = {mark for mark in self.ledger.saved if mark in machine.texts()}
        machine.stop()
        machine.disk.write(data)
        machine.outside = outside
        machine.disk.set_full(machine.disk.full)
        machine.start()
        if self.paired is not None:
            self.paired.replaced(machine)
        here = "".join(other.texts() for other in self.members)
        self.ledger.forgive({mark for mark in before if mark not in here})
        self.ledger.move(machine.number)

    def _lie(self, one: Machine, other: Machine, random: Random) -> None:
        """Let a liar send garbled frames, or changes that nobody made."""
        luck = random.random()
        if luck < 0.35:
            self.may_fork |= self.paired is None
            self.network.connect(one, other, Random(random.getrandbits(32)), garble=0.3)
            return
        if self.paired is not None:
            self._lie_as_member(one, random)
            return
        self.may_fork = True
        if luck < 0.65:
            self._talk(one, self.liar.frames(one.replica, random))
            self.network.wake(one)
            return
        for machine in self.liar.victims(one, other, random):
            for batch in self.liar.batches(machine.replica, random):
                self.guard(machine, partial(self._refuse_or_take, machine, batch))
            self.network.wake(machine)

    def _lie_as_member(self, machine: Machine, random: Random) -> None:
        """Let a device, which may belong to the vault or not, send changes that it has not written itself."""
        replica = machine.replica
        before = replica.heads(), replica.devices.records()
        liar = identity(LIAR if random.random() < 0.8 else STRANGER)
        if random.random() < 0.25:
            self._say_odd_records(machine, liar, random)
            return
        self._talk(machine, self.liar.signed_frames(replica, random, liar), liar.id)
        if machine.replica is replica:
            after = replica.heads(), replica.devices.records()
            require(after == before, "a change was accepted that its author has not written")

    def _say_odd_records(self, machine: Machine, liar: Identity, random: Random) -> None:
        """Let a device say what it may about other devices; it changes nothing for them."""
        replica = machine.replica
        before, records = replica.members.membership(), replica.devices.records()
        self._talk(machine, self.liar.odd_frames(replica, random, liar), liar.id)
        if machine.replica is not replica:
            return
        after, named = replica.members.membership(), named_themselves(before)
        for id, member in before.active.items():
            require(
                after.is_active(id) and (id not in named or after.members[id].name == member.name),
                "a member has changed what another is called, or whether it belongs to the vault",
            )
        require(before.is_active(liar.id) or replica.devices.records() == records, "a stranger was believed")

    def _pair(self, one: Machine, _other: Machine, _random: Random) -> None:
        """Let a machine that is not paired yet join the vault."""
        paired = self.paired
        if paired is None or not paired.late or not paired.belongs(one) or one.away:
            return
        newcomer = paired.late[0]
        if not newcomer.away and newcomer.group == one.group:
            self._let_in(one, newcomer)

    def _let_in(self, host: Machine, newcomer: Machine) -> None:
        welcomes: list[tuple[bytes, list[bytes]] | None] = []
        self.guard(host, lambda: welcomes.append(PairedMachines.admit(host, newcomer)))
        for welcome in welcomes:
            if welcome is not None:
                self.guard(newcomer, partial(PairedMachines.adopt, newcomer, *welcome))
        self.network.wake(host)

    def _revoke(self, one: Machine, _other: Machine, random: Random) -> None:
        """Revoke a machine's device."""
        paired = self.paired
        target = random.choice(self.machines)
        if paired is None or not paired.joined(one) or not paired.may_revoke(one, target):
            return
        self.guard(one, lambda: PairedMachines.revoke(one, target))
        paired.note_revoked(one, target)
        self.network.wake(one)

    def _talk(self, machine: Machine, frames: list[bytes], device: bytes | None = None) -> None:
        """Have a conversation with a liar; nothing of refused input may be kept."""
        replica = machine.replica
        session = Session(replica, device=device)

        def listen(frame: bytes) -> None:
            before = replica.heads()
            session.receive([frame])
            frames = session.data_to_send()
            check_sent(replica, frames)
            if device is not None:
                check_addressee(replica, device, frames)
            refused = isinstance(session.error, RemoteError) and not isinstance(session.error, Fork)
            require(not refused or replica.heads() == before, "a part of refused input was kept")

        self.guard(machine, session.start)
        for frame in frames:
            if machine.replica is replica and not session.closed:
                self.guard(machine, partial(listen, frame))

    def _refuse_or_take(self, machine: Machine, batch: bytes) -> None:
        before = machine.replica.heads()
        try:
            machine.replica.receive([batch])
        except RemoteError:
            require(machine.replica.heads() == before, "a part of refused input was kept")
        except DiskFull:
            return

    def _search(self, one: Machine, _other: Machine, _random: Random) -> None:
        def search() -> None:
            try:
                one.running[0].vault.search("字")
            except DiskFull:
                return

        self.guard(one, search)

    def _pack(self, one: Machine, _other: Machine, random: Random) -> None:
        def pack() -> None:
            try:
                packing.pack(one.replica, least=random.randint(1, 4))
            except DiskFull:
                return

        self.guard(one, pack)

    def _check_links_after_an_edit(self) -> None:
        vault = self.members[0].running[0].vault
        for info in vault.names()[:3]:
            note = vault.note(info.name)
            note.append("#end")
            check_links(vault, note)

    def close(self) -> None:
        for machine in self.here.values():
            machine.disk.close()


def run(plan: Plan) -> None:
    """Run a plan; raises the failure."""
    with _folder(plan) as folder:
        world = World(plan, folder)
        try:
            with patched(world.here, world.random):
                world.run()
        finally:
            world.close()


@contextmanager
def _folder(plan: Plan) -> Iterator[Path]:
    if max(plan.processes) == 1:
        # All disks are in memory, so nothing is ever written to the folder.
        yield Path("/nowhere")
        return
    memory = Path("/dev/shm")
    path = tempfile.mkdtemp(prefix="crdtnotes-", dir=memory if memory.is_dir() else None)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path)
