"""The plan of a world: drawn from a seed and kept as data, so that it can be replayed and made smaller.

Each step has its own seed: leaving one step out does not change the effect of the others.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from crdtnotes.trust.roles import Role
from tests.simulation.lines import MIXED, STYLES

WEIGHTS = {
    "edit": 44,
    "meet": 16,
    "wait": 10,
    "post": 5,
    "cut": 3,
    "crash": 2,
    "crash soon": 4,
    "full": 1,
    "room": 2,
    "clock": 2,
    "partition": 1,
    "join": 2,
    "away": 1,
    "back": 2,
    "backup": 2,
    "restore": 1,
    "copy": 1,
    "clone": 1,
    "lie": 3,
    "search": 1,
    "pack": 5,
}
"""Relative frequency of each kind of step, if all kinds may happen."""

PAIRED = 0.2
"""The share of worlds in which the machines are paired devices, and all changes are signed."""

ROLED = 0.4
"""The share of paired worlds in which devices have roles, and lose and regain them (see roled.py)."""

FAULTS = ("cut", "crash", "full", "clock", "partition", "away", "restore", "copy", "clone", "lie", "post")
"""Each world has only some of these faults, so that each also happens with few others."""

_GO_TOGETHER = {
    "crash": ("crash", "crash soon"),
    "full": ("full", "room"),
    "partition": ("partition", "join"),
    "away": ("away", "back"),
    "restore": ("backup", "restore"),
}


class Step(NamedTuple):
    """Something that happens to machine `who`, and perhaps to `other`; `seed` decides the rest."""

    kind: str
    who: int
    other: int
    seed: int


class Roles(NamedTuple):
    """The roles of devices in the beginning, and what may happen to them (see roled.py for the rules)."""

    first: tuple[Role, ...]
    """The role that each machine gets when it is first paired. The first machine is the founder."""
    liar: Role
    anchor: int
    """The machine whose device is an owner all the time."""
    forks: bool
    """Whether machines may be cloned or restored; then no device loses the right to write."""
    all_return: bool
    """Whether in the end devices that are out are paired again, and readers may write."""


@dataclass(frozen=True)
class Plan:
    """A world and the steps that happen in it."""

    seed: int
    machines: int
    edges: tuple[tuple[int, int], ...]
    """The pairs of machines that ever connect."""
    processes: tuple[int, ...]
    """The number of processes that have each machine's replica open."""
    notes: int
    """Notes that exist from the beginning."""
    delay: int
    """The maximum travel time of a frame in ms."""
    loss: float
    twice: float
    steps: tuple[Step, ...]
    met: bool = True
    """Whether all have met once, with the first notes, before the steps begin."""
    style: str = MIXED
    """How people write (see lines.py)."""
    first: int | None = None
    """In a paired world, the number of machines that are paired from the beginning; else None."""
    roles: "Roles | None" = None
    """The roles in a world that has some."""

    def keep(self, numbers: list[int]) -> "Plan":
        """The same world with only these steps."""
        return replace(self, steps=tuple(self.steps[number] for number in numbers))


def draw(seed: int) -> Plan:
    """Draw a world and its schedule."""
    random = Random(seed)
    large = random.random() < 0.003
    machines = random.choice((2, 2, 3, 3, 3, 4)) if not large else random.randint(4, 8)
    faults = {fault for fault in FAULTS if random.random() < 0.3}
    # Loose batches carry no hashes of the changes they build on, so they only occur in worlds without forks.
    if random.random() < 0.35:
        faults = (faults | {"post"}) - {"clone", "restore", "copy", "lie"}
    else:
        faults.discard("post")
    banned = {kind for fault in set(FAULTS) - faults for kind in _GO_TOGETHER.get(fault, (fault,))}
    kinds = [kind for kind in WEIGHTS if kind not in banned]
    weights = [WEIGHTS[kind] * (3 if kind in faults else 1) for kind in kinds]
    length = random.randint(5, 18) if not large else random.randint(150, 300)
    steps = tuple(
        Step(kind, random.randrange(machines), random.randrange(machines - 1), random.getrandbits(32))
        for kind in random.choices(kinds, weights, k=length)
    )
    plan = Plan(
        seed,
        machines,
        _edges(random, machines),
        tuple(2 if random.random() < 0.1 else 1 for _ in range(machines)),
        random.choice((0, 1, 2)) if not large else random.randint(10, 60),
        random.choice((1, 50, 2000)),
        random.choice((0.0, 0.1, 0.4)),
        random.choice((0.0, 0.2)),
        steps,
    )
    # Paired worlds use a random generator of their own, so that the other worlds do not change.
    chance = Random(f"devices {seed}")
    if chance.random() < PAIRED:
        plan = _paired(plan, chance)
    plan = _with_style(plan, Random(f"lines {seed}"))
    chance = Random(f"roles {seed}")
    if plan.first is not None and chance.random() < ROLED:
        plan = _with_roles(plan, chance)
    return plan


def _with_style(plan: Plan, random: Random) -> Plan:
    """The same world in which people write in some style."""
    [style] = random.choices(STYLES, (6, 2, 2))
    plan = replace(plan, notes=plan.notes + 1, met=random.random() < 0.8)
    if style == MIXED:
        return plan
    # A liar's lines are in nobody's books, nor are those that were committed in the moment of a crash.
    steps = tuple(step for step in plan.steps if step.kind not in ("lie", "crash soon"))
    return replace(plan, style=style, steps=steps)


def _paired(plan: Plan, random: Random) -> Plan:
    """The same world with devices: some are paired during the run, and in some worlds one is revoked."""
    first = max(1, plan.machines - random.choice((0, 0, 1, 1, 2)))
    steps = list(plan.steps)

    def insert(kind: str, earliest: float, who: int | None = None) -> None:
        at = random.randint(int(earliest * len(steps)), len(steps))
        who = random.randrange(plan.machines) if who is None else who
        steps.insert(at, Step(kind, who, random.randrange(plan.machines - 1), random.getrandbits(32)))

    for _ in range(2 * (plan.machines - first)):
        insert("pair", 0.0)
    if random.random() < 0.4:
        for _ in range(3):
            insert("lie", 0.1)
    luck = random.random()
    if luck < 0.35:
        for _ in range(3):
            insert("revoke", 0.2)
            insert("post", 0.5)
            insert("meet", 0.4)
            insert("edit", 0.4)
    elif luck < 0.75:
        # Changes carried by hand have no hashes of the changes they build on: not in worlds with forks.
        steps = [step for step in steps if step.kind != "post"]
        if random.random() < 0.4:
            # A machine whose clock went back before it was restored is left to people.
            steps = [step for step in steps if step.kind != "clock"]
            who = random.randrange(plan.machines)
            steps.insert(len(steps) // 3, Step("backup", who, 0, 0))
            for _ in range(3):
                insert("restore", 0.5, who)
        else:
            insert("clone", 0.2)
            insert("clone", 0.2)
        for _ in range(len(steps)):
            insert(random.choice(("edit", "edit", "meet")), 0.2)
    return replace(plan, first=first, steps=tuple(steps))


def _with_roles(plan: Plan, random: Random) -> Plan:
    """The same paired world with roles: they change, devices are revoked, and one may be stolen."""
    machines = plan.machines
    if machines < 3:
        machines = 3 + (random.random() < 0.3)
        edges = _edges(random, machines)
        processes = (*plan.processes, *(1 for _ in range(machines - plan.machines)))
        plan = replace(plan, machines=machines, edges=edges, processes=processes)
    first = machines - (random.random() < 0.4)
    owners = 1 + (random.random() < 0.7)
    roles = [Role.OWNER] * owners + random.choices(list(Role), (3, 4, 3), k=machines - owners)
    forks = any(step.kind in ("clone", "restore") for step in plan.steps)
    anchor = random.randrange(owners)
    # A device that is revoked and one that waits for another's signature are left to people together.
    steps = [step for step in plan.steps if step.kind not in ("revoke", "pair")]
    kinds = ["role"] * 4 + ["edit"] * 4 + ["meet"] * 3 + ["pair"] * 2
    if not forks:
        kinds += ["role", "role", "revoke", "revoke", "post", "edit", "steal", "thief", "thief"]
        if plan.style == MIXED:
            kinds += ["erase", "erase"]
        if random.random() < 0.3:
            kinds = [kind for kind in kinds if kind != "steal"] + ["partition"]
    if plan.style == MIXED:
        kinds += ["lie"] * random.choice((0, 0, 2))
    for kind in kinds:
        step = Step(kind, random.randrange(machines), random.randrange(machines - 1), random.getrandbits(32))
        steps.insert(random.randint(0, len(steps)), step)
    liar = random.choice(list(Role))
    return replace(
        plan,
        first=first,
        steps=tuple(steps),
        roles=Roles(tuple(roles), liar, anchor, forks, random.random() < 0.6),
    )


def _edges(random: Random, machines: int) -> tuple[tuple[int, int], ...]:
    """The edges of a chain, a star, a ring or a complete graph; always connected."""
    shape = random.choice(("chain", "star", "ring", "all"))
    if shape == "chain":
        return tuple((n, n + 1) for n in range(machines - 1))
    if shape == "star":
        return tuple((0, n) for n in range(1, machines))
    if shape == "ring":
        return tuple(
            {(min(n, (n + 1) % machines), max(n, (n + 1) % machines)): None for n in range(machines)}
        )
    return tuple((a, b) for a in range(machines) for b in range(a + 1, machines))
