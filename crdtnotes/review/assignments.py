"""Values, names and whole notes that were set apart: of two versions one stands.

A version that does not stand is found unless somebody who had seen it has replaced or deleted it.
"""

from collections.abc import Iterator

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Before, Create, Elements, Insert, Op, Patch, Remove, Rename, Same, Set
from crdtnotes.crdt.values import Cell
from crdtnotes.markup.values import Edit, box_in
from crdtnotes.results import Choice
from crdtnotes.review.found import Found, Plan, Version, typed
from crdtnotes.review.past import Done, Past
from crdtnotes.review.regions import Region

MAX_SAMPLE = 200
"""The most characters of a sample of an edit."""


def values(past: Past, regions: list[Region]) -> Iterator[Found]:
    """Yield the values that do not stand, one finding for each value of a cell.

    Links that follow from a rename are left out: the note's name is found instead.
    """
    if not past.state.values.cells:
        return
    sets: dict[Id, list[Done]] = {}
    for done in past.done:
        if isinstance(done.op, Set):
            sets.setdefault(done.op.after, []).append(done)
    text = str(past.state.text)
    told = set()
    for delimiter, some in sets.items():
        cell = past.state.values.cells.get(delimiter)
        if cell is None:
            continue
        standing = cell.standing
        shown = past.state.values.visible(cell)
        for done in some:
            op = done.op
            if not isinstance(op, Set) or done.change not in past.apart_from_some or op.rank != done.id:
                continue
            if (op.value == standing and shown) or (delimiter, op.value) in told:
                continue
            if _is_known(past, done, some, cell):
                continue
            told.add((delimiter, op.value))
            if shown:
                found = _value(past, done, op, some, text)
            else:
                found = _deleted_value(past, done, op, cell, regions)
            if found is not None:
                yield found


def _is_known(past: Past, done: Done, some: list[Done], cell: Cell) -> bool:
    """Whether somebody who had seen a Set has set another value, or deleted this one or what stood for it."""
    spans: list[Elements] = [(cell.delimiter[1], cell.delimiter[0], 1)]
    spans += [(actor, value.counter, len(value.text)) for actor, value in cell.values.items()]
    if any(change != done.change and past.knows(change, done.change) for change in past.deleters(spans)):
        return True
    return any(later.id > done.id and past.knows(later.change, done.change) for later in some)


def _value(past: Past, done: Done, op: Set, some: list[Done], text: str) -> Found | None:
    cell = past.state.values.cells[op.after]
    standing = cell.standing
    winners = [one for one in some if isinstance(one.op, Set) and one.op.value == standing]
    winner = max(winners, key=_rank)
    index, _ = past.state.text.position(op.after)
    start = index + 1
    size = sum(length for _, _, length in past.state.values.visible(cell))
    stands = text[start : start + size]
    line = line_at(text, start)
    plans = {}
    whole = cell.values[standing].text
    if stands == whole:
        plans[Choice.OTHER] = Plan((Edit(Patch(start, size, op.text), is_value=True),))
        if box_in(line) is None:
            plans[Choice.BOTH] = Plan((Edit(Patch(start, size, f"{stands}, {op.text}"), is_value=True),))
        plans[Choice.STANDING] = Plan((Edit(Patch(start, size, stands), is_value=True),))
    return Found(
        "value",
        (op.after, op.value),
        start,
        line,
        Version(whole, past.changes[winner.change]),
        Version(op.text, past.changes[done.change]),
        plans,
    )


def _rank(done: Done) -> Id:
    return done.op.rank if isinstance(done.op, Set) else done.id


def _deleted_value(past: Past, done: Done, op: Set, cell: Cell, regions: list[Region]) -> Found | None:
    """Return the finding for a value in a text that somebody deleted apart."""
    counter, actor = cell.delimiter
    deleters = past.deleters([(actor, counter, 1)])
    if not deleters:
        deleters = past.deleters([(of, value.counter, len(value.text)) for of, value in cell.values.items()])
    if not deleters:
        return None
    deleter = deleters[0]
    whole, start = _as_it_was(past, done, op, deleter, regions)
    if whole and past.is_rewritten(whole, (done.change, deleter)):
        return None
    lines = whole.split("\n")
    before = whole[: whole.find(op.text)].count("\n") if whole else 0
    return Found(
        "deleted value",
        (op.after, op.value),
        past.state.text.position(cell.delimiter)[0] if start is None else start,
        lines[before].strip() or op.text,
        Version("", past.changes[deleter]),
        Version(op.text, past.changes[done.change]),
        {} if start is None else {Choice.OTHER: Plan((typed(start, 0, whole),))},
    )


def _as_it_was(
    past: Past, done: Done, op: Set, deleter: int, regions: list[Region]
) -> tuple[str, int | None]:
    """Return the text that was deleted around a value, with the value in it, and its place; "" if unknown."""
    by, own = past.actor(deleter), past.actor(done.change)
    for region in regions:
        if not any(part.has(op.after) for part in region):
            continue
        texts: list[str] = []
        start: int | None = None
        for part in region:
            actors = {past.actor(change) for change in part.changes}
            if part.visible or by not in actors or own in actors:
                continue
            start = part.at if start is None else start
            if part.has(op.after):
                cut = op.after[0] - part.counter + 1
                texts += part.text[:cut], op.text, part.text[cut:]
            else:
                texts.append(part.text)
        return "".join(texts), start
    return "", None


def names(past: Past) -> Iterator[Found]:
    """Yield the names that were given apart and do not stand."""
    renames = [done for done in past.done if isinstance(done.op, Rename)]
    register = past.state.name
    winner = next((done for done in renames if done.id == register.id), None)
    told = {register.value}
    for done in renames:
        name = _name(done.op)
        if winner is None or name in told or done.change not in past.apart_from_some:
            continue
        if any(later.id > done.id and past.knows(later.change, done.change) for later in renames):
            continue
        told.add(name)
        yield Found(
            "name",
            (done.id,),
            None,
            register.value,
            Version(register.value, past.changes[winner.change]),
            Version(name, past.changes[done.change]),
            {Choice.OTHER: Plan(name=name), Choice.STANDING: Plan(name=register.value)},
        )


def _name(op: Op) -> str:
    return op.name if isinstance(op, Rename) else ""


def existence(past: Past) -> Iterator[Found]:
    """Yield the deletes of the note that an edit apart from them took back."""
    if not past.state.exists:
        return
    removes: dict[int, dict[int, int]] = {}
    edits: dict[int, None] = {}
    for done in past.done:
        if isinstance(done.op, Remove):
            removes.setdefault(done.change, {}).update(done.op.cover)
        else:
            edits[done.change] = None
    for remove, cover in removes.items():
        edit = next(
            (
                change
                for change in edits
                if past.changes[change].seq > cover.get(past.actor(change), 0) and past.apart(change, remove)
            ),
            None,
        )
        if edit is None or not cover or _is_taken_note_of(past, remove):
            continue
        yield Found(
            "note",
            (past.changes[remove].actor, past.changes[remove].seq),
            None,
            past.state.name.value,
            Version(_sample(past, edit), past.changes[edit]),
            Version("", past.changes[remove]),
            {Choice.OTHER: Plan(remove=True)},
        )


def _is_taken_note_of(past: Past, remove: int) -> bool:
    """Whether the note was edited again by who had deleted it, or deleted or restored knowingly."""
    return any(
        done.change != remove
        and past.knows(done.change, remove)
        and (past.actor(done.change) == past.actor(remove) or isinstance(done.op, (Rename, Remove)))
        for done in past.done
    )


def _sample(past: Past, change: int) -> str:
    """Return some of the text that a change wrote, or "…" if it only deleted."""
    written = (Insert, Create, Same, Set, Before)
    texts = [done.op.text for done in past.done if done.change == change and isinstance(done.op, written)]
    return "".join(texts)[:MAX_SAMPLE] or "…"


def line_at(text: str, index: int) -> str:
    """Return the line of a text in which a position is."""
    end = text.find("\n", index)
    return text[text.rfind("\n", 0, index) + 1 : end if end >= 0 else len(text)]
