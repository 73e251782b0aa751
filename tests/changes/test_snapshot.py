import zlib
from random import Random

import msgspec
import pytest

from crdtnotes.changes import snapshot
from crdtnotes.crdt import NoteState, OrSet
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Create, Delete, Follow, Insert, Link, Remove, Rename, Span, Unknown, Unlink
from crdtnotes.errors import Damaged
from tests.crdt import invariants
from tests.crdt.random_histories import History

BIRTH = 2**64 - 5


@pytest.fixture
def state() -> NoteState:
    state = NoteState()
    state.apply(3, 1, 1, (Create(BIRTH, "Z", "分布式[[系统]]😀", (("link", "系统", 1),)),))
    state.apply(
        9, 1, 1, (Insert(OpId(20, 9), OpId(3, BIRTH), "new"), Delete((Span(BIRTH, 4, 3), Span(9, 21, 1))))
    )
    state.apply(
        9, 2, 1, (Link(OpId(30, 9), ("tag", "t")), Unlink(("link", "系统"), (OpId(1, BIRTH), OpId(7, 3))))
    )
    state.apply(3, 2, 1, (Rename(OpId(31, 3), "Y"), Unknown(19, 1, b"\x92\x13\x01")))
    state.apply(2**63 - 1, 1, 1, (Remove(((3, 2), (9, 1))),))
    state.apply(9, 3, 40, (Follow(OpId(40, 9)),))
    return state


def content(state: NoteState) -> tuple[object, ...]:
    return (
        list(state.text.runs()),
        state.links.export(),
        (state.name.id, state.name.value, state.name.past),
        state.derived,
        state.edits,
        state.cover,
        state.follows,
        state.unknown,
        [
            (
                id,
                cell.former,
                cell.former_deleted,
                sorted((a, v.counter, v.text, v.rank, v.deleted) for a, v in cell.values.items()),
            )
            for id, cell in sorted(state.values.cells.items())
        ],
        state.exists,
    )


def test_a_state_is_read_back(state: NoteState) -> None:
    data = snapshot.dump(state)
    copy = snapshot.load(data, str(state.text))
    assert content(copy) == content(state)
    assert isinstance(copy.links, OrSet)
    invariants.check(copy.text)
    assert snapshot.dump(copy) == data


def test_an_empty_state_is_read_back() -> None:
    copy = snapshot.load(snapshot.dump(NoteState()), "")
    assert content(copy) == content(NoteState())
    copy.apply(1, 1, 1, (Create(BIRTH, "n", "text", ()),))
    assert str(copy.text) == "text"


def test_a_snapshot_does_not_contain_the_visible_text(state: NoteState) -> None:
    assert "系统]]😀".encode() not in zlib.decompress(snapshot.dump(state))


def test_a_text_of_another_length_is_refused(state: NoteState) -> None:
    data, text = snapshot.dump(state), str(state.text)
    for other in (text[:-1], text + "x", ""):
        with pytest.raises(Damaged):
            snapshot.load(data, other)


def test_damaged_bytes_raise_damaged(state: NoteState) -> None:
    data, text = snapshot.dump(state), str(state.text)
    for at in range(len(data)):
        for bad in (data[:at], data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]):
            try:
                copy = snapshot.load(bad, text)
            except Damaged:
                continue
            assert content(copy) == content(state), "only unused bits may change without an error"
    with pytest.raises(Damaged):
        snapshot.load(zlib.compress(b"\x91" * 100_000), text)


def test_damage_with_a_correct_checksum_is_read_or_raises_damaged(state: NoteState) -> None:
    data, text = zlib.decompress(snapshot.dump(state)), str(state.text)
    random = Random(1)
    for _ in range(3000):
        bad = bytearray(data)
        bad[random.randrange(len(bad))] = random.randrange(256)
        try:
            copy = snapshot.load(zlib.compress(bytes(bad)), text)
        except Damaged:
            continue
        assert str(copy.text) == text


def test_columns_of_unequal_length_raise_damaged(state: NoteState) -> None:
    fields = msgspec.msgpack.decode(zlib.decompress(snapshot.dump(state)))
    for column in (1, 2, 3):
        bad = [*fields]
        bad[column] = bad[column][:-1]
        with pytest.raises(Damaged):
            snapshot.load(zlib.compress(msgspec.msgpack.encode(bad)), str(state.text))


def test_millions_of_tags_are_stored_as_runs() -> None:
    state = NoteState()
    state.links.add(("link", "x"), OpId(1, BIRTH), 5_000_000)
    state.links.remove(("link", "x"), [OpId(4, BIRTH)])
    data = snapshot.dump(state)
    assert len(data) < 200
    assert snapshot.load(data, "").links.export() == state.links.export()


@pytest.mark.parametrize("tag", [(), (0,), (0, 1, 0), (0, 1, -5), (0, 1, 2, 3), (9, 1)])
def test_tags_of_a_wrong_form_are_damage(tag: tuple[int, ...]) -> None:
    state = NoteState()
    state.links.add(("link", "x"), OpId(1, BIRTH))
    fields = msgspec.msgpack.decode(zlib.decompress(snapshot.dump(state)))
    fields[4] = [["link", "x", [tag], []]]
    with pytest.raises(Damaged):
        snapshot.load(zlib.compress(msgspec.msgpack.encode(fields)), "")


@pytest.mark.parametrize("seed", range(60))
def test_a_state_with_values_fronts_and_pieces_is_read_back_and_goes_on(seed: int) -> None:
    history = History(seed)
    history.run()
    history.end()
    ann, bob, *_ = history.peers
    data = snapshot.dump(ann.state)
    copy = snapshot.load(data, ann.text)
    assert content(copy) == content(ann.state)
    assert snapshot.dump(copy) == data
    invariants.check(copy.text)
    ann.state = copy
    for _ in range(5):
        history.edit(ann)
    for peer in (ann, bob):
        peer.receive(*ann.changes, *bob.changes)
    assert ann.text == bob.text
    assert content(ann.state) == content(bob.state)
