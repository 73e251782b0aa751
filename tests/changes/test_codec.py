import tracemalloc

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from crdtnotes.changes import block, codec
from crdtnotes.changes.change import FORMAT, Change
from crdtnotes.changes.derived import birth_actor
from crdtnotes.changes.limits import MAX_CHANGE_BYTES, MAX_DEPS, MAX_NAME_BYTES, MAX_TIME, MAX_VALUE_BYTES
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT, OpId
from crdtnotes.crdt.ops import Create, Delete, Follow, Insert, Link, Op, Remove, Rename, Span, Unknown, Unlink
from crdtnotes.errors import DecodeError, InvalidText, TooLarge
from tests.changes.histories import changes

NOTE = bytes(range(16))


def change(*ops: Op, actor: int = 5, start: int = 10) -> Change:
    return Change(actor, 3, start, ((2, 9), (7, 1)), 1_700_000_000_000, NOTE, ops)


def raw(*ops: object, **fields: object) -> bytes:
    """The bytes of a change whose parts are given as they are in the array."""
    parts = {
        "format": FORMAT,
        "actor": 5,
        "seq": 3,
        "start": 10,
        "deps": ((2, 9), (7, 1)),
        "time": 0,
        "note": NOTE,
        "actors": (),
        "ops": ops,
    }
    assert fields.keys() <= parts.keys()
    return msgspec.msgpack.encode([*(parts | fields).values()])


RENAME = (4, "n")


@given(changes())
def test_a_change_is_read_back(it: Change) -> None:
    data = codec.encode(it)
    assert codec.decode(data) == it
    assert codec.encode(codec.decode(data)) == data


def refused_or_canonical(data: bytes) -> None:
    try:
        read = codec.decode(data)
    except DecodeError:
        return
    assert codec.encode(read) == data


@given(changes(), st.data())
def test_a_damaged_change_is_refused_or_is_another_canonical_change(it: Change, data: st.DataObject) -> None:
    damaged = bytearray(codec.encode(it))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    refused_or_canonical(bytes(damaged))


@given(changes(), st.data())
def test_truncated_repeated_or_extended_bytes_are_refused(it: Change, data: st.DataObject) -> None:
    encoded = codec.encode(it)
    at = data.draw(st.integers(0, len(encoded) - 1))
    more = data.draw(st.binary(min_size=1, max_size=5))
    for bad in (encoded[:at], encoded + more):
        with pytest.raises(DecodeError):
            codec.decode(bad)
    refused_or_canonical(encoded[:at] + more + encoded[at:])


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x99" * 100)
def test_random_bytes_only_raise_decode_error(data: bytes) -> None:
    refused_or_canonical(data)


def test_every_byte_changed_to_every_other() -> None:
    it = change(
        Insert(OpId(10, 5), OpId(4, 2), "系"),
        Delete((Span(5, 10, 1), Span(BIRTH + 1, 1, 2))),
        Link(OpId(12, 5), ("link", "a")),
        Unlink(("tag", "b"), (OpId(3, 2),)),
        Remove(((2, 9),)),
        Unknown(19, 1, msgspec.msgpack.encode([19, 1, {"a": 1}])),
    )
    encoded = codec.encode(it)
    assert codec.decode(encoded) == it
    for at in range(len(encoded)):
        for value in range(256):
            refused_or_canonical(encoded[:at] + bytes([value]) + encoded[at + 1 :])


def test_what_follows_from_another_edit_says_so_first_and_only_edits_text_and_links() -> None:
    follow, link = Follow(OpId(10, 5)), Link(OpId(11, 5), ("tag", "t"))
    good = change(follow, link, Insert(OpId(12, 5), ROOT, "x"), Delete(()))
    assert codec.decode(codec.encode(good)) == good
    assert block.unpack(block.pack([good])) == [good]
    create = Create(birth_actor(NOTE, ""), "n", "", ())
    for ops in (
        (Link(OpId(10, 5), ("tag", "t")), Follow(OpId(11, 5))),
        (follow, Follow(OpId(11, 5))),
        (follow, Rename(OpId(11, 5), "n")),
        (follow, create),
        (follow, Remove(())),
        (follow, link, Remove(((5, 1),))),
    ):
        with pytest.raises(DecodeError):
            codec.decode(codec.encode(change(*ops)))
        with pytest.raises(DecodeError):
            block.unpack(block.pack([change(*ops)]))
    with pytest.raises(DecodeError):
        codec.decode(codec.encode(replace(good, format=1)))
    for counters in (0, 2, -1, "1"):
        with pytest.raises(DecodeError):
            codec.decode(raw([11, counters]))


def test_numbers_and_strings_have_one_encoding() -> None:
    plain = codec.encode(change(Rename(OpId(10, 5), "n"), Unknown(19, 1, b"\x92\x13\x01")))
    known = codec.encode(change(Rename(OpId(10, 5), "n")))
    assert known[:3] == b"\x99\x02\x05"
    longer = {
        "actor as 16 bits": known[:2] + b"\xcd\x00\x05" + known[3:],
        "array of 16 bits": b"\xdc\x00\x09" + known[1:],
        "name with a long length": known.replace(b"\x92\x04\xa1n", b"\x92\x04\xd9\x01n"),
        "beside an unknown operation": plain.replace(b"\x92\x04\xa1n", b"\x92\x04\xd9\x01n"),
        "kind of a known operation": plain.replace(b"\x92\x04\xa1n", b"\x92\xcc\x04\xa1n"),
        "array of a known operation": plain.replace(b"\x92\x04\xa1n", b"\xdc\x00\x02\x04\xa1n"),
    }
    for what, data in longer.items():
        assert data not in (plain, known)
        with pytest.raises(DecodeError):
            pytest.fail(f"{what}: {codec.decode(data)}")


def test_the_helper_writes_what_the_codec_writes() -> None:
    assert raw(RENAME, time=1_700_000_000_000) == codec.encode(change(Rename(OpId(10, 5), "n")))


@pytest.mark.parametrize(
    "fields",
    [
        {"format": FORMAT + 1},
        {"format": 0},
        {"actor": 0},
        {"actor": BIRTH},
        {"actor": -1},
        {"seq": 0},
        {"seq": MAX_COUNTER + 1},
        {"start": 0},
        {"start": MAX_COUNTER},
        {"start": 2**64 - 1},
        {"time": -1},
        {"time": MAX_TIME + 1},
        {"note": b"short"},
        {"note": bytes(17)},
        {"note": "x" * 16},
        {"deps": ((7, 1), (2, 9))},
        {"deps": ((2, 9), (2, 9))},
        {"deps": ((5, 2),)},
        {"deps": ((2, 0),)},
        {"deps": ((0, 1),)},
        {"deps": ((BIRTH, 1),)},
        {"deps": ((2, MAX_COUNTER + 1),)},
        {"deps": tuple((10 + i, 1) for i in range(MAX_DEPS + 1))},
        {"actors": (2,)},
        {"actors": (5,)},
        {"ops": ()},
        {"ops": (RENAME, RENAME[:1])},
    ],
    ids=str,
)
def test_fields_out_of_bounds_are_refused(fields: dict[str, object]) -> None:
    codec.decode(raw(RENAME))
    with pytest.raises(DecodeError):
        codec.decode(raw(*fields.pop("ops", (RENAME,)), **fields))  # type: ignore[misc]


@pytest.mark.parametrize(
    "op",
    [
        (1, 0, 3, ""),
        (1, 1, 3, "x"),
        (1, 1, 0, "x"),
        (1, 0, 10, "x"),
        (1, 0, -1, "x"),
        (1, 0, 3, b"x"),
        (1, 0, 3),
        (1, 0, 3, "x", 1),
        (2, ((0, 3, 4),)),
        (2, ((0, 3, 0),)),
        (2, ((0, 0, 0),)),
        (2, ((-1, 3, 1),)),
        (3, "", "t", ()),
        (3, "n" * (MAX_NAME_BYTES + 1), "t", ()),
        (3, "n", "text", (("link", "b", 1), ("link", "a", 1))),
        (3, "n", "text", (("link", "a", 1), ("link", "a", 1))),
        (3, "n", "text", (("link", "a", 0),)),
        (3, "n", "text", (("link", "", 1),)),
        (3, "n", "text", (("link", "a", 3), ("tag", "a", 2))),
        (4, ""),
        (4, "系" * 400),
        (5, "", "a"),
        (5, "link", ""),
        (5, "link", "v" * (MAX_VALUE_BYTES + 1)),
        (6, "link", "a", ((0, 10),)),
        (6, "link", "a", ((0, 0),)),
        (7, ((9, 1), (2, 1))),
        (0, "kind zero"),
        (-3,),
        (MAX_COUNTER + 1,),
        (9.0, 1),
        ("9", 1),
        (),
        9,
        {"9": 1},
        None,
    ],
    ids=str,
)
def test_operations_out_of_bounds_are_refused(op: object) -> None:
    for ops in ((op,), (op, (9, "unknown"))):
        with pytest.raises(DecodeError):
            codec.decode(raw(*ops))


def test_a_name_and_a_value_at_the_limit_pass() -> None:
    codec.decode(raw((4, "n" * MAX_NAME_BYTES), (5, "link", "v" * MAX_VALUE_BYTES)))


def test_the_actor_table_is_in_the_order_of_first_use_and_has_no_other_actors() -> None:
    ops = (1, 1, 3, "x"), (2, ((2, 1, 1), (1, 2, 1), (0, 1, 1)))
    read = codec.decode(raw(*ops, actors=(9, BIRTH + 3)))
    assert read.ops == (
        Insert(OpId(10, 5), OpId(7, 9), "x"),
        Delete((Span(BIRTH + 3, 10, 1), Span(9, 9, 1), Span(5, 10, 1))),
    )
    for actors in ((9,), (9, BIRTH + 3, 4), (9, 9), (9, 5), (9, 0), (9, -1)):
        with pytest.raises(DecodeError):
            codec.decode(raw(*ops, actors=actors))
    with pytest.raises(DecodeError):  # used in another order
        codec.decode(raw((1, 2, 3, "x"), (1, 1, 3, "x"), actors=(9, 8)))


def test_unknown_operations_are_kept_unchanged_and_say_how_many_counters_they_take() -> None:
    odd = msgspec.msgpack.encode([99, 3, [1, [2, {"k": b"v"}]], "x"])
    data = raw(RENAME, msgspec.Raw(odd), (1, 0, 1, "ab"))
    read = codec.decode(data)
    assert read.ops == (Rename(OpId(10, 5), "n"), Unknown(99, 3, odd), Insert(OpId(14, 5), OpId(13, 5), "ab"))
    assert read.last == 15
    assert codec.encode(read) == data


@pytest.mark.parametrize("depth", [10, 100_000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1k"])
def test_deep_nesting_only_raises_decode_error(depth: int, opening: bytes) -> None:
    nested = opening * depth + b"\x90"
    refused_or_canonical(raw(msgspec.Raw(b"\x92\x09" + nested)))
    refused_or_canonical(raw(msgspec.Raw(b"\x92\x04" + nested)))
    refused_or_canonical(nested)


@pytest.mark.parametrize("size", [b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"])
@pytest.mark.parametrize("marker", [b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"])
def test_a_huge_length_costs_no_memory(marker: bytes, size: bytes) -> None:
    whole = raw(RENAME)
    tracemalloc.start()
    try:
        for start in range(len(whole)):
            with pytest.raises(DecodeError):
                codec.decode(whole[:start] + marker + size + whole[start + 1 :])
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_birth_actor_comes_from_note_and_text() -> None:
    [created] = codec.decode(raw((3, "n", "文", ()))).ops
    assert created == Create(birth_actor(NOTE, "文"), "n", "文", ())
    assert birth_actor(NOTE, "文") >= BIRTH
    assert len({birth_actor(NOTE, "文"), birth_actor(NOTE, "字"), birth_actor(bytes(16), "文")}) == 3


def test_a_creation_moves_the_counters_past_its_text() -> None:
    create = Create(birth_actor(NOTE, "x" * 100), "n", "x" * 100, ())
    insert = Insert(OpId(101, 5), OpId(100, create.birth), "yz")
    it = replace(change(create, insert), start=10)
    assert codec.decode(codec.encode(it)) == it
    assert it.last == 102
    assert replace(it, ops=(create,)).last == 100
    late = replace(it, start=500, ops=(create, Rename(OpId(501, 5), "m")))
    assert codec.decode(codec.encode(late)) == late
    assert late.last == 501


def test_changes_that_are_too_large_or_not_valid_text_are_not_encoded() -> None:
    with pytest.raises(TooLarge):
        codec.encode(change(Insert(OpId(10, 5), ROOT, "系" * (MAX_CHANGE_BYTES // 3 + 1))))
    with pytest.raises(TooLarge):
        codec.encode(change(*[Delete(())] * 1_000_001))
    with pytest.raises(TooLarge):
        codec.encode(replace(change(Delete(())), deps=tuple((10 + i, 1) for i in range(MAX_DEPS + 1))))
    with pytest.raises(InvalidText):
        codec.encode(change(Insert(OpId(10, 5), ROOT, "\ud800")))
    with pytest.raises(DecodeError):
        codec.decode(bytes(MAX_CHANGE_BYTES + 1))


@pytest.mark.parametrize("op", [(8, 0, 3, 2, 0, "a\nb"), (9, 0, 3, 2, 0, "x", ()), (10, 0, 3, "x")])
@pytest.mark.parametrize(
    "fields",
    [
        {"actor": -1},
        {"actor": 0},
        {"actor": BIRTH},
        {"start": 0},
        {"start": -5},
        {"start": 2**64 - 1},
        {"note": b""},
    ],
)
def test_derived_names_of_fields_out_of_bounds_are_refused(
    op: tuple[object, ...], fields: dict[str, object]
) -> None:
    """Actors and counters go into the hash, so they are checked before."""
    codec.decode(raw(op))
    with pytest.raises(DecodeError):
        codec.decode(raw(op, **fields))
