"""What is left of changes without some of their texts."""

from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes.block import pack, packable, unpack
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.erasing import ERASED_NAME, FILLER, erase, erased_in, ids_in, labels_of
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Create, Insert, Link, Rename, Unlink, runs_of
from crdtnotes.crdt.tags import Tags
from tests.changes.histories import changes

BIRTH = 2**127 + 9


def tags(*runs: tuple[int, int, int]) -> Tags:
    result = Tags()
    for actor, first, length in runs:
        result.add(actor, first, first + length)
    return result


def union(*sets: Tags) -> Tags:
    return tags(*(run for one in sets for run in one.runs()))


@st.composite
def some_of(draw: st.DrawFn, change: Change) -> Tags:
    """Some of the ids in a change, and one that is not in it."""
    ids = [tag for tag in ids_in(change) if draw(st.booleans())]
    return tags((7, 5, 2), *((tag.actor, tag.counter, 1) for tag in ids))


@given(changes(), st.data())
def test_it_makes_no_difference_in_how_many_steps_a_change_is_erased(
    change: Change, data: st.DataObject
) -> None:
    one, other = data.draw(some_of(change)), data.draw(some_of(change))
    at_once = erase(change, union(one, other), named=True)
    assert erase(erase(change, one, named=True), other, named=True) == at_once
    assert erase(erase(change, other, named=True), union(one, other), named=True) == at_once
    assert erase(at_once, one, named=True) is at_once


@given(changes(), st.data())
def test_what_a_change_holds_of_the_ids_is_enough(change: Change, data: st.DataObject) -> None:
    ids = data.draw(some_of(change))
    assert erase(change, erased_in(change, ids), named=True) == erase(change, ids, named=True)


@given(changes(), st.data())
def test_an_erased_change_is_read_back(change: Change, data: st.DataObject) -> None:
    erased = erase(change, data.draw(some_of(change)), named=True)
    assert decode(encode(erased)) == erased
    assert erased.last == change.last
    assert erased.is_erased == (erased is not change)
    if packable(erased):
        assert unpack(pack([erased])) == [erased]


@given(changes())
def test_nothing_is_left_of_a_change_that_is_erased_whole(change: Change) -> None:
    erased = erase(change, ids_in(change), named=True)
    for op in erased.ops:
        assert all(set(text) <= {FILLER} for _, _, text in runs_of(op))
        assert set(labels_of(op)) <= {ERASED_NAME}


def test_a_birth_keeps_the_links_that_its_text_still_has() -> None:
    links = (("link", "KEPT", 1), ("link", "gone", 1), ("tag", "other", 1))
    birth = Create(BIRTH, "name", "[[kept]] [[gone]] #other", links)
    change = Change(7, 1, 1, (), 0, bytes(16), (birth,))
    erased = erase(change, tags((BIRTH, 12, 4)), named=True)
    (op,) = erased.ops
    assert op == birth._replace(text=f"[[kept]] [[{FILLER * 4}]] #other", links=(links[0], links[2]))
    assert erased.format == change.format + 16


def test_without_being_named_a_change_loses_only_what_others_bring_too() -> None:
    ids = tags((7, 1, 100), (BIRTH, 1, 5), (8, 3, 1))
    own = (Insert(OpId(1, 7), ROOT, "text"), Rename(OpId(5, 7), "n"), Link(OpId(6, 7), ("link", "x")))
    change = Change(7, 1, 1, (), 0, bytes(16), own)
    assert erase(change, ids, named=False) is change
    alike = Change(7, 1, 1, (), 0, bytes(16), (Create(BIRTH, "name", "words", ()),))
    assert erase(alike, ids, named=False) == erase(alike, ids, named=True) != alike
    unlinked = Change(9, 1, 5, (), 0, bytes(16), (Unlink(("link", "x"), (OpId(3, 8),)),))
    (op,) = erase(unlinked, ids, named=False).ops
    assert op == Unlink(("link", ERASED_NAME), (OpId(3, 8),))
