"""Plays a plan: takes all its steps in a new world, heals the network, and checks the outcome."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.simulation import carried, lies, replaced, role_steps, steps
from tests.simulation.alike import check_alike
from tests.simulation.circle import begin
from tests.simulation.coverage import operations
from tests.simulation.intent import check_texts
from tests.simulation.leads import check_meaning, check_renamed, leads
from tests.simulation.machine import Machine
from tests.simulation.oracles import check_links, check_stream, check_waiting
from tests.simulation.outcome import check_outcome
from tests.simulation.patches import patched
from tests.simulation.plan import Plan, Step
from tests.simulation.world import World

KINDS: dict[str, Callable[[World, Machine, Machine, Random], None]] = {
    "edit": steps.edit,
    "meet": steps.meet,
    "wait": steps.wait,
    "post": carried.post,
    "cut": steps.cut,
    "crash": steps.crash,
    "crash soon": steps.crash_soon,
    "full": steps.full,
    "room": steps.room,
    "clock": steps.jump,
    "partition": steps.partition,
    "join": steps.join,
    "away": steps.away,
    "back": steps.back,
    "backup": replaced.back_up,
    "restore": replaced.restore,
    "copy": replaced.copy,
    "clone": replaced.clone,
    "lie": lies.lie,
    "search": steps.search,
    "pack": steps.pack,
    "pair": steps.pair,
    "revoke": steps.revoke,
    "role": role_steps.role,
    "steal": role_steps.steal,
    "thief": role_steps.thief,
    "erase": role_steps.erase,
}

_FOR_ALL = frozenset(("pair", "wait", "clock", "partition", "join", "crash", "full", "room", "away", "back"))
# Steps that can happen to a machine that is not paired yet, in a paired world.


def run(plan: Plan) -> Counter[str]:
    """Run a plan; return what happened, counted.

    Fails with Broken, or with an exception that should not occur.
    """
    with _folder(plan) as folder:
        world = World(plan, folder)
        try:
            with patched(world.here, world.random):
                return _play(world)
        finally:
            world.close()


def _play(world: World) -> Counter[str]:
    """Take all steps, then heal the network and check the outcome."""
    plan = world.plan
    for number in range(plan.machines):
        world.add(plan.processes[number])
    for number in range(plan.notes):
        steps.edit(world, world.machines[0], world.machines[0], Random(f"{plan.seed} {number}"))
    if plan.first is not None:
        begin(world.machines, plan.first, plan.roles)
    if plan.met:
        world.sync()
    for step in plan.steps:
        _take(world, step)
    world.heal()
    seen = check_texts(world.members[0], world.ledger, plan.style) + _check_meaning(world)
    seen[f"{check_alike(world)} by all"] += 1
    # In a paired world no lie is believed.
    lies = world.paired is None and any(step.kind == "lie" for step in plan.steps)
    check_outcome(world.members, world.ledger, world.empty(), world.unfinished, lies=lies)
    seen += operations(world.members[0].running[0].vault)
    if world.roled is not None:
        seen["worlds with roles"] += 1
        seen["erased texts that are gone"] += world.roled.erasures.check(world.roled.holding)
    _check_links_after_an_edit(world)
    seen["worlds"] = 1
    return seen


def _take(world: World, step: Step) -> None:
    """Take one step, and let a little time pass."""
    one = world.machines[step.who]
    others = [machine for machine in world.machines if world.linked(one, machine)]
    other = others[step.other % len(others)]
    paired = world.paired
    roled = world.roled
    if roled is not None and roled.stolen in (one, other):
        one = other = roled.anchor
    if paired is None or step.kind in _FOR_ALL or all(map(paired.joined, (one, other))):
        KINDS[step.kind](world, one, other, Random(step.seed))
    world.clock.run(world.clock.now + 20)
    for machine in world.machines:
        for process in machine.running:
            check_waiting(process.vault.replica)
            check_stream(process.vault.replica)
    if paired is not None:
        paired.check()


def _check_meaning(world: World) -> Counter[str]:
    """Check what links mean now that all agree; return what was seen, counted."""
    after = leads(world.members[0].running[0].vault)
    seen = check_renamed(world.ledger.renamed, after)
    for machine in world.members:
        if machine.looked is not None:
            seen += check_meaning(machine.looked, after)
    return seen


def _check_links_after_an_edit(world: World) -> None:
    vault = world.members[0].running[0].vault
    for info in vault.names()[:3]:
        note = vault.note(info.name)
        note.append("#end")
        check_links(vault, note)


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
