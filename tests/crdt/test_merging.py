"""Merges mean what people meant: cases with their wanted texts, and random histories against the model."""

import gc
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt.authoring import named
from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Insert, Op, Same
from crdtnotes.crdt.values import within
from crdtnotes.errors import MissingChanges
from tests.crdt.merging import Peer, TestNames, birth
from tests.merge_model import ids_of

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
