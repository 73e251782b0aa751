"""Steps in which a machine gets another file, or becomes another machine: restored, copied, cloned."""

from random import Random

from crdtnotes.store.local_state import StreamRecord
from tests.simulation.machine import Machine
from tests.simulation.world import World


def back_up(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    one.backup = (one.disk.read(), one.outside)


def restore(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Replace the replica by an old file; sometimes restore the whole machine."""
    if one.backup is None:
        return
    data, outside = one.backup
    whole = random.random() >= 0.5
    if world.paired is not None:
        if not world.paired.may_copy(one):
            return
        if whole and any(step.kind == "clock" for step in world.plan.steps):
            whole = False
        if whole and not world.paired.may_fork(one):
            return
        world.paired.forked |= whole
        # Changes that it writes now are later than the changes that it has lost.
        one.clock += 1000
    if not whole:
        _replace(world, one, data, one.outside)
    else:
        world.may_fork = True
        _replace(world, one, data, outside)


def copy(world: World, one: Machine, other: Machine, _random: Random) -> None:
    """Replace one machine's file by a copy of another's; both continue."""
    if world.paired is not None and not world.paired.may_copy(one, other):
        return
    _replace(world, other, one.disk.read(), other.outside)


def clone(world: World, one: Machine, other: Machine, _random: Random) -> None:
    """Make a machine a copy of another, including the other's data outside the file."""
    if world.paired is not None:
        if not world.paired.may_fork(one, other):
            return
        world.paired.forked = True
        other.identity = one.identity
    world.may_fork = True
    _replace(world, other, one.disk.read(), one.outside)


def _replace(world: World, machine: Machine, data: bytes, outside: StreamRecord | None) -> None:
    world.network.cut_off(machine)
    before = {mark for mark in world.ledger.saved if mark in machine.texts()}
    machine.stop()
    machine.disk.write(data)
    machine.outside = outside
    machine.disk.set_full(machine.disk.full)
    machine.start()
    if world.paired is not None:
        world.paired.replaced(machine)
    here = "".join(other.texts() for other in world.members)
    world.ledger.forgive({mark for mark in before if mark not in here})
    world.ledger.move(machine.number)
