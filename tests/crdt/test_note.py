"""Notes compared with the model, which uses the set of changes; the notes get them in any causal order."""

from random import Random

import pytest

from crdtnotes.crdt import NoteState, version
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import (
    Create,
    Delete,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Unknown,
    Unlink,
    next_counter,
)
from crdtnotes.crdt.version import Version
from crdtnotes.errors import InvalidChange
from tests.reference import note_of, patched

LINKS = [("link", "系统"), ("tag", "t"), ("embed", "x")]
BIRTHS = {
    text: Create(2**63 + number, f"N{number}", text, (("link", "系统", 2),) if "[[" in text else ())
    for number, text in enumerate(["", "初 [[系统]] [[系统]]", "other 😀"])
}


class Author:
    """One replica of one note: a state, and its changes with the version that each depends on."""

    def __init__(self, actor: int) -> None:
        self.actor = actor
        self.state = NoteState()
        self.changes: dict[tuple[int, int], tuple[Op, ...]] = {}
        self.needs: dict[tuple[int, int], Version] = {}
        self.seen: Version = {}
        self.clock = 0
        self.starts: dict[tuple[int, int], int] = {}

    def make(self, random: Random) -> None:
        counter, ops = self.clock + 1, []
        seq = self.seen.get(self.actor, 0) + 1
        needs = dict(self.seen)
        follows = bool(self.state.derived) and random.random() < 0.2
        for number in range(random.randint(1, 3)):
            kinds = "f" if follows and not number else "illud" if follows else "cillluurxdddiii"
            op = self.operation(random, counter, seq, kinds)
            before = str(self.state.text)
            assert patched(before, self.state.apply(self.actor, seq, counter, (op,))) == str(self.state.text)
            counter = next_counter(counter, op)
            ops.append(op)
        start, self.clock = self.clock + 1, counter - 1
        self.keep((self.actor, seq), tuple(ops), needs, start)

    def operation(self, random: Random, counter: int, seq: int, kinds: str) -> Op:
        state, id = self.state, OpId(counter, self.actor)
        kind = random.choice(kinds if state.derived else "c")
        if kind == "f":
            return Follow(id)
        if kind == "c":
            return BIRTHS[random.choice(list(BIRTHS))]
        if kind == "d" and len(state.text):
            at = random.randrange(len(state.text))
            return Delete(state.text.spans(at, random.randint(1, len(state.text) - at)))
        if kind == "l":
            return Link(id, random.choice(LINKS))
        if kind == "u":
            element = random.choice(LINKS)
            return Unlink(element, state.links.tags(element))
        if kind == "r":
            return Rename(id, random.choice(["A", "乙", "c/d"]))
        if kind == "x":
            return Remove(
                version.pairs(self.seen | {self.actor: seq} if random.random() < 0.5 else self.seen)
            )
        return Insert(
            id, state.text.before(random.randint(0, len(state.text))), random.choice(["字", "ab\n"])
        )

    def keep(self, key: tuple[int, int], ops: tuple[Op, ...], needs: Version, start: int) -> None:
        self.changes[key], self.needs[key], self.starts[key] = ops, needs, start
        version.join(self.seen, dict([key]))

    def receive(self, other: "Author", random: Random) -> None:
        waiting = [key for key in other.changes if key not in self.changes]
        for _ in range(random.randint(0, len(waiting))):
            ready = [key for key in waiting if version.covers(self.seen, other.needs[key])]
            key = random.choice(ready)
            waiting.remove(key)
            self.take(key, other)

    def take(self, key: tuple[int, int], other: "Author") -> None:
        ops = other.changes[key]
        before = str(self.state.text)
        assert patched(before, self.state.apply(*key, other.starts[key], ops)) == str(self.state.text)
        self.keep(key, ops, other.needs[key], other.starts[key])
        self.clock = max(self.clock, other.clock)

    def shown(self) -> tuple[object, ...]:
        state = self.state
        return (
            str(state.text),
            state.links.counts(),
            state.name.value,
            frozenset(state.name.past),
            state.exists,
        )

    def expected(self) -> tuple[object, ...]:
        model = note_of((*key, self.starts[key], ops) for key, ops in self.changes.items())
        return model.text, dict(sorted(model.links.items())), model.name, model.former, model.exists


@pytest.mark.parametrize("seed", range(200))
def test_a_note_depends_only_on_the_set_of_its_changes(seed: int) -> None:
    random = Random(seed)
    authors = [Author(actor) for actor in (2, 1, 3)]
    for _ in range(25):
        one, other = random.sample(authors, 2)
        if random.random() < 0.6:
            one.make(random)
        else:
            one.receive(other, random)
        assert one.shown() == one.expected()
    everything = {key for author in authors for key in author.changes}
    while any(author.changes.keys() < everything for author in authors):
        one, other = random.sample(authors, 2)
        one.receive(other, random)
    assert authors[0].expected() == authors[0].shown() == authors[1].shown() == authors[2].shown()


def created(text: str = "初") -> NoteState:
    state = NoteState()
    state.apply(1, 1, 1, (Create(2**63, "N", text, ()),))
    return state


def test_a_note_exists_while_it_has_an_edit_that_no_remover_had_seen() -> None:
    state = created()
    assert state.exists
    state.apply(2, 1, 1, (Remove(((1, 1),)),))
    assert not state.exists
    state.apply(1, 2, 1, (Insert(OpId(5, 1), OpId(1, 2**63), "!"),))
    assert state.exists
    assert str(state.text) == "初!"
    state.apply(2, 2, 1, (Remove(((1, 2),)),))
    assert not state.exists


def test_a_remove_is_not_an_edit() -> None:
    state = created()
    state.apply(2, 1, 1, (Remove(((1, 1),)),))
    state.apply(3, 1, 1, (Remove(((1, 1),)),))
    assert not state.exists
    assert state.edits == {1: 1}


def test_what_follows_from_another_edit_is_no_edit() -> None:
    """In whatever order it meets the remove, and operation by operation as in an open draft."""
    follow: tuple[Op, ...] = (
        Follow(OpId(5, 1)),
        Insert(OpId(6, 1), OpId(1, 2**63), "!"),
        Link(OpId(7, 1), ("tag", "t")),
    )
    for order in (0, 1):
        state = created()
        changes = [((1, 2, 5), follow), ((2, 1, 1), (Remove(((1, 1),)),))]
        for key, ops in changes[::-1] if order else changes:
            state.apply(*key, ops)
        assert not state.exists
        assert (state.edits, state.follows, state.writes) == ({1: 1}, {1: 2}, {1: 2})
        assert str(state.text) == "初!"
        state.apply(1, 3, 8, (Insert(OpId(8, 1), OpId(6, 1), "!"),))
        assert state.exists
        assert str(state.text) == "初!!"
    singly = created()
    for number, op in enumerate(follow):
        singly.apply(1, 2, 5 + number, (op,))
    assert singly.edits == {1: 1}
    singly.apply(2, 1, 1, (Remove(((1, 1),)),))
    assert not singly.exists


def test_what_follows_from_another_edit_is_none_in_a_note_that_is_held() -> None:
    state = created()
    state.apply(2, 1, 1, (Unknown(19, 1, b"\x92\x13\x01"), Remove(((1, 1), (2, 1)))))
    state.apply(1, 2, 5, (Follow(OpId(5, 1)), Insert(OpId(6, 1), OpId(1, 2**63), "!")))
    assert state.newer
    assert not state.exists


def test_the_same_birth_counts_once_and_different_births_are_both_kept() -> None:
    state = created("same")
    state.apply(2, 1, 1, (Create(2**63, "N", "same", ()),))
    assert str(state.text) == "same"
    assert state.derived == {2**63: {1: 1, 2: 1}}
    state.apply(3, 1, 1, (Create(2**63 + 5, "n", "else", ()),))
    assert str(state.text) == "else\nsame"
    assert state.name.value == "n"


@pytest.mark.parametrize(
    "op",
    [
        Rename(OpId(1, 1), "x"),
        Unknown(9, 1, b""),
        Link(OpId(1, 1), ("link", "x")),
        Delete(()),
        Follow(OpId(1, 1)),
    ],
)
def test_a_note_that_was_never_created_cannot_be_edited(op: Op) -> None:
    with pytest.raises(InvalidChange):
        NoteState().apply(1, 1, 1, (op,))


def test_an_unknown_operation_is_an_edit_that_is_remembered() -> None:
    state = created()
    state.apply(2, 1, 1, (Remove(((1, 1),)),))
    assert not state.newer
    state.apply(1, 2, 1, (Unknown(19, 1, b"\x92\x13\x01"),))
    assert state.newer
    assert state.exists
