from random import Random

from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt import OrSet
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Element, Link, Unlink
from tests.reference import note_of

X, Y, TAG = ("link", "分布式系统"), ("link", "CAP定理"), ("tag", "a")
elements = st.sampled_from([X, Y, TAG])
tags = st.builds(OpId, st.integers(1, 6), st.integers(1, 3))
ops = st.one_of(
    st.builds(Link, tags, elements),
    st.builds(Unlink, elements, st.lists(tags, max_size=4).map(tuple)),
)


def made_of(operations: list[Link | Unlink]) -> OrSet:
    result = OrSet()
    for op in operations:
        if isinstance(op, Link):
            result.add(op.element, op.id)
        else:
            result.remove(op.element, op.tags)
    return result


@given(st.lists(ops, max_size=25), st.randoms(use_true_random=False))
def test_the_result_depends_only_on_the_set_of_operations(
    operations: list[Link | Unlink], random: Random
) -> None:
    shuffled = operations * 2
    random.shuffle(shuffled)
    result = made_of(shuffled)
    expected = note_of([(1, 1, 1, tuple(operations))]).links
    assert result.counts() == expected
    assert set(result) == set(expected)
    assert len(result) == len(expected)
    assert result.export() == made_of(operations).export()
    assert OrSet.load(result.export()).export() == result.export()


def test_an_add_that_the_remover_had_not_seen_survives() -> None:
    result = made_of([Link(OpId(1, 1), X), Link(OpId(1, 2), X), Unlink(X, (OpId(1, 1),))])
    assert X in result
    assert result.tags(X) == (OpId(1, 2),)
    result.remove(X, [OpId(1, 2)])
    assert X not in result


def test_a_tag_removed_before_its_add_never_becomes_alive() -> None:
    assert X not in made_of([Unlink(X, (OpId(1, 1),)), Link(OpId(1, 1), X)])


def test_a_tag_is_only_removed_from_its_own_element() -> None:
    result = made_of([Unlink(Y, (OpId(1, 1),)), Link(OpId(1, 1), X)])
    assert result.counts() == {X: 1}


wanted = st.dictionaries(elements, st.integers(1, 4))


@given(st.lists(ops, max_size=15), wanted)
def test_reconciling_makes_the_set_match_the_text(
    operations: list[Link | Unlink], wanted: dict[Element, int]
) -> None:
    result = made_of(operations)
    before = result.counts()
    adds, removes = result.reconcile(wanted, frozenset({"link"}))
    assert result.counts() == before, "comparing must not change anything"
    for number, element in enumerate(adds):
        result.add(element, OpId(100 + number, 1))
    for element, seen in removes:
        result.remove(element, seen)
    # At least as many tags as occurrences; extra tags stay; vanished elements go if their kind is in `kinds`.
    assert result.counts() == {
        element: max(before.get(element, 0), wanted.get(element, 0))
        for element in sorted(before.keys() | wanted.keys())
        if element in wanted or element[0] != "link"
    }
    assert result.reconcile(wanted, frozenset({"link"})) == ([], [])
