"""Steps in which somebody lies to machines; `liar.py` makes what they say."""

from functools import partial
from random import Random

from crdtnotes.errors import DiskFull, Fork, RemoteError
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.identity import Identity
from tests.simulation.identities import LIAR, STRANGER, identity
from tests.simulation.liar import named_themselves
from tests.simulation.machine import Machine
from tests.simulation.oracles import check_addressee, check_sent, require
from tests.simulation.world import World


def lie(world: World, one: Machine, other: Machine, random: Random) -> None:
    """Let a liar send garbled frames, or changes that nobody made."""
    luck = random.random()
    if luck < 0.35:
        world.may_fork |= world.paired is None
        world.network.connect(one, other, Random(random.getrandbits(32)), garble=0.3)
        return
    if world.paired is not None:
        _lie_as_member(world, one, random)
        return
    world.may_fork = True
    if luck < 0.65:
        talk(world, one, world.liar.frames(one.replica, random))
        world.network.wake(one)
        return
    for machine in world.liar.victims(one, other, random):
        for batch in world.liar.batches(machine.replica, random):
            world.guard(machine, partial(_refuse_or_take, world, machine, batch))
        world.network.wake(machine)


def _lie_as_member(world: World, machine: Machine, random: Random) -> None:
    """Let a device, which may belong to the vault or not, send changes that it has not written itworld."""
    replica = machine.replica
    if world.roled is not None and random.random() < 0.6:
        world.may_fork = True  # of the liar's own stream
        others = [one.replica for one in world.roled.honest]
        talk(world, machine, world.lying_member.frames(replica, others, random), identity(LIAR).id)
        world.network.wake(machine)
        return
    before = replica.heads(), replica.devices.records()
    liar = identity(LIAR if random.random() < 0.8 else STRANGER)
    if random.random() < 0.25:
        _say_odd_records(world, machine, liar, random)
        return
    talk(world, machine, world.liar.signed_frames(replica, random, liar), liar.id)
    if machine.replica is replica:
        after = replica.heads(), replica.devices.records()
        require(after == before, "a change was accepted that its author has not written")


def _say_odd_records(world: World, machine: Machine, liar: Identity, random: Random) -> None:
    """Let a device say what it may about other devices; it changes nothing for them."""
    replica = machine.replica
    before, records = replica.members.membership(), replica.devices.records()
    talk(world, machine, world.liar.odd_frames(replica, random, liar), liar.id)
    if machine.replica is not replica:
        return
    after, named = replica.members.membership(), named_themselves(before)
    for id, member in before.active.items():
        require(
            after.is_active(id) and (id not in named or after.members[id].name == member.name),
            "a member has changed what another is called, or whether it belongs to the vault",
        )
    require(before.is_active(liar.id) or replica.devices.records() == records, "a stranger was believed")


def talk(world: World, machine: Machine, frames: list[bytes], device: bytes | None = None) -> None:
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

    world.guard(machine, session.start)
    for frame in frames:
        if machine.replica is replica and not session.closed:
            world.guard(machine, partial(listen, frame))


def _refuse_or_take(world: World, machine: Machine, batch: bytes) -> None:
    before = machine.replica.heads()
    try:
        machine.replica.receive([batch])
    except RemoteError:
        require(machine.replica.heads() == before, "a part of refused input was kept")
    except DiskFull:
        return
