"""Naive models of the data types: slow, declarative, and written independently of the code that they check.

Each computes its result from the *set* of operations, so it cannot depend on the order of arrival.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from crdtnotes.crdt.ids import ROOT, Id, OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Element,
    Follow,
    Insert,
    Link,
    Op,
    Patch,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
)
from tests.merge_model import entries, show


def rga_text(ops: Iterable[Op]) -> str:
    """The text of a set of operations: a tree, siblings from the greatest id down, read in preorder."""
    parent: dict[Id, Id] = {}
    character: dict[Id, str] = {}
    deleted: set[Id] = set()
    for op in ops:
        match op:
            case Delete():
                deleted |= {(first + i, actor) for actor, first, length in op.spans for i in range(length)}
                continue
            case Create():
                op = Insert(OpId(1, op.birth), ROOT, op.text)
            case Insert():
                pass
            case Rename() | Link() | Unlink() | Remove() | Follow() | Unknown():
                continue
            case Same() | Set() | Before():
                raise TypeError("tests/merge_model.py has the model that knows these")
            case _:
                assert_never(op)
        after = op.after
        for i, one in enumerate(op.text):
            id = (op.id[0] + i, op.id[1])
            parent[id], character[id] = after, one
            after = id
    children: dict[Id, list[Id]] = {}
    for id, after in parent.items():
        children.setdefault(after, []).append(id)
    for siblings in children.values():
        siblings.sort()  # the greatest is popped first
    stack = children.get(ROOT, [])[:]
    shown = []
    while stack:
        id = stack.pop()
        if id not in deleted:
            shown.append(character[id])
        stack += children.get(id, [])
    return "".join(shown)


def patched(text: str, patches: Iterable[Patch]) -> str:
    """A text after patches, each applied to the result of the patch before."""
    for start, removed, inserted in patches:
        assert 0 <= start <= start + removed <= len(text)
        text = text[:start] + inserted + text[start + removed :]
    return text


@dataclass(frozen=True)
class NoteModel:
    """The visible state of a note, from the set of its changes `(actor, seq, ops)`."""

    text: str
    links: dict[Element, int]
    name: str
    former: frozenset[str]
    exists: bool


def note_of(changes: Iterable[tuple[int, int, int, tuple[Op, ...]]]) -> NoteModel:
    """The note that results from a set of changes `(actor, seq, start, ops)`."""
    changes = list(changes)
    ops = [op for _, _, _, change in changes for op in change]
    removed = {(op.element, tag) for op in ops if isinstance(op, Unlink) for tag in op.tags}
    links: dict[Element, int] = {}
    for element, _ in {pair for op in ops for pair in _adds(op)} - removed:
        links[element] = links.get(element, 0) + 1
    names = sorted(pair for op in ops for pair in _names(op))
    covers = [dict(op.cover) for op in ops if isinstance(op, Remove)]
    exists = any(
        all(cover.get(actor, 0) < seq for cover in covers)
        for actor, seq, _, change in changes
        if any(not isinstance(op, Remove) for op in change) and not isinstance(change[0], Follow)
    )
    return NoteModel(
        show(entries(changes)).text,
        links,
        names[-1][1] if names else "",
        frozenset(name for _, name in names),
        exists,
    )


def _adds(op: Op) -> Iterator[tuple[Element, OpId]]:
    match op:
        case Link():
            yield op.element, op.id
        case Create():
            for kind, value, count in op.links:
                for number in range(1, count + 1):
                    yield (kind, value), OpId(number, op.birth)
        case Insert() | Delete() | Same() | Set() | Before() | Rename() | Unlink() | Remove():
            pass
        case Follow() | Unknown():
            pass
        case _:
            assert_never(op)


def _names(op: Op) -> Iterator[tuple[OpId, str]]:
    match op:
        case Rename():
            yield op.id, op.name
        case Create():
            yield ROOT, op.name
        case Insert() | Delete() | Same() | Set() | Before() | Link() | Unlink() | Remove():
            pass
        case Follow() | Unknown():
            pass
        case _:
            assert_never(op)
