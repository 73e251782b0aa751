"""Steps of worlds with roles: devices get other roles, are revoked and paired again, one is stolen."""

from functools import partial
from random import Random

from crdtnotes.errors import DiskFull, NoteNotFound, NotPaired, NotPermitted
from crdtnotes.trust.roles import Role
from tests.simulation import member_lies, roled
from tests.simulation.ledger import marks
from tests.simulation.lies import talk
from tests.simulation.machine import Machine
from tests.simulation.oracles import require
from tests.simulation.roled import RoledMachines
from tests.simulation.world import World


def role(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Give some device another role, as far as this machine may."""
    machines = world.roled
    target = random.choice(world.machines)
    if machines is None or not machines.joined(one) or not machines.may_limit(one, target):
        return
    wanted = random.choice(list(Role))
    if machines.roles.forks and wanted is Role.READER:
        return
    done: list[bool] = []
    owner = machines.model(one).roles.get(one.identity.id) is Role.OWNER
    world.guard(one, lambda: done.append(roled.set_role(one, target, wanted)))
    require(owner or not any(done), "a device that is no owner changed a role")
    if any(done):
        machines.note_limit(one)
    world.network.wake(one)


def revoke(world: World, machines: RoledMachines, one: Machine, target: Machine, random: Random) -> None:
    """Revoke some device, as far as this machine may."""
    if not machines.joined(one) or not machines.may_limit(one, target):
        return
    done: list[bool] = []
    keep_added = random.random() < 0.7
    world.guard(one, lambda: done.append(roled.revoke(one, target.identity.id, keep_added=keep_added)))
    if any(done):
        machines.note_limit(one)
    world.network.wake(one)


def pair(world: World, machines: RoledMachines, one: Machine, random: Random) -> None:
    """Pair a machine that is new, or that this one takes to be out, in some role."""
    if not machines.joined(one) or one is machines.stolen or one.away:
        return
    known = machines.model(one).roles
    out = [other for other in machines.honest if other.identity.id not in known and other is not one]
    new = [other for other in machines.late if other.identity.id not in known]
    for newcomer in random.sample([*new[:1], *out], min(1, len(new[:1]) + len(out))):
        if not newcomer.away and newcomer.group == one.group:
            wanted = random.choice((Role.OWNER, Role.WRITER, Role.READER))
            if machines.roles.forks or newcomer is machines.anchor:
                wanted = Role.OWNER
            world.let_in(one, newcomer, wanted)


def steal(world: World, one: Machine, _other: Machine, _random: Random) -> None:
    """Let somebody steal a machine: its owner has lost it, and somebody else has its keys."""
    machines = world.roled
    if machines is not None and machines.joined(one) and machines.steal(one):
        one.away = True
        world.network.cut_off(one)


def thief(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Let the thief of a machine send records to another one."""
    machines = world.roled
    if machines is None or machines.stolen is None or one is machines.stolen or not machines.joined(one):
        return
    thief = machines.stolen.identity
    frames = member_lies.records_of_a_thief(one.replica, thief, machines.anchor.identity, random)
    talk(world, one, frames, thief.id)
    world.network.wake(one)


def erase(world: World, one: Machine, _other: Machine, random: Random) -> None:
    """Erase one mark from the history of a note."""
    machines = world.roled
    vault = one.running[0].vault
    names = vault.names()
    if machines is None or not machines.joined(one) or not names:
        return
    note = vault.note(random.choice(names).name)
    found = sorted(marks(note.text))
    if not found:
        return
    mark = random.choice(found)

    def act() -> None:
        try:
            if note.erase(mark):
                machines.erasures.marks.add(mark)
        except NotPermitted:
            require(one.replica.devices.is_reader(), "a device that may write may not erase")
        except (DiskFull, NotPaired, NoteNotFound):
            return

    world.ledger.take(mark)
    # The log is rewritten, so that sessions begin anew as after a fork.
    world.may_fork = True
    for process in one.running:
        process.editors.pop(note.id, None)
    world.guard(one, partial(act))
    world.network.wake(one)
