"""Steps in which changes are carried by hand: loose batches, and bundles in a paired world."""

from functools import partial
from random import Random

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import DiskFull
from tests.simulation.circle import take_bundle
from tests.simulation.machine import Machine
from tests.simulation.world import World


def post(world: World, one: Machine, other: Machine, random: Random) -> None:
    """Send changes as loose batches: in pieces, some lost, some repeated, in any order."""
    if one.away or other.away or one.group != other.group:
        return
    if world.paired is not None:
        _carry(world, one, other, random)
        return
    known = other.running[0].vault.version if random.random() < 0.7 else {}
    vault = one.running[0].vault
    datas = [data for batch in vault.changes_since(known) for data in changes_in(batch)]
    if random.random() < 0.5:
        random.shuffle(datas)
    while datas:
        size = random.randint(1, 5)
        for batch in batches(datas[:size]):
            for _ in range(1 + (random.random() < world.plan.twice)):
                if random.random() >= world.plan.loss:
                    world.clock.after(
                        random.randint(0, world.plan.delay), partial(_deliver, world, other, batch)
                    )
        datas = datas[size:]


def _carry(world: World, one: Machine, other: Machine, random: Random) -> None:
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
    if random.random() < world.plan.loss:
        del groups[random.randrange(len(groups))]
    for _ in range(1 + (random.random() < world.plan.twice)):
        take = partial(_unpack, world, other, one.identity.id, records, groups)
        world.clock.after(random.randint(0, world.plan.delay), take)


def _unpack(
    world: World, machine: Machine, sender: bytes, records: list[bytes], groups: list[list[bytes | Heads]]
) -> None:
    world.guard(machine, lambda: take_bundle(machine.replica, sender, records, groups))
    world.network.wake(machine)


def _deliver(world: World, machine: Machine, batch: bytes) -> None:
    def apply() -> None:
        try:
            machine.running[0].vault.apply(batch)
        except DiskFull:
            return

    world.guard(machine, apply)
    world.network.wake(machine)
