"""When all agree, each does the same thing, apart from the others: then it is done once, not once for each.

It may be a whole-text write, a rename, or a new note. Sometimes one person is ahead of the others: a line at
the top is new, or part of the change was written before.
"""

from collections.abc import Callable
from random import Random

from tests.simulation.lines import BLOCKS, FIELDS, boxes, fields, line_starts, lines_of, some_lines
from tests.simulation.machine import Machine
from tests.simulation.oracles import require
from tests.simulation.outcome import check_agreement
from tests.simulation.world import World

Doing = Callable[[Machine], None]


def check_alike(world: World) -> str:
    """Let all members do one thing apart and meet; return what it was."""
    random = Random(f"alike {world.plan.seed}")
    first = world.members[0]
    names = first.running[0].vault.names()
    kind = random.choice(("write", "write", "write", "rename", "create")) if names else "create"
    leader: Machine | None = None
    if kind == "create":
        do = _create(world, random)
    else:
        name = random.choice(names).name
        if kind == "rename":
            do = _rename(name, random.choice(world.pen.names))
        else:
            do, ahead = _write(world, name, random)
            if random.random() < 0.5:
                leader = random.choice(world.writers)
                ahead(leader)
    for machine in world.writers:
        do(machine)
    others = [_shown(machine) for machine in world.writers if machine is not leader]
    require(all(shown == others[0] for shown in others), f"one {kind} made different texts of one text")
    wanted = _shown(leader or first)
    world.agree()
    check_agreement(world.members)
    require(_shown(first) == wanted, f"one {kind} that all made apart counts more than once")
    return kind


def _shown(machine: Machine) -> dict[str, str]:
    vault = machine.running[0].vault
    return {info.name: vault.note(info.name).text for info in vault.names()}


def _create(world: World, random: Random) -> Doing:
    name, text = f"alike {random.choice(world.pen.names)}", world.pen.page(random)
    world.ledger.wrote(lines_of(text))

    def create(machine: Machine) -> None:
        machine.running[0].vault.create_note(name, text)

    return create


def _rename(name: str, new: str) -> Doing:
    def rename(machine: Machine) -> None:
        vault = machine.running[0].vault
        machine.person.rename(vault, vault.note(name), new)

    return rename


def _write(world: World, name: str, random: Random) -> tuple[Doing, Doing]:
    """A change of a text behind its first line, and what one person does before."""
    text = world.members[0].running[0].vault.note(name).text
    start = line_starts(text)[:2][-1]
    new, half = _changed(world, text, start, random)
    top = "" if fields(text) or not start else world.pen.line(random)

    def change(machine: Machine) -> None:
        note = machine.running[0].vault.note(name)
        lead = note.text[: len(note.text) - len(half if note.text.endswith(half) else text)]
        machine.person.write(note, lead + new)

    def ahead(machine: Machine) -> None:
        note = machine.running[0].vault.note(name)
        if half != text:
            machine.person.write(note, half)
        if top:
            note.insert(0, top)

    return change, ahead


def _changed(world: World, text: str, start: int, random: Random) -> tuple[str, str]:
    """A changed text, and what it is when a part of the change is done."""
    head, rest = text[:start], text[start:]
    kind = random.choice(("add", "swap", "drop", "move", "tick", "field", "block"))
    one, end = some_lines(rest, random)
    half = rest
    if kind == "add":
        at = random.choice(line_starts(rest))
        lines = [world.pen.line(random) for _ in range(random.randint(1, 3))]
        half = rest[:at] + (lines[0] if len(lines) > 1 else "") + rest[at:]
        rest = rest[:at] + "".join(lines) + rest[at:]
    elif kind == "swap":
        rest = rest[:one] + world.pen.lines(random, 2) + rest[end:]
    elif kind == "drop":
        rest = rest[:one] + rest[end:]
    elif kind == "move":
        without = rest[:one] + rest[end:]
        at = random.choice(line_starts(without))
        rest = without[:at] + rest[one:end] + without[at:]
    elif kind == "block":
        at = line_starts(rest)[-1]
        rest = rest[:at] + random.choice(BLOCKS) + rest[at:]
    elif kind == "tick" and any(boxes(rest)):
        at = random.choice(list(boxes(rest)))
        rest = rest[:at] + ("x" if rest[at] == " " else " ") + rest[at + 1 :]
    elif kind == "field" and fields(text):
        begin, until, field = random.choice(fields(text))
        changed = text[:begin] + random.choice(FIELDS[field]) + text[until:]
        return changed, text
    return head + rest, head + half
