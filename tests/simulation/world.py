"""A world: machines, people and a network go through a plan; then the network heals and all must agree."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from unittest import mock

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.errors import DiskFull, Fork, NoteNotFound, RemoteError
from crdtnotes.note import Note
from crdtnotes.store import intake as intake_module
from crdtnotes.store import memory, packing, stream
from crdtnotes.store import replica as replica_module
from crdtnotes.store.memory import Remembered
from crdtnotes.sync.session import Session
from crdtnotes.vault import Vault
from tests.simulation.disk import Crash
from tests.simulation.ledger import Ledger
from tests.simulation.liar import Liar
from tests.simulation.machine import Machine, Process
from tests.simulation.network import Clock, Network
from tests.simulation.oracles import (
    MAX_WAITING,
    check_links,
    check_sent,
    check_stream,
    check_waiting,
    require,
)
from tests.simulation.outcome import check_agreement, check_outcome
from tests.simulation.plan import Plan, Step

ROUNDS = 8
"""Within so many rounds of meetings, over all edges in turn, a healed network agrees."""


class _Turn:
    """In place of the lock between a commit and remembering it: here nothing happens in between.

    A real one is a lock that ends with its process; here it would outlive each crash.
    """

    def __init__(self, _path: Path) -> None: ...

    def take(self) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


class World:
    """All that there is. Use as a context manager: the store's files are the world's disks meanwhile."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.random = Random(plan.seed)
        self.ledger = Ledger()
        self.clock = Clock()
        self.network = Network(self.clock, plan.delay, self.guard)
        self.here: dict[Path, Machine] = {}
        self.machines: list[Machine] = []
        self.edges = list(plan.edges)
        self.liar = Liar()
        self.may_fork = False
        """Whether something has happened after which a fork can only be noticed, not prevented."""
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
        }

    # -- the two phases

    def run(self) -> None:
        """Chaos, then peace; fails with Broken, or with whatever should not have been raised."""
        for number in range(self.plan.machines):
            self._add(self.plan.processes[number])
        for number in range(self.plan.notes):
            self._edit(self.machines[0], self.machines[0], Random(number))
        for step in self.plan.steps:
            self.step(step)
        self.heal()
        check_outcome(self.machines, self.ledger, self._empty())
        self._check_links_after_an_edit()

    def step(self, step: Step) -> None:
        """Let one thing happen, and a little time pass."""
        one = self.machines[step.who]
        others = [machine for machine in self.machines if self._linked(one, machine)]
        self.kinds[step.kind](one, others[step.other % len(others)], Random(step.seed))
        self.clock.run(self.clock.now + 20)
        for machine in self.machines:
            for process in machine.running:
                check_waiting(process.vault.replica)
                check_stream(process.vault.replica)

    def heal(self) -> None:
        """All faults end, everybody meets along the edges; all must agree within ROUNDS rounds."""
        self.clock.run(self.clock.now + 10 * self.plan.delay + 1000)
        self.network.cut(lambda _: True)
        for machine in self.machines:
            machine.disk.crash_in = None
            machine.disk.set_full(False)
            machine.away, machine.group = False, 0
        for _ in range(ROUNDS):
            for a, b in self.edges:
                self.network.connect(self.machines[a], self.machines[b], self.random)
                self._settle()
            if len({frozenset(machine.replica.heads().items()) for machine in self.machines}) == 1:
                break
        check_agreement(self.machines)
        require(self.may_fork or not self.network.forks, "a number was used twice")

    def _settle(self) -> None:
        """Wait until nothing moves, and hang up."""
        for _ in range(10_000):
            if self.clock.idle:
                break
            self.clock.run(self.clock.now + self.plan.delay + 1)
        require(self.clock.idle, "two peers never come to an end")
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
        """A new replica, to play a log into."""
        machine = self._add(1)
        self.machines.remove(machine)
        return machine.running[0].vault

    def guard(self, machine: Machine, action: Callable[[], object]) -> None:
        """Run what a machine does; if it crashes, it starts again."""
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
        require(
            not missing, f"after a crash machine {machine.number} lacks what it said was saved: {missing}"
        )

    def _linked(self, a: Machine, b: Machine) -> bool:
        pair = (a.number, b.number)
        return pair in self.edges or pair[::-1] in self.edges

    # -- what happens

    def _edit(self, one: Machine, _other: Machine, random: Random) -> None:
        process = one.process(random.getrandbits(8))

        def act() -> None:
            try:
                note = one.person.act(process.vault, random, process.editors)
            except DiskFull:
                return
            except NoteNotFound:
                # Somebody has deleted it meanwhile; an editor of it closes.
                process.editors.clear()
                return
            if note is not None:
                self._check_note(process, note)

        self.guard(one, act)
        self.network.wake(one)

    def _check_note(self, process: Process, note: Note) -> None:
        if note.id in process.editors:
            return  # an open editor's links follow later
        check_links(process.vault, note)

    def _meet(self, one: Machine, other: Machine, random: Random) -> None:
        self.network.connect(one, other, Random(random.getrandbits(32)))

    def _wait(self, _one: Machine, _other: Machine, random: Random) -> None:
        self.clock.run(self.clock.now + random.choice((10, 200, 3000)))

    def _post(self, one: Machine, other: Machine, random: Random) -> None:
        """Send changes as loose batches: in pieces, some lost, some twice, all in any order."""
        if one.away or other.away or one.group != other.group:
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
        """An old file takes the replica's place; sometimes the whole machine is put back."""
        if one.backup is None:
            return
        data, outside = one.backup
        if random.random() < 0.5:
            self._replace(one, data, one.outside)
        else:
            self.may_fork = True
            self._replace(one, data, outside)

    def _copy(self, one: Machine, other: Machine, _random: Random) -> None:
        """One machine's file takes the place of another's, and both go on."""
        self._replace(other, one.disk.read(), other.outside)

    def _clone(self, one: Machine, other: Machine, _random: Random) -> None:
        """A machine becomes a copy of another, with all that it had outside the file."""
        self.may_fork = True
        self._replace(other, one.disk.read(), one.outside)

    def _replace(self, machine: Machine, data: bytes, outside: Remembered | None) -> None:
        self.network.cut_off(machine)
        before = {mark for mark in self.ledger.saved if mark in machine.texts()}
        machine.stop()
        machine.disk.write(data)
        machine.outside = outside
        machine.disk.set_full(machine.disk.full)
        machine.start()
        here = "".join(other.texts() for other in self.machines)
        self.ledger.forgive({mark for mark in before if mark not in here})
        self.ledger.move(machine.number)

    def _lie(self, one: Machine, other: Machine, random: Random) -> None:
        """Somebody lies: garbled frames, or changes that nobody made."""
        self.may_fork = True
        luck = random.random()
        if luck < 0.35:
            self.network.connect(one, other, Random(random.getrandbits(32)), garble=0.3)
            return
        if luck < 0.65:
            self._talk(one, self.liar.frames(one.replica, random))
            self.network.wake(one)
            return
        for machine in self.liar.victims(one, other, random):
            for batch in self.liar.batches(machine.replica, random):
                self.guard(machine, partial(self._refuse_or_take, machine, batch))
            self.network.wake(machine)

    def _talk(self, machine: Machine, frames: list[bytes]) -> None:
        """Have a conversation with somebody who lies; of what is refused nothing is kept."""
        replica = machine.replica
        session = Session(replica)

        def listen(frame: bytes) -> None:
            before = replica.heads()
            session.receive([frame])
            check_sent(replica, session.data_to_send())
            refused = isinstance(session.error, RemoteError) and not isinstance(session.error, Fork)
            require(not refused or replica.heads() == before, "of what was refused something was kept")

        self.guard(machine, session.start)
        for frame in frames:
            if machine.replica is replica and not session.closed:
                self.guard(machine, partial(listen, frame))

    def _refuse_or_take(self, machine: Machine, batch: bytes) -> None:
        before = machine.replica.heads()
        try:
            machine.replica.receive([batch])
        except RemoteError:
            require(machine.replica.heads() == before, "of what was refused something was kept")
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
        vault = self.machines[0].running[0].vault
        for info in vault.names()[:3]:
            note = vault.note(info.name)
            note.append("#end")
            check_links(vault, note)

    def recall(self, path: Path) -> Remembered | None:
        """What a machine's state folder says."""
        return self.here[path].outside

    def remember(self, path: Path, what: Remembered) -> None:
        self.here[path].outside = what

    def close(self) -> None:
        for machine in self.here.values():
            machine.disk.close()


def run(plan: Plan) -> None:
    """Run a plan; raises what fails."""
    with _folder(plan) as folder:
        world = World(plan, folder)
        try:
            with _patched(world):
                world.run()
        finally:
            world.close()


@contextmanager
def _folder(plan: Plan) -> Iterator[Path]:
    if max(plan.processes) == 1:
        # All disks are in memory: nothing is ever written there.
        yield Path("/nowhere")
        return
    memory = Path("/dev/shm")
    path = tempfile.mkdtemp(prefix="crdtnotes-", dir=memory if memory.is_dir() else None)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path)


@contextmanager
def _patched(world: World) -> Iterator[None]:
    """Let the store open the world's disks, and take its chance from the world's seed."""
    chance = world.random
    logger = logging.getLogger("crdtnotes")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    replace = mock.patch.object
    try:
        with (
            replace(replica_module, "open_file", lambda path, read_only=False: world.here[path].disk.open()),
            replace(intake_module, "MAX_WAITING", MAX_WAITING),
            replace(memory, "recall", world.recall),
            replace(memory, "remember", world.remember),
            replace(stream, "Turn", _Turn),
            replace(stream, "random_actor", lambda: chance.randint(1, 2**63 - 1)),
            replace(stream, "new_token", lambda: f"{chance.getrandbits(128):032x}"),
        ):
            yield
    finally:
        logger.setLevel(level)
