import tracemalloc
import zlib
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes import messages
from crdtnotes.changes.limits import BATCH_BYTES, MAX_BATCH_BYTES, MAX_TIME
from crdtnotes.changes.messages import (
    Ack,
    Branch,
    Bye,
    Changes,
    Heads,
    Hello,
    Message,
    Presence,
    Reason,
    Records,
    Streams,
    Total,
    Unsigned,
    Winner,
)
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT
from crdtnotes.errors import DecodeError
from tests.changes.histories import others

VAULT = b"v" * 16

actors = st.integers(1, BIRTH - 1)
seqs = st.integers(1, MAX_COUNTER)
versions = st.dictionaries(actors, seqs, max_size=5)
heads = st.dictionaries(actors, st.tuples(seqs, st.binary(min_size=16, max_size=16)), max_size=5)
hashes = st.binary(min_size=16, max_size=16)
elements = st.one_of(st.just(ROOT), st.tuples(st.integers(0, MAX_COUNTER), others)).map(
    messages.element_to_wire
)
MESSAGES: dict[type, st.SearchStrategy[Message]] = {
    Hello: st.builds(messages.hello, hashes, st.text(), heads),
    Ack: st.builds(messages.ack, st.integers(0, MAX_COUNTER), versions),
    Changes: st.builds(messages.pack, st.binary(min_size=1, max_size=2000)),
    Bye: st.builds(messages.bye, st.sampled_from(Reason), st.text()),
    Presence: st.builds(
        Presence,
        actors,
        seqs,
        st.integers(0, messages.MAX_HOPS),
        st.text().map(messages.device_name),
        actors,
        st.sampled_from([b"", b"n" * 16]),
        elements,
        elements,
    ),
    Heads: st.builds(
        lambda proofs, seqs, signature: Heads(
            tuple(proofs), tuple((actor, seq, signature) for actor, seq in sorted(seqs.items()))
        ),
        st.lists(
            st.tuples(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16)), max_size=3
        ),
        st.dictionaries(actors, seqs, min_size=1, max_size=5),
        st.binary(min_size=64, max_size=64),
    ),
    Branch: st.builds(
        lambda actor, time, points: Branch(actor, time, tuple(sorted(points.items()))),
        actors,
        st.integers(0, MAX_TIME),
        st.dictionaries(seqs, hashes, min_size=1, max_size=5),
    ),
    Records: st.builds(
        lambda records: Records(tuple(records)), st.lists(st.binary(min_size=1, max_size=100), max_size=3)
    ),
    Unsigned: st.builds(
        lambda streams: Unsigned(tuple(sorted(streams))), st.sets(actors, min_size=1, max_size=5)
    ),
    Winner: st.builds(
        lambda places: Winner(tuple((*place, digest) for place, digest in sorted(places.items()))),
        st.dictionaries(st.tuples(actors, seqs), hashes, min_size=1, max_size=5),
    ),
    Total: st.builds(Total, hashes),
    Streams: st.builds(
        lambda heads, more: Streams(tuple((actor, *head) for actor, head in sorted(heads.items())), more),
        heads,
        st.booleans(),
    ),
}
any_message = st.one_of(*MESSAGES.values())


def test_every_kind_of_message_is_tried() -> None:
    assert set(MESSAGES) == set(get_args(Message))


def raw(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@given(any_message)
def test_a_message_is_read_back(message: Message) -> None:
    assert messages.decode(messages.encode(message)) == message


@given(any_message, st.data())
def test_a_damaged_message_is_read_or_refused_with_decode_error(
    message: Message, data: st.DataObject
) -> None:
    frame = bytearray(messages.encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = messages.decode(bytes(frame))
        if isinstance(read, Changes):
            messages.unpack(read)
    except DecodeError:
        return


@given(any_message, st.data())
def test_a_truncated_message_is_refused(message: Message, data: st.DataObject) -> None:
    frame = messages.encode(message)
    with pytest.raises(DecodeError):
        messages.decode(frame[: data.draw(st.integers(0, len(frame) - 1))])


@given(st.binary(max_size=300))
def test_random_bytes_only_raise_decode_error(frame: bytes) -> None:
    messages.protocol_range(frame)
    try:
        messages.decode(frame)
    except DecodeError:
        return


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x91" * 100_000,
        b"\x81\x01" * 50_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        raw(),
        raw(0),
        raw(5, 1),
        raw(99, "?"),
        raw(True, 1, 1, VAULT, "d", []),
        raw(1, 1, 1, VAULT, "d", [], "one field more"),
        raw(1, 1, 1, VAULT, "d"),
        raw(1, 0, 1, VAULT, "d", []),
        raw(1, 2, 1, VAULT, "d", []),
        raw(1, 1, 65536, VAULT, "d", []),
        raw(1, 1, 1, VAULT[1:], "d", []),
        raw(1, 1, 1, "v" * 16, "d", []),
        raw(1, 1, 1, VAULT, "", []),
        raw(1, 1, 1, VAULT, "d" * 65, []),
        raw(1, 1, 1, VAULT, "d\x1b[2J", []),
        raw(1, 1, 1, VAULT, "\u202egpj.exe", []),
        raw(1, 1, 1, VAULT, "d", [(0, 1, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(BIRTH, 1, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(1, 0, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(1, 2**53, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(1, 1, VAULT + b"v")]),
        raw(1, 1, 1, VAULT, "d", [(1, 1.0, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(2, 1, VAULT), (1, 1, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(1, 1, VAULT), (1, 2, VAULT)]),
        raw(1, 1, 1, VAULT, "d", [(actor, 1, VAULT) for actor in range(1, messages.MAX_HEADS + 2)]),
        raw(2, -1, []),
        raw(2, 2**53, []),
        raw(2, 0, [(2, 1), (1, 1)]),
        raw(2, 0, [(actor, 1) for actor in range(1, 4098)]),
        raw(8, [], [(actor, 1, VAULT * 4) for actor in range(1, 4098)]),
        raw(11, VAULT + b"v"),
        raw(11, VAULT[1:]),
        raw(12, [(2, 1, VAULT), (1, 1, VAULT)], False),
        raw(12, [(0, 1, VAULT)], False),
        raw(12, [(1, 0, VAULT)], False),
        raw(12, [(1, 1, VAULT)], 1),
        raw(12, [(actor, 1, VAULT) for actor in range(1, 4098)], False),
        raw(3, 0, b""),
        raw(3, 1, b""),
        raw(3, MAX_BATCH_BYTES + 1, b"x"),
        raw(3, -1, b"x"),
        raw(5, 0, 1, 0, "d", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 2**63, 1, 0, "d", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 0, 0, "d", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 1, 4, "d", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "d\x1b", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "", 1, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 0, VAULT, (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT[1:], (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT + b"v", (0, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT, (-1, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT, (2**53, 0), (0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT, (0, 0), (0, 0, 0)),
        raw(5, 1, 1, 0, "d", 1, VAULT, (0, 0)),
        raw(8, [], [(1, 1, bytes(63))]),
        raw(8, [], [(2, 1, bytes(64)), (1, 1, bytes(64))]),
        raw(8, [], [(1, 0, bytes(64))]),
        raw(8, [(bytes(31), bytes(16))], [(1, 1, bytes(64))]),
        raw(8, [], [(actor, 1, bytes(64)) for actor in range(1, messages.MAX_SIGNED_HEADS + 2)]),
        raw(9, []),
        raw(9, [0]),
        raw(9, [2, 1]),
        raw(9, [1, 1]),
        raw(4, -1, ""),
        raw(4, 0, "x" * 501),
        raw(4, 0, "line\nfeed"),
        raw(4, 0) + b"\xa1\xff",
        b"\x93\x04\x00\xa1\xff",
        raw(4, 0, "") + b"more",
    ],
)
def test_messages_out_of_bounds_are_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        messages.decode(frame)


def test_a_hello_of_fifty_actors_is_small() -> None:
    heads = {2**62 + n: (1_000_000 + n, bytes([n]) * 16) for n in range(50)}
    assert len(messages.encode(messages.hello(VAULT, "laptop of somebody", heads))) < 1720


def test_a_hello_of_a_few_actors_is_even_smaller() -> None:
    heads = {2**62 + n: (10_000 + n, bytes([n]) * 16) for n in range(4)}
    assert len(messages.encode(messages.hello(VAULT, "laptop", heads))) < 180


def test_the_largest_hello_fits_in_a_strangers_frame() -> None:
    heads = {BIRTH - 1 - n: (MAX_COUNTER - n, bytes(16)) for n in range(4096)}
    message = messages.hello(VAULT, "\U0001f4bb" * 100, heads)
    frame = messages.encode(message)
    assert len(frame) <= messages.MAX_STRANGER_FRAME_BYTES
    assert messages.decode(frame) == message
    assert max(seq for _, seq, _ in message.heads) == MAX_COUNTER


@pytest.mark.parametrize("count", [1700, 1701, 1700 + 4096, 1700 + 4097, 12_000])
def test_streams_name_what_a_hello_does_not(count: int) -> None:
    heads = {n: (n % 7 + 1, n.to_bytes(16, "big")) for n in range(1, count + 1)}
    hello = messages.hello(VAULT, "laptop", heads)
    parts = messages.streams_after_hello(heads)
    named = [*hello.heads, *(head for part in parts for head in part.heads)]
    assert sorted(named) == [(actor, *heads[actor]) for actor in sorted(heads)]
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    for part in parts:
        assert messages.decode(messages.encode(part)) == part


@pytest.mark.parametrize("count", [0, 1, 4096, 4097, 10_000])
def test_an_ack_or_an_unsigned_over_the_limit_comes_in_several(count: int) -> None:
    version = {n: n for n in range(1, count + 1)}
    acks = [messages.decode(messages.encode(ack)) for ack in messages.acks(7, version)]
    assert acks
    assert {pair for ack in acks if isinstance(ack, Ack) for pair in ack.version} == set(version.items())
    unsigned = [messages.decode(messages.encode(one)) for one in messages.unsigned(version)]
    assert [actor for one in unsigned if isinstance(one, Unsigned) for actor in one.streams] == list(version)


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 8192, 10_000])
def test_signatures_over_the_limit_come_in_parts(count: int) -> None:
    heads = Heads(
        tuple((n.to_bytes(32, "big"), bytes(16)) for n in range(count)),
        tuple((n, 1, bytes(64)) for n in range(1, count + 1)),
    )
    parts = messages.heads_in_parts(heads)
    assert [messages.is_part(part) for part in parts] == [True] * (len(parts) - 1) + [False]
    assert messages.joined(parts) == heads
    for part in parts:
        assert messages.decode(messages.encode(part)) == part


@pytest.mark.parametrize(
    ("device", "shown"),
    [("书房的电脑", "书房的电脑"), ("a\x1b[0mb", "a [0mb"), ("", "unnamed"), ("x" * 80, "x" * 64)],
)
def test_a_device_name_is_made_fit_to_send(device: str, shown: str) -> None:
    message = messages.decode(messages.encode(messages.hello(VAULT, device, {})))
    assert isinstance(message, Hello)
    assert message.device == shown


def test_a_sentence_is_made_fit_to_send() -> None:
    message = messages.decode(messages.encode(messages.bye(Reason.REFUSED, "no\n\ud800" + "x" * 600)))
    assert isinstance(message, Bye)
    assert message.sentence == "no  " + "x" * 496


def test_the_reasons_of_a_newer_protocol_can_be_read() -> None:
    assert messages.decode(raw(4, 4711, "Something new.")) == Bye(4711, "Something new.")


def test_an_ack_is_ordered() -> None:
    assert messages.ack(3, {9: 1, 2: 5}) == Ack(3, ((2, 5), (9, 1)))


@pytest.mark.parametrize(
    ("frame", "range_"),
    [
        (raw(1, 2, 3, "anything", {"more": [1]}), (2, 3)),
        (raw(1, 1, 1, VAULT, "d", []), (1, 1)),
        (raw(2, 2, 3), None),
        (raw(1, 2), None),
        (raw(1, "a", "b"), None),
        (b"\x91" * 100_000, None),
        (b"GET / HTTP/1.1", None),
    ],
)
def test_the_range_of_any_hello_can_be_read(frame: bytes, range_: tuple[int, int] | None) -> None:
    assert messages.protocol_range(frame) == range_


@given(st.binary(min_size=1, max_size=3000))
def test_a_batch_is_read_back(batch: bytes) -> None:
    message = messages.pack(batch)
    assert messages.unpack(message) == batch
    assert len(message.data) <= len(batch)


def test_text_is_compressed_and_noise_is_not() -> None:
    text = "一行字，又一行字。\n".encode() * 1000
    assert len(messages.pack(text).data) < len(text) / 10
    noise = b"".join(zlib.crc32(bytes([i, j])).to_bytes(4, "big") for i in range(50) for j in range(50))
    assert messages.pack(noise).data == noise


def test_the_largest_batch_fits_in_a_frame() -> None:
    batch = bytes(MAX_BATCH_BYTES - 8) + b"\xff" * 8
    assert len(messages.encode(Changes(len(batch), batch))) <= messages.MAX_FRAME_BYTES
    assert messages.unpack(messages.pack(batch)) == batch
    assert BATCH_BYTES < messages.MAX_FRAME_BYTES


@pytest.mark.parametrize(
    "message",
    [
        Changes(10, b"x" * 11),
        Changes(10, b"not zlib"),
        Changes(1000, zlib.compress(bytes(1001))),
        Changes(1000, zlib.compress(bytes(999))),
        Changes(1000, zlib.compress(bytes(1000)) + b"more"),
        Changes(1000, zlib.compress(bytes(1000))[:-1]),
    ],
)
def test_a_batch_with_a_wrong_length_is_refused(message: Changes) -> None:
    with pytest.raises(DecodeError):
        messages.unpack(message)


def test_a_decompression_bomb_is_refused_without_decompressing_it() -> None:
    inner = zlib.compressobj(9)
    bomb = b"".join(inner.compress(bytes(1024 * 1024)) for _ in range(100)) + inner.flush()
    message = Changes(200_000, bomb)
    tracemalloc.start()
    with pytest.raises(DecodeError):
        messages.unpack(message)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_the_example_in_the_protocol_description_is_correct() -> None:
    vault, digest = b"\x01" * 16, bytes(range(16))
    expected: dict[Message, str] = {
        messages.hello(vault, "A", {7: (3, digest)}): (
            "97010404c410" + "01" * 16 + "a14191930703c410" + digest.hex() + "c410" + "00" * 16
        ),
        messages.hello(vault, "B", {}): "97010404c410" + "01" * 16 + "a14290c410" + "00" * 16,
        messages.ack(0, {}): "93020090",
        messages.ack(1, {7: 3}): "93020191920703",
    }
    for message, frame in expected.items():
        assert messages.encode(message).hex() == frame
    assert messages.encode(messages.pack(b"batch")).hex() == "930305c405" + b"batch".hex()
    done = messages.bye(Reason.DONE, "Both sides have what the other had.")
    assert messages.encode(done).hex().startswith("930400d923")


def test_the_limits_in_the_protocol_description_are_correct() -> None:
    assert MAX_BATCH_BYTES == 8_650_752
    assert messages.MAX_STRANGER_FRAME_BYTES == 64 * 1024
    assert messages.MAX_FRAME_BYTES == 16 * 1024 * 1024
    assert messages.MAX_HEADS == 1700
