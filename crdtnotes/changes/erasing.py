"""Erased changes: a change without some of its texts, in the place of the one that its author wrote.

The elements keep their ids, so what was built on them still has its place. Each erased character becomes
FILLER, an erased name or link target ERASED_NAME.

Rules
    - What is erased is named by ids: those of characters, and those of the operations that name the note or
      that add or remove a link. A birth has no ids for its links: those that its text does not hold any more
      go with the text.
    - A newline at the end of a birth stays: whether there is a seam behind it depends on that
      (crdt/births.py).
    - Erasing one set of ids and then another gives the same bytes as erasing both at once, in either order.
      So replicas that hear of the same erasures hold the same bytes.
    - An erased change has a format of its own (`change.ERASED`), so nobody can pass it off as one that its
      author wrote.
"""

from collections.abc import Iterator
from typing import assert_never

from msgspec.structs import replace

from crdtnotes.changes.change import ERASED, NO_HASH, Change
from crdtnotes.crdt.ids import BIRTH
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
    next_counter,
    runs_of,
)
from crdtnotes.crdt.tags import Tags

FILLER = "\x1a"
"""The control character SUBSTITUTE: one byte, so that a change never grows when it is erased."""

ERASED_NAME = "erased"
"""The name of a note whose name was erased, and the target of an erased link."""


def labels_of(op: Op) -> list[str]:
    """Return what an operation says apart from text: a name, and the targets of links."""
    match op:
        case Create():
            return [op.name, *(value for _, value, _ in op.links)]
        case Rename():
            return [op.name]
        case Link() | Unlink():
            return [op.element[1]]
        case Insert() | Before() | Same() | Set() | Delete() | Remove() | Follow() | Unknown():
            return []
        case _:
            assert_never(op)


def ids_in(change: Change) -> Tags:
    """Return all ids in a change that can be erased."""
    ids = Tags()
    for op, counter in _counted(change):
        for actor, first, text in runs_of(op):
            if text:
                ids.add(actor, first, first + len(text))
        if labels_of(op):
            ids.add(change.actor, counter, counter + 1)
    return ids


def erased_in(change: Change, ids: Tags) -> Tags:
    """Return those of the ids that decide what `erase` leaves of a change that an erasure has named.

    They include the own ids of Unlinks whose Links are erased. So erasing just these gives the same.
    """
    found = Tags()
    for actor, first, length in ids_in(change).runs():
        begin, end = first, first + length
        for gap, until in [*ids.missing(actor, begin, end), (end, end)]:
            if begin < gap:
                found.add(actor, begin, gap)
            begin = until
    for op, counter in _counted(change):
        if isinstance(op, Unlink) and _is_unlinked(op, ids):
            found.add(change.actor, counter, counter + 1)
    return found


def _is_unlinked(op: Unlink, ids: Tags) -> bool:
    """Whether the Link of any tag is erased."""
    return any(
        tag.actor < BIRTH and not ids.missing(tag.actor, tag.counter, tag.counter + 1) for tag in op.tags
    )


def erase(change: Change, ids: Tags, *, named: bool, original: bytes = NO_HASH) -> Change:
    """Return a change without the texts that have these ids; the very same change if there are none.

    Unless an erasure has `named` the change, nothing is erased from it but for what several changes can bring
    alike: if it has characters with derived actors that are erased, or an Unlink of a Link that is.
    `original` is the hash of its stream there, which has to be right only where the result is stored or sent.
    """
    ops = _ops_without(change, ids, named=named or change.is_erased)
    if ops != change.ops and not named:
        ops = _ops_without(change, ids, named=True)
    if ops == change.ops:
        return change
    form = change.format % ERASED + ERASED
    return replace(change, ops=ops, format=form, original=change.original or original)


def _ops_without(change: Change, ids: Tags, *, named: bool) -> tuple[Op, ...]:
    ops: list[Op] = []
    for op, counter in _counted(change):
        own = named and not ids.missing(change.actor, counter, counter + 1)
        ops.append(_erased(op, ids, named=named, own=own))
    return tuple(ops)


def _counted(change: Change) -> Iterator[tuple[Op, int]]:
    """Yield the operations with their own counters."""
    counter = change.start
    for op in change.ops:
        yield op, counter
        counter = next_counter(counter, op)


def _erased(op: Op, ids: Tags, *, named: bool, own: bool) -> Op:
    """Return the erased form of an operation; `own` tells whether its own id is to be erased."""
    match op:
        case Insert():
            return Insert(op.id, op.after, _text(op.id[1], op.id[0], op.text, ids)) if named else op
        case Before():
            return op._replace(text=_text(op.id[1], op.id[0], op.text, ids)) if named else op
        case Create():
            text = _text(op.birth, 1, op.text, ids)
            if op.text.endswith("\n"):
                text = text[:-1] + "\n"
            links = op.links if text == op.text else _still_in(text, op.links)
            return op._replace(text=text, links=links, name=ERASED_NAME if own else op.name)
        case Same():
            return op._replace(
                pieces=tuple((actor, _text(actor, first, text, ids)) for actor, first, text in op.runs)
            )
        case Set():
            return op._replace(text=_text(op.value, op.base + 1, op.text, ids))
        case Rename():
            return op._replace(name=ERASED_NAME) if own else op
        case Link():
            return op._replace(element=(op.element[0], ERASED_NAME)) if own else op
        case Unlink():
            gone = own or _is_unlinked(op, ids)
            return op._replace(element=(op.element[0], ERASED_NAME)) if gone else op
        case Delete() | Remove() | Follow() | Unknown():
            return op
        case _:
            assert_never(op)


def _text(actor: int, first: int, text: str, ids: Tags) -> str:
    """Return a text whose first character has the id `(first, actor)`, with FILLER for what is erased."""
    end = first + len(text)
    kept = ids.missing(actor, first, end)
    if kept == [(first, end)] or not text:
        return text
    pieces: list[str] = []
    at = first
    for begin, until in [*kept, (end, end)]:
        pieces += (FILLER * (begin - at), text[begin - first : until - first])
        at = until
    return "".join(pieces)


def _still_in(text: str, links: tuple[tuple[str, str, int], ...]) -> tuple[tuple[str, str, int], ...]:
    """Return the links whose targets a text holds, apart from what was erased.

    So fewer characters never leave more links, and it does not matter in how many steps a text is erased.
    """
    folded = text.casefold()
    return tuple(link for link in links if FILLER not in link[1] and link[1].casefold() in folded)
