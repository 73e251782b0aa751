from random import Random

import pytest

from crdtnotes.crdt import Rga
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Patch, Span
from crdtnotes.errors import InvalidChange, MissingChanges, OutOfRange
from tests.crdt import invariants


@pytest.fixture
def array() -> Rga:
    result = Rga()
    result.insert(OpId(1, 7), ROOT, "abcdef")
    return result


def test_an_insert_that_is_here_already_changes_nothing(array: Rga) -> None:
    assert array.insert(OpId(1, 7), ROOT, "abcdef") == []
    assert array.insert(OpId(3, 7), OpId(2, 7), "cdef") == []
    assert str(array) == "abcdef"


def test_a_delete_of_tombstones_changes_nothing(array: Rga) -> None:
    assert array.delete([Span(7, 2, 2)]) == [Patch(1, 2, "")]
    assert array.delete([Span(7, 2, 2), Span(7, 3, 1)]) == []
    assert str(array) == "adef"
    invariants.check(array)


def test_adjacent_tombstones_are_one_run(array: Rga) -> None:
    for counter in (2, 4, 3, 6, 5):
        array.delete([Span(7, counter, 1)])
        invariants.check(array)
    assert [len(chunk.runs) for chunk in array._group.chunks] == [2]
    assert list(array.runs()) == [(7, 1, 1, "a"), (7, 2, 5, "")]


def test_a_delete_of_something_unknown_changes_nothing(array: Rga) -> None:
    for span in (Span(7, 5, 3), Span(8, 1, 1)):
        with pytest.raises(MissingChanges):
            array.delete([Span(7, 1, 1), span])
    assert str(array) == "abcdef"


def test_an_insert_after_something_unknown_or_younger_is_refused(array: Rga) -> None:
    with pytest.raises(MissingChanges):
        array.insert(OpId(20, 8), OpId(9, 7), "x")
    with pytest.raises(InvalidChange):
        array.insert(OpId(3, 7), OpId(3, 7), "x") or array.insert(OpId(3, 8), OpId(4, 7), "x")
    assert str(array) == "abcdef"


def test_a_sibling_is_skipped_with_all_its_descendants(array: Rga) -> None:
    array.insert(OpId(9, 9), OpId(2, 7), "XY")
    array.insert(OpId(11, 1), OpId(9, 9), "z")
    array.insert(OpId(8, 1), OpId(2, 7), "low")
    assert str(array) == "abXzYlowcdef"
    invariants.check(array)


def test_thousands_of_siblings_are_sorted_from_the_greatest_down() -> None:
    random = Random(5)
    actors = random.sample(range(1, 2**63), 2000)
    array = Rga()
    for actor in actors:
        array.insert(OpId(1, actor), ROOT, "字")
        if actor % 3 == 0:
            array.insert(OpId(2 + actor % 5, 7 + actor), OpId(1, actor), "x")
    order = [actor for actor, counter, _, _ in array.runs() if counter == 1]
    assert order == sorted(actors, reverse=True)
    invariants.check(array)


def test_first_missing_names_the_first_element_that_is_not_here(array: Rga) -> None:
    assert array.first_missing(Span(7, 2, 5)) is None
    assert array.first_missing(Span(7, 5, 5)) == OpId(7, 7)
    assert array.first_missing(Span(8, 5, 5)) == OpId(5, 8)


def test_positions_outside_are_out_of_range(array: Rga) -> None:
    for index in (-1, 6):
        with pytest.raises(OutOfRange):
            array.id_at(index)
    for index, length in ((-1, 1), (0, 7), (2, -1)):
        with pytest.raises(OutOfRange):
            array.spans(index, length)
    with pytest.raises(MissingChanges):
        array.position(OpId(7, 7))
    assert array.before(0) == ROOT
    assert array.position(ROOT) == (0, False)
    assert OpId(6, 7) in array
    assert OpId(7, 7) not in array


def test_a_million_characters_in_one_insert() -> None:
    array = Rga()
    array.insert(OpId(1, 1), ROOT, "文" * 1_000_000)
    array.insert(OpId(2_000_000, 2), array.before(500_000), "!")
    assert len(array) == 1_000_001
    assert str(array)[499_999:500_002] == "文!文"
    invariant_runs = [length for _, _, length, _ in array.runs()]
    assert invariant_runs == [500_000, 1, 500_000]
