from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt import Delete, Insert, Text, rga, runs
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Patch, Span
from crdtnotes.crdt.text import TextOp
from crdtnotes.errors import InvalidChange, OutOfRange
from tests.crdt import invariants
from tests.reference import patched, rga_text
from tests.strategies import some_text

REPLICAS = 4

edit = st.tuples(
    st.integers(0, REPLICAS - 1), st.integers(0, 1000), st.integers(0, 6), st.one_of(st.just(""), some_text)
)
meeting = st.tuples(st.integers(0, REPLICAS - 1), st.integers(0, REPLICAS - 1))
histories = st.lists(st.one_of(edit, edit, meeting), max_size=30)
randoms = st.randoms(use_true_random=False)


_TINY, _AS_THEY_ARE = (4, 3, 3, 4), (rga.CHUNK, rga.GROUP, rga.GROW, runs.PAGE)


@pytest.fixture(autouse=True, scope="module", params=[_TINY, _AS_THEY_ARE], ids=["tiny chunks", "chunks"])
def _sizes(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        chunk, group, grow, page = request.param
        patch.setattr(rga, "CHUNK", chunk)
        patch.setattr(rga, "GROUP", group)
        patch.setattr(rga, "GROW", grow)
        patch.setattr(runs, "PAGE", page)
        yield


class Peer:
    """A text, and the operations that it has received."""

    def __init__(self, actor: int) -> None:
        self.text = Text(actor)
        self.ops: list[TextOp] = []

    def edit(self, at: int, remove: int, text: str) -> None:
        at %= len(self.text) + 1
        expected = str(self.text)
        if remove := min(remove, len(self.text) - at):
            self.ops.append(self.text.delete(at, remove))
            expected = expected[:at] + expected[at + remove :]
        if text:
            self.ops.append(self.text.insert(at, text))
            expected = expected[:at] + text + expected[at:]
        assert str(self.text) == expected
        assert len(self.text) == len(expected)
        invariants.check(self.text._rga)

    def take(self, ops: list[TextOp]) -> None:
        for op in ops:
            before = str(self.text)
            assert patched(before, self.text.apply(op)) == str(self.text)
            invariants.check(self.text._rga)
            if op not in self.ops:
                self.ops.append(op)


def run(history: list[tuple[int, ...]], random: Random) -> list[Peer]:
    peers = [Peer(actor) for actor in (3, 1, 2**62, 2)]
    for step in history:
        if len(step) == 2:
            ops = peers[step[1]].ops[:]
            random.shuffle(ops)
            # Deliver a part now, the rest later.
            peers[step[0]].take(ops[: random.randint(0, len(ops))])
        else:
            who, at, remove, text = step
            peers[who].edit(at, remove, text)  # type: ignore[arg-type]
    return peers


@given(histories, randoms)
def test_replicas_converge_to_the_result_of_the_set_of_operations(
    history: list[tuple[int, ...]], random: Random
) -> None:
    peers = run(history, random)
    everything = [op for peer in peers for op in peer.ops]
    for peer in peers:
        ops = everything * 2
        random.shuffle(ops)
        peer.take(ops)
        assert peer.text.waiting == 0
    expected = rga_text(everything)
    assert [str(peer.text) for peer in peers] == [expected] * REPLICAS
    assert len({tuple(peer.text._rga.runs()) for peer in peers}) == 1


@given(histories, randoms)
def test_a_text_is_rebuilt_from_its_runs(history: list[tuple[int, ...]], random: Random) -> None:
    for peer in run(history, random):
        array = peer.text._rga
        copy = rga.Rga.from_runs(array.runs())
        invariants.check(copy)
        assert str(copy) == str(array)
        assert list(copy.runs()) == list(array.runs())
        for index in range(len(copy)):
            id = array.id_at(index)
            assert copy.id_at(index) == id
            assert copy.position(id) == (index, True)


@given(histories, randoms, st.integers(0, 1000), st.integers(0, 30))
def test_spans_and_positions_agree(
    history: list[tuple[int, ...]], random: Random, at: int, length: int
) -> None:
    array = run(history, random)[0].text._rga
    at %= len(array) + 1
    length = min(length, len(array) - at)
    ids = [OpId(s.counter + i, s.actor) for s in array.spans(at, length) for i in range(s.length)]
    assert ids == [array.id_at(index) for index in range(at, at + length)]
    assert [array.position(id)[0] for id in ids] == list(range(at, at + length))
    array.delete(array.spans(at, length))
    assert [array.position(id) for id in ids] == [(at, False)] * length
    invariants.check(array)


def test_of_two_inserts_at_one_place_the_greater_id_comes_first() -> None:
    one, two = Text(1), Text(2)
    first = one.insert(0, "base")
    two.apply(first)
    low, high = one.insert(2, "低"), two.insert(2, "高")
    one.apply(high)
    two.apply(low)
    assert str(one) == str(two) == "ba高低se"


def test_text_written_after_a_deleted_character_keeps_its_place() -> None:
    one, two = Text(1), Text(2)
    two.apply(one.insert(0, "abcd"))
    gone = one.delete(1, 2)
    more = two.insert(2, "系统")
    assert two.apply(gone) == [Patch(1, 1, ""), Patch(3, 1, "")]
    assert one.apply(more) == [Patch(1, 0, "系统")]
    assert str(one) == str(two) == "a系统d"


def test_operations_that_arrive_early_wait() -> None:
    one, two = Text("ann"), Text("bob")
    first, second = one.insert(0, "a"), one.insert(1, "b")
    third = one.delete(0, 2)
    assert two.apply(third) == []
    assert two.apply(second) == []
    assert two.waiting == 2
    assert patched("", two.apply(first)) == str(two) == ""
    assert two.waiting == 0


def test_an_insert_after_something_younger_is_refused_and_changes_nothing() -> None:
    text = Text(1)
    text.insert(0, "abc")
    with pytest.raises(InvalidChange):
        text.apply(Insert(OpId(2, 9), OpId(3, 1), "x"))
    with pytest.raises(InvalidChange):
        text.apply(Insert(OpId(2, 9), OpId(7, 8), "x"))
    assert str(text) == "abc"
    assert text.waiting == 0


@pytest.mark.parametrize(("index", "length"), [(-1, 1), (0, 4), (3, 1), (1, -1), (4, 0)])
def test_deleting_beyond_the_ends_is_refused(index: int, length: int) -> None:
    text = Text(1)
    text.insert(0, "abc")
    with pytest.raises(OutOfRange):
        text.delete(index, length)


@pytest.mark.parametrize("index", [-1, 4])
def test_inserting_beyond_the_ends_is_refused(index: int) -> None:
    text = Text(1)
    text.insert(0, "abc")
    with pytest.raises(OutOfRange):
        text.insert(index, "x")


def test_inserting_or_deleting_nothing_changes_nothing() -> None:
    one, two = Text(1), Text(2)
    ops: list[TextOp] = [one.insert(0, ""), one.delete(0, 0), one.insert(0, "a"), one.insert(1, "")]
    for op in reversed(ops):
        two.apply(op)
    assert str(one) == str(two) == "a"
    assert ops[0] == Insert(OpId(1, 1), ROOT, "")
    assert ops[1] == Delete(())


def test_a_delete_of_partly_deleted_text_deletes_the_rest() -> None:
    one, two = Text(1), Text(2)
    two.apply(one.insert(0, "abcdef"))
    mine, theirs = one.delete(1, 3), two.delete(2, 3)
    assert mine == Delete((Span(1, 2, 3),))
    one.apply(theirs)
    two.apply(mine)
    assert str(one) == str(two) == "af"
