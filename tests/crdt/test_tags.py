import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt import OrSet
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create, Unlink
from crdtnotes.crdt.orset import MAX_UNLINKED
from crdtnotes.crdt.tags import Tags

BIRTH = 2**63 + 5
X = ("link", "x")

steps = st.lists(
    st.tuples(st.booleans(), st.integers(1, 2), st.integers(1, 30), st.integers(1, 12)), max_size=20
)


@given(steps, st.tuples(st.integers(1, 2), st.integers(1, 30), st.integers(1, 12)))
def test_runs_behave_like_a_set(steps: list[tuple[bool, int, int, int]], asked: tuple[int, int, int]) -> None:
    tags, model = Tags(), set[OpId]()
    for add, actor, first, length in steps:
        those = {OpId(counter, actor) for counter in range(first, first + length)}
        if add:
            tags.add(actor, first, first + length)
            model |= those
        else:
            tags.discard(actor, first, first + length)
            model -= those
    assert set(tags) == model
    assert len(tags) == len(model) == len(list(tags))
    assert bool(tags) == bool(model)
    actor, first, length = asked
    missing = {
        OpId(counter, actor)
        for begin, end in tags.missing(actor, first, first + length)
        for counter in range(begin, end)
    }
    assert missing == {OpId(counter, actor) for counter in range(first, first + length)} - model
    for (one, begin, size), (other, following, _) in zip(tags.runs(), tags.runs()[1:], strict=False):
        assert one < other or begin + size < following


def test_a_birth_with_millions_of_links_takes_no_memory() -> None:
    tracemalloc.start()
    state = NoteState()
    state.links.add(X, OpId(1, BIRTH), 8_000_000)
    state.links.remove(X, [OpId(5, BIRTH), OpId(7_000_000, BIRTH)])
    assert state.links.count(X) == 7_999_998
    assert OrSet.load(state.links.export()).export() == state.links.export()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000


def test_very_many_tags_are_removed_in_several_edits() -> None:
    count = 2 * MAX_UNLINKED + 10
    state = NoteState()
    state.apply(1, 1, 1, (Create(BIRTH, "n", "y" * count, (("link", "x", count),)),))
    for left in (MAX_UNLINKED + 10, 10, 0):
        _, [(element, tags)] = state.links.reconcile({}, frozenset({"link"}))
        state.apply(1, 2, count + 1, (Unlink(element, tags),))
        assert state.links.count(X) == left
