"""Merges mean what people meant: cases with their wanted texts, and random histories against the model."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt.authoring import named
from crdtnotes.crdt.births import seam_actor
from crdtnotes.crdt.ids import ROOT, Id
from crdtnotes.crdt.ops import Before, Create, Delete, Insert, Op, Same, Set
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.values import within
from crdtnotes.errors import MissingChanges
from tests.crdt import invariants
from tests.crdt.merging import Change, Peer, TestNames, birth, entries, order
from tests.merge_model import Shown, bundles, ids_of, seams, show

MILK = "- [ ] milk\n- [ ] tea\n"
FRONT = "---\nstatus: open\n---\n"
LINK = "See [[X]]. Two.\n"
CHANGED = "zero\none\ntwo\nthree\n"

A, B, BOTH = "a", "b", "ab"

Case = tuple[str, list[tuple[Any, ...]], str | set[str]]

CASES: dict[str, Case] = {
    "both tick a box": (MILK, [(BOTH, "set", 3, 4, "x")], "- [x] milk\n- [ ] tea\n"),
    "one ticks, one ticks and unticks": (
        MILK,
        [(A, "set", 3, 4, "x"), (B, "set", 3, 4, "x"), (B, "set", 3, 4, " ")],
        MILK,
    ),
    "one ticks, one deletes the line": (MILK, [(A, "set", 3, 4, "x"), (B, "delete", 0, 11)], "- [ ] tea\n"),
    "one ticks, one edits the words": (
        MILK,
        [(A, "set", 3, 4, "x"), (B, "write", MILK.replace("milk", "oat milk"))],
        "- [x] oat milk\n- [ ] tea\n",
    ),
    "one ticks and unticks again, one deletes the line": (
        MILK,
        [
            (BOTH, "set", 3, 4, "x"),
            (BOTH, "set", 3, 4, " "),
            (A, "set", 3, 4, "x"),
            (A, "set", 3, 4, " "),
            (B, "delete", 0, 11),
        ],
        "- [ ] tea\n",
    ),
    "renamed twice, renamed back, and the sentence deleted": (
        LINK,
        [
            (BOTH, "set", 6, 7, "Y"),
            (A, "set", 6, 7, "Z"),
            (A, "set", 6, 7, "Y"),
            (B, "delete", 0, 11),
        ],
        "Two.\n",
    ),
    "renamed back, the brackets and a part of the name deleted": (
        "See [[X]]. Two.\n",
        [
            (BOTH, "set", 6, 7, "Alpha"),
            (A, "set", 6, 11, "Z"),
            (A, "set", 6, 7, "Alpha"),
            (B, "delete", 8, 13),
            (B, "delete", 4, 6),
        ],
        "See Al. Two.\n",
    ),
    "both rename to one name": (LINK, [(BOTH, "set", 6, 7, "Y")], "See [[Y]]. Two.\n"),
    "renamed to two names": (
        LINK,
        [(A, "set", 6, 7, "Alpha"), (B, "set", 6, 7, "Beta")],
        "See [[Beta]]. Two.\n",
    ),
    "renamed, and the sentence deleted": (LINK, [(A, "set", 6, 7, "Y"), (B, "delete", 0, 11)], "Two.\n"),
    "renamed, and the brackets deleted": (
        LINK,
        [(A, "set", 6, 7, "Y"), (B, "write", "See X. Two.\n")],
        "See Y. Two.\n",
    ),
    "one scalar, two values": (
        FRONT,
        [(A, "set", 12, 16, "done"), (B, "set", 12, 16, "closed")],
        "---\nstatus: closed\n---\n",
    ),
    "a scalar set, its line deleted": (
        FRONT,
        [(A, "set", 12, 16, "done"), (B, "delete", 4, 17)],
        "---\n---\n",
    ),
    "a scalar set, and something typed behind": (
        FRONT,
        [(A, "set", 12, 16, "done"), (B, "type", 16, "!")],
        "---\nstatus: done!\n---\n",
    ),
    "both correct a typo": ("recieve it\n", [(BOTH, "write", "receive it\n")], "receive it\n"),
    "two words for one": (
        "on Monday, ok\n",
        [(A, "write", "on Tuesday, ok\n"), (B, "write", "on Wednesday, ok\n")],
        {"on TuesdayWednesday, ok\n", "on WednesdayTuesday, ok\n"},
    ),
    "a table's cell": (
        "| a | 1 |\n",
        [(A, "write", "| a | 2 |\n"), (B, "write", "| a | 3 |\n")],
        {"| a | 23 |\n", "| a | 32 |\n"},
    ),
    "both import a changed file": ("one\ntwo\n", [(BOTH, "write", CHANGED)], CHANGED),
    "both import it, one had edited elsewhere": (
        "one\ntwo\n",
        [(A, "type", 3, " and"), (A, "write", "zero\none and\ntwo\nthree\n"), (B, "write", CHANGED)],
        "zero\none and\ntwo\nthree\n",
    ),
    "both import it, one in two steps": (
        "one\ntwo\n",
        [(A, "write", "one\ntwo\n3\n"), (A, "write", "one\ntwo\n3\n4\n"), (B, "write", "one\ntwo\n3\n4\n")],
        "one\ntwo\n3\n4\n",
    ),
    "imported, deleted, imported again; imported": (
        "one\n",
        [(BOTH, "write", "one\ntwo\n"), (A, "delete", 4, 8), (A, "write", "one\ntwo\n")],
        "one\ntwo\n",
    ),
    "imported, deleted, imported again with more; imported": (
        "one\n",
        [
            (A, "write", "one\ntwo\n"),
            (A, "delete", 4, 8),
            (A, "write", "one\ntwo\nthree\n"),
            (B, "write", "one\ntwo\nthree\n"),
        ],
        "one\ntwo\nthree\n",
    ),
    "the same, above other lines": (
        "one\nend\n",
        [
            (A, "write", "one\ntwo\nthree\nend\n"),
            (A, "delete", 4, 14),
            (A, "write", "one\ntwo\nthree\nfour\nend\n"),
            (BOTH, "write", "one\ntwo\nthree\nfour\nend\n"),
        ],
        "one\ntwo\nthree\nfour\nend\n",
    ),
    "both type one line of a log": ("log\n", [(BOTH, "type", 4, "tea\n")], "log\ntea\ntea\n"),
    "both write upwards": (
        "list\nend\n",
        [(who, "type", 5, f"{who}{i}\n") for i in range(3) for who in BOTH],
        {"list\na2\na1\na0\nb2\nb1\nb0\nend\n", "list\nb2\nb1\nb0\na2\na1\na0\nend\n"},
    ),
    "one replaces the last line, one appends": (
        "log\nbad line\n",
        [(A, "write", "log\ngood words\n"), (B, "type", 13, "more\n")],
        "log\ngood words\nmore\n",
    ),
    "both move a line alike": ("a\nb\nc\n", [(BOTH, "write", "a\nc\nb\n")], "a\nc\nb\n"),
    "both capitalise, count up, respell": (
        "note 3 colour\n",
        [(BOTH, "write", "Note 4 color\n")],
        "Note 4 color\n",
    ),
    "one box, ticked by two hands": (
        "- [ ] a\n",
        [(A, "set", 3, 4, "x"), (B, "set", 3, 4, "X")],
        {"- [x] a\n", "- [X] a\n"},
    ),
    "两人勾选同一任务": ("- [ ] 买茶\n", [(BOTH, "set", 3, 4, "x")], "- [x] 买茶\n"),
    "状态改成两个值": (
        "状态：未完\n",
        [(A, "set", 3, 5, "完成"), (B, "set", 3, 5, "取消")],
        {"状态：完成\n", "状态：取消\n"},
    ),
}


def two(text: str) -> tuple[Peer, Peer]:
    """Two peers with one note."""
    ann, bob = Peer(1), Peer(2)
    ann.create(text)
    ann.meet(bob)
    return ann, bob


@pytest.mark.parametrize("name", CASES)
def test_a_merge_means_what_people_meant(name: str) -> None:
    text, steps, wanted = CASES[name]
    peers = dict(zip(BOTH, two(text), strict=True))
    for who, kind, *rest in steps:
        for one in who:
            getattr(peers[one], kind)(*rest)
    peers[A].meet(peers[B])
    assert peers[A].text == peers[B].text
    assert peers[A].text in ({wanted} if isinstance(wanted, str) else wanted)


@pytest.mark.parametrize(("value", "typed"), [("Y", ""), ("long name", ""), ("long name", "-")])
def test_both_take_the_delimiters_of_a_value_away(value: str, typed: str) -> None:
    """The value is written again, as text; by two people who make the same edit it is written once."""
    ann, bob = two(LINK)
    ann.set(6, 7, "gone")
    ann.delete(6, 10)  # so that the cell is closed without its delimiter
    ann.set(6, 6, value)
    if typed:
        ann.type(8, typed)
        value = value[:2] + typed + value[2:]
    ann.meet(bob)
    for peer in (ann, bob):
        peer.write(f"See {value}. Two.\n")
        assert peer.text == f"See {value}. Two.\n"
    ann.meet(bob)
    assert ann.text == bob.text == f"See {value}. Two.\n"
    ann.write("See. Two.\n")
    ann.write(f"See {value}. Two.\n")
    bob.receive(*ann.changes)
    assert bob.text == ann.text == f"See {value}. Two.\n"


def test_a_box_toggled_a_thousand_times_holds_two_values() -> None:
    ann, bob = two(MILK)
    for number in range(1000):
        ann.set(3, 4, "x "[number % 2])
    ann.meet(bob)
    (cell,) = bob.state.values.cells.values()
    assert len(cell.values) == 2
    assert bob.text == MILK


def memory_of(ops: Sequence[Op]) -> int:
    """The bytes that a note takes for operations, in one change."""
    ann, _ = two("ab")
    tracemalloc.start()
    ann.state.apply(1, 2, 10, tuple(ops))
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used


def test_what_many_small_edits_of_a_hostile_member_cost() -> None:
    """A piece that is the same whoever makes it takes some three times the memory of a typed character."""
    count, after, names = 2000, (1, birth("ab")), TestNames()
    typed = [Insert((10 + number, 1), after, "x") for number in range(count)]
    same = [
        Same((10 + number, 1), after, 1, number, named(names, after, 1, number, "x"))
        for number in range(count)
    ]
    lines = [Same((10, 1), after, 1, 0, named(names, after, 1, 0, "x\n" * 250))] * (count // 250)
    assert memory_of(typed) / count < 200
    assert memory_of(same) / count < 450
    assert memory_of(lines) / 250 < 450


def test_a_cell_with_very_many_values_costs_no_more_for_each() -> None:
    """Setting one of them does not walk through the others."""
    ann, _ = two("ab")
    after, names = (1, birth("ab")), TestNames()
    values = [str(number) for number in range(3000)]
    counter = 10
    for number, value in enumerate(values):
        actor = names.value(after, 5, value)
        patches = ann.state.values.set(after, 6, actor, value, (counter, 1), ())
        assert len(patches) <= 3
        counter += len(value)
        if not number % 500:
            assert ann.text == f"a{value}b"
    assert ann.text == "a2999b"
    (cell,) = ann.state.values.cells.values()
    assert len(cell.values) == len(values)


def test_a_delete_beyond_a_value_is_refused() -> None:
    ann, _ = two(MILK)
    ann.set(3, 4, "x")
    ((actor, cell),) = ann.state.values.cell_of.items()
    value = cell.values[actor]
    with pytest.raises(MissingChanges):
        ann.state.values.delete((99, 9), [(actor, value.counter, 2**40)])


def test_a_long_text_with_a_value_is_deleted_without_a_list_of_its_elements() -> None:
    ann, bob = two(MILK + "x" * 2_000_000)
    ann.set(3, 4, "x")
    ann.meet(bob)
    tracemalloc.start()
    change = ann.delete(0, len(ann.text))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000  # the text itself, a few times; its elements one by one take ten times as much
    assert change is not None
    bob.receive(change)
    assert ann.text == bob.text == ""


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 30), st.integers(1, 9)), max_size=8),
    st.sets(st.tuples(st.integers(1, 40), st.integers(1, 3)), max_size=60),
)
def test_elements_within_spans(spans: list[tuple[int, int, int]], ids: set[Id]) -> None:
    assert set(within(spans, ids)) == ids & ids_of(spans)


# -- random histories

WORDS = ("ab", "cd", "e", "fg ", "h\n", " ", "ij kl\n", "x\ny\n", "茶\n")
VALUES = ("x", " ", "-", "done", "open", "no go")
TEXTS = ("- [ ] ab cd\nk: open\n- [ ] e\n", "ab [ ] cd\nk: open\n", "k: open\n", "", "# ab\ncd", "k: open")


class History:
    """Three or four peers that edit, meet in part, late and twice, and at the end altogether."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.peers = [Peer(actor) for actor in range(1, random.choice((3, 3, 4)) + 1)]
        self.marks = 0
        self.blocks: list[list[Id]] = []
        self.orders: list[list[Id]] = []
        one_text = random.random() < 0.8
        text = random.choice(TEXTS)
        for peer in self.peers:
            peer.create(text if one_text else random.choice(TEXTS))

    def mark(self) -> str:
        """A character that no other edit has."""
        self.marks += 1
        return chr(0x4E00 + self.marks)

    def run(self) -> None:
        random = self.random
        for _ in range(random.randint(6, 26)):
            what = random.random()
            if what < 0.62:
                self.edit(random.choice(self.peers))
            elif what < 0.70:
                self.edit_alike()
            elif what < 0.76:
                self.set_alike()
            elif what < 0.92:
                peer, other = random.sample(self.peers, 2)
                changes = other.changes[-12:]
                peer.receive(*random.choices(changes, k=random.randint(1, len(changes))))
            else:
                one, other = random.sample(self.peers, 2)
                one.receive(*other.changes)
            if random.random() < 0.1:
                self.orders.append(order(random.choice(self.peers).state))

    def edit(self, peer: Peer) -> None:
        """One edit, after which the peer's text is the one that was asked for."""
        random, text = self.random, peer.text
        kind = random.choice(
            ("type", "type", "delete", "write", "write", "again", "set", "set", "up", "trick")
        )
        at = random.randint(0, len(text))
        end = min(len(text), at + random.randint(0, 5))
        wanted = text
        if kind == "type":
            new = random.choice(WORDS)
            wanted = text[:at] + new + text[at:]
            peer.type(at, new)
        elif kind == "delete":
            wanted = text[:at] + text[end:]
            peer.delete(at, end)
        elif kind == "write":
            wanted = text[:at] + random.choice(("", *WORDS)) + text[end:]
            peer.write(wanted)
        elif kind == "again":
            wanted = self.add_and_remove(peer, text)
        elif kind == "set":
            places = values_in(text)
            if places:
                start, end = random.choice(places)
                new = random.choice(VALUES)
                wanted = text[:start] + new + text[end:]
                peer.set(start, end, new, follows=random.random() < 0.3)
        elif kind == "up":
            wanted = self.write_upwards(peer, text)
        else:
            peer.trick(random)
            wanted = peer.text
        assert peer.text == wanted

    def add_and_remove(self, peer: Peer, text: str) -> str:
        """Add lines at a place and remove them, some times in a row: the same elements cannot come twice."""
        at = text.find("\n") + 1
        for _ in range(self.random.choice((1, 1, 3))):
            new = self.random.choice(("q\n", "q\nr\n"))
            if text.startswith("q\n", at):
                text = text[:at] + text[at + 2 :]
                peer.delete(at, at + 2)
            else:
                text = text[:at] + new + text[at:]
                peer.replace(at, at, new)
            assert peer.text == text
        return text

    def write_upwards(self, peer: Peer, text: str) -> str:
        random = self.random
        at = random.choice([0, *[i + 1 for i, one in enumerate(text) if one == "\n"]])
        block: list[Id] = []
        for _ in range(random.randint(2, 4)):
            new = f"{self.mark()}\n"
            text = text[:at] + new + text[at:]
            change = peer.type(at, new)
            assert change is not None
            block += [id for bundle in bundles(change[4][0]) for id in bundle.ids]
        self.blocks.append(block)
        return text

    def edit_alike(self) -> None:
        """Some peers make one edit, between the same two visible neighbours, whatever else differs."""
        random = self.random
        chosen = random.sample(self.peers, random.choice((2, 2, 3)))
        length = random.choice((0, 0, 1, 2))
        places = []
        for peer in chosen:
            visible: list[Id | None] = [ROOT, *show(entries(peer.changes)).visible, None]
            places.append({tuple(visible[i : i + length + 2]): i for i in range(len(visible) - length - 1)})
        common = sorted(set(places[0]).intersection(*places[1:]), key=repr)
        if not common:
            return
        where = random.choice(common)
        text = self.mark() + random.choice(("", f"\n{self.mark()}\n", f"\n{self.mark()}", " s\n"))
        in_steps = random.choice((*chosen, None))
        names = set()
        for peer, place in zip(chosen, places, strict=True):
            at, end = place[where], place[where] + length
            parts = [text]
            if peer is in_steps:  # one of them adds a line and then the next
                parts = [part for part in text.partition("\n") if part != "\n"]
                parts = [f"{parts[0]}\n", parts[1]] if "\n" in text else [text]
            changes = []
            for part in filter(None, parts):
                changes.append(peer.replace(at, end, part))
                at = end = at + len(part)
            names.add(
                tuple(
                    id
                    for change in changes
                    if change is not None
                    for bundle in bundles(change[4][0])
                    for id in bundle.ids
                )
            )
        assert len(names) == 1

    def set_alike(self) -> None:
        new = self.random.choice(VALUES)
        for peer in self.random.sample(self.peers, 2):
            places = values_in(peer.text)
            if places:
                peer.set(*places[0], new)

    def end(self) -> list[Change]:
        """Let everybody meet, and a peer that is new; check the result; return all changes."""
        random = self.random
        changes = [change for peer in self.peers for change in peer.log[peer.actor]]
        for peer in self.peers:
            random.shuffle(changes)
            peer.receive(*changes, *changes[:3])
            assert not peer.waiting
        fresh = Peer(99)
        random.shuffle(changes)
        fresh.receive(*changes)
        model = show(entries(changes))
        for peer in (*self.peers, fresh):
            self.check(peer, model)
        self.check_intent(changes, model)
        return changes

    def check(self, peer: Peer, model: Shown) -> None:
        assert order(peer.state) == model.order
        assert peer.text == model.text
        runs = list(peer.state.text.runs())
        assert runs == list(self.peers[0].state.text.runs())
        invariants.check(peer.state.text)
        restored = Rga.from_runs(runs)
        invariants.check(restored)
        assert list(restored.runs()) == runs

    def check_intent(self, changes: list[Change], model: Shown) -> None:
        ops = entries(changes)
        place = {id: number for number, id in enumerate(model.order)}
        # Two elements keep their order from the first state that holds both to the last.
        for seen in self.orders:
            at = [place[id] for id in seen]
            assert at == sorted(at)
        # An element that belongs to no value is visible unless somebody deleted or replaced it.
        values = {op.value for _, op in ops if isinstance(op, Set)}
        named = {id for _, op in ops if isinstance(op, (Delete, Set)) for id in ids_of(op.spans)}
        shown = set(model.visible)
        assert all((id in shown) != (id in named) for id in model.order if id[1] not in values)
        # Behind a delimiter at most one value stands.
        for delimiter in {op.after for _, op in ops if isinstance(op, Set)}:
            cell = {op.value for _, op in ops if isinstance(op, Set) and op.after == delimiter}
            assert len({id[1] for id in shown if id[1] in cell}) <= 1
        # What one person wrote upwards stands together: in between is only what hangs there.
        parent = {}
        for bundle in (*[bundle for _, op in ops for bundle in bundles(op)], *seams(ops)):
            at_id = bundle.at
            for id in bundle.ids:
                parent[id] = at_id
                at_id = id
        # Between two first texts is a newline, unless somebody deleted it.
        births = sorted({(op.birth, op.text) for _, op in ops if isinstance(op, Create) and op.text})
        for (actor, _), (before, text) in pairwise(births):
            between = model.order[place[1, before] : place[1, actor]]
            if not text.endswith("\n"):
                seam = (len(text), seam_actor(before))
                assert seam in between
                assert (seam in shown) != (seam in named)
        for block in self.blocks:
            members = set(block)
            numbers = [place[id] for id in block]
            for id in model.order[min(numbers) : max(numbers)]:
                while id != ROOT and id not in members:
                    id = parent[id]
                assert id != ROOT


def values_in(text: str) -> list[tuple[int, int]]:
    """Where boxes and scalars stand in a text."""
    found = []
    for i, one in enumerate(text):
        if one == "[" and (end := text.find("]", i)) > i:
            found.append((i + 1, end))
        if text.startswith("k: ", i) and (end := text.find("\n", i)) > i:
            found.append((i + 3, end))
    return found


HISTORIES = 40
"""The number of histories in a chunk."""


def test_random_histories_agree_with_the_model(histories_chunk: int) -> None:
    for seed in range(histories_chunk * HISTORIES, (histories_chunk + 1) * HISTORIES):
        history = History(seed)
        try:
            history.run()
            history.end()
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_histories_hold_every_kind_of_operation_and_of_birth() -> None:
    kinds: set[type] = set()
    births: Counter[int] = Counter()
    for seed in range(HISTORIES):
        history = History(seed)
        history.run()
        ops = [op for _, op in entries(history.end())]
        kinds |= set(map(type, ops))
        births[len({op.birth for op in ops if isinstance(op, Create)})] += 1
    assert kinds == {Create, Insert, Delete, Same, Set, Before}
    # Some notes begin with one text for all, others with two texts or three.
    assert births[1] >= 5
    assert births.total() - births[1] >= 5
