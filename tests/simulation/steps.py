"""What happens to one machine, and perhaps to another: the simple steps of a plan."""

from random import Random

from crdtnotes.errors import DiskFull, NoteNotFound, NotPermitted
from crdtnotes.note import Note
from crdtnotes.store.compaction import packing
from tests.simulation import role_steps
from tests.simulation.circle import PairedMachines
from tests.simulation.leads import leads
from tests.simulation.machine import Machine, Process
from tests.simulation.oracles import check_links, require
from tests.simulation.world import World


def edit(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Let the person at a machine do one to three things."""
    for _ in range(random.randint(1, 3)):
        _do_one_thing(world, one, Random(random.getrandbits(32)))
    world.network.wake(one)


def _do_one_thing(world: World, one: Machine, random: Random) -> None:
    process = one.process(random.getrandbits(8))

    def act() -> None:
        try:
            note = one.person.act(process.vault, random, process.editors)
        except DiskFull:
            return
        except NotPermitted:
            check_refused(one)
            return
        except NoteNotFound:
            # Somebody has deleted the note meanwhile; its editor closes.
            process.editors.clear()
            return
        one.looked = leads(process.vault)
        if note is not None:
            _check_note(world, process, note)

    world.guard(one, act)


def check_refused(one: Machine) -> None:
    """Check that an edit was refused because the device is a reader; its editors close, unfinished."""
    require(one.replica.devices.is_reader(), "an edit of a device that may write was refused")
    one.unfinished |= one.edited
    for process in one.running:
        process.editors.clear()


def _check_note(world: World, process: Process, note: Note) -> None:
    if note.id in process.editors:
        return  # the links of an open editor are updated later
    check_links(process.vault, note)


def meet(world: World, one: Machine, other: Machine, random: Random) -> None:
    world.network.connect(one, other, Random(random.getrandbits(32)))


def wait(world: World, _one: Machine, _other: Machine, random: Random) -> None:
    world.clock.run(world.clock.now + random.choice((10, 200, 3000)))


def cut(world: World, one: Machine, other: Machine, _random: Random) -> None:
    world.network.cut(lambda wire: {wire.a.machine, wire.b.machine} == {one, other})


def crash(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    world.restart(one)


def crash_soon(world: World, one: Machine, _other: Machine, random: Random) -> None:
    one.disk.crash_in = random.randint(1, 60)


def full(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    one.disk.set_full(True)


def room(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    one.disk.set_full(False)


def jump(world: World, one: Machine, _other: Machine, random: Random) -> None:
    one.clock += random.choice((-(10**12), -1000, 1000, 10**12, 10**17))


def partition(world: World, _one: Machine, _other: Machine, random: Random) -> None:
    for machine in world.machines:
        machine.group = random.randrange(2)
    world.network.cut(lambda wire: wire.a.machine.group != wire.b.machine.group)


def join(world: World, _one: Machine, _other: Machine, _random: Random) -> None:
    for machine in world.machines:
        machine.group = 0


def away(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    one.away = True
    world.network.cut_off(one)


def back(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    one.away = False


def pair(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Let a machine that is not paired yet join the vault."""
    paired = world.paired
    if world.roled is not None:
        role_steps.pair(world, world.roled, one, random)
        return
    if paired is None or not paired.late or not paired.belongs(one) or one.away:
        return
    newcomer = paired.late[0]
    if not newcomer.away and newcomer.group == one.group:
        world.let_in(one, newcomer)


def revoke(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Revoke a machine's device."""
    paired = world.paired
    target = random.choice(world.machines)
    if world.roled is not None:
        role_steps.revoke(world, world.roled, one, target, random)
        return
    if paired is None or not paired.joined(one) or not paired.may_revoke(one, target):
        return
    world.guard(one, lambda: PairedMachines.revoke(one, target))
    paired.note_revoked(one, target)
    world.network.wake(one)


def search(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    def search() -> None:
        try:
            one.running[0].vault.search("字")
        except DiskFull:
            return

    world.guard(one, search)


def pack(world: World, one: Machine, _other: Machine, random: Random) -> None:
    def pack() -> None:
        try:
            packing.pack(one.replica, least=random.randint(1, 4))
        except DiskFull:
            return

    world.guard(one, pack)
