import pytest
from msgspec.structs import replace

from crdtnotes.changes import codec
from crdtnotes.changes.change import Change
from crdtnotes.changes.derived import NoteNames, birth_actor, from_wire, narrow_birth, to_wire
from crdtnotes.changes.relabel import Move, relabel
from crdtnotes.crdt.authoring import named
from crdtnotes.crdt.ids import BIRTH, ROOT, WIDE, OpId
from crdtnotes.crdt.ops import Before, Create, Delete, Insert, Same, Set, Span
from crdtnotes.errors import DecodeError

NOTE = b"n" * 16
NAMES = NoteNames(NOTE)


def test_an_actor_depends_on_all_that_its_elements_are() -> None:
    place = (OpId(3, 7), 5)
    actors = [
        NAMES.birth("文"),
        NAMES.birth("字"),
        NoteNames(b"m" * 16).birth("文"),
        NAMES.piece(*place, 0, "文"),
        NAMES.piece(*place, 1, "文"),
        NAMES.piece(*place, 0, "字"),
        NAMES.piece(OpId(4, 7), 5, 0, "文"),
        NAMES.piece(OpId(3, 8), 5, 0, "文"),
        NAMES.piece(OpId(3, 7), 6, 0, "文"),
        NoteNames(b"m" * 16).piece(*place, 0, "文"),
        NAMES.value(*place, "文"),
        NAMES.value(*place, "字"),
    ]
    assert len(set(actors)) == len(actors)
    assert all(WIDE <= actor < 2**128 for actor in actors)


@pytest.mark.parametrize("actor", [1, BIRTH - 1, BIRTH, 2 * BIRTH - 1, WIDE, 2**128 - 1])
def test_an_actor_is_read_back(actor: int) -> None:
    assert from_wire(to_wire(actor)) == actor


@pytest.mark.parametrize(
    "stored", [0, -1, 2 * BIRTH, b"", bytes(16), b"\x7f" * 16, b"\xff" * 15, b"\xff" * 17]
)
def test_what_is_no_actor_is_not_read(stored: int | bytes) -> None:
    assert from_wire(stored) is None


def test_births_of_format_1_keep_their_actors() -> None:
    old = Change(5, 1, 1, (), 0, NOTE, (Create(narrow_birth(NOTE, "文"), "n", "文", ()),), 1)
    read = codec.decode(codec.encode(old))
    assert read == old
    assert BIRTH <= narrow_birth(NOTE, "文") < 2 * BIRTH
    assert codec.decode(codec.encode(replace(old, format=2))).ops[0] == Create(
        birth_actor(NOTE, "文"), "n", "文", ()
    )


def test_derived_names_follow_from_ids_that_move() -> None:
    """Of stream 7 the changes from counter 11 on move to stream 9; what hangs at them gets other actors."""
    after = OpId(12, 7)
    pieces = named(NAMES, after, 12, 0, "a\nb\n")
    first, second = (actor for actor, _ in pieces)
    value = NAMES.value(OpId(16, second), 16, "x")
    ops = (
        Insert(OpId(11, 7), OpId(3, 7), "ab"),
        Same(OpId(13, 7), after, 12, 0, pieces),
        Set(OpId(17, 7), OpId(16, second), 16, value, "x", OpId(17, 7), (Span(first, 13, 2), Span(7, 3, 1))),
        Before(OpId(18, 7), OpId(17, value), "z"),
        Delete((Span(second, 15, 2), Span(value, 17, 1))),
    )
    change = Change(7, 2, 11, (), 0, NOTE, ops)
    moves = {7: [Move(2, 10, 9)]}
    renamed: dict[int, int] = {}
    moved = relabel(change, {7: 1}, moves, renamed)
    new_pieces = named(NAMES, OpId(12, 9), 12, 0, "a\nb\n")
    new_first, new_second = (actor for actor, _ in new_pieces)
    new_value = NAMES.value(OpId(16, new_second), 16, "x")
    assert renamed == {first: new_first, second: new_second, value: new_value}
    assert moved.ops == (
        Insert(OpId(11, 9), OpId(3, 7), "ab"),
        Same(OpId(13, 9), OpId(12, 9), 12, 0, new_pieces),
        Set(
            OpId(17, 9),
            OpId(16, new_second),
            16,
            new_value,
            "x",
            OpId(17, 9),
            (Span(new_first, 13, 2), Span(7, 3, 1)),
        ),
        Before(OpId(18, 9), OpId(17, new_value), "z"),
        Delete((Span(new_second, 15, 2), Span(new_value, 17, 1))),
    )
    # What was written is what is read: the names that a reader derives are these.
    assert codec.decode(codec.encode(moved)) == moved


def test_what_hangs_at_elements_that_stay_keeps_its_name() -> None:
    after = OpId(3, 7)
    same = Same(OpId(11, 7), after, 5, 0, named(NAMES, after, 5, 0, "a"))
    renamed: dict[int, int] = {}
    moved = relabel(Change(7, 2, 11, (), 0, NOTE, (same,)), {7: 1}, {7: [Move(2, 10, 9)]}, renamed)
    assert renamed == {}
    assert moved.ops == (same._replace(id=OpId(11, 9)),)


def test_a_same_at_the_beginning() -> None:
    same = Same(OpId(4, 7), ROOT, 2, 0, named(NAMES, ROOT, 2, 0, "a\nb"))
    change = Change(7, 1, 4, (), 0, NOTE, (same,))
    assert codec.decode(codec.encode(change)) == change


def test_a_few_bytes_cannot_name_millions_of_former_elements() -> None:
    value = NAMES.value(OpId(9, 7), 9, "x")
    for length, fits in ((1000, True), (1001, False), (2**40, False)):
        start = length + 10
        spans = (Span(7, 1, length),)
        op = Set(OpId(start, 7), OpId(9, 7), 9, value, "x", OpId(start, 7), spans)
        data = codec.encode(Change(7, 2, start, (), 0, NOTE, (op,)))
        if fits:
            assert codec.decode(data).ops == (op,)
        else:
            with pytest.raises(DecodeError):
                codec.decode(data)
