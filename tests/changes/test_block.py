import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes import block
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import encode
from crdtnotes.changes.limits import MAX_BLOCK_BYTES
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Insert, Unknown
from crdtnotes.errors import DecodeError
from tests.changes.histories import streams

NOTE = bytes(16)


def typed(count: int) -> list[Change]:
    """Typing, with one change for each character."""
    result = []
    for seq in range(1, count + 1):
        after = OpId(seq - 1, 5) if seq > 1 else ROOT
        result.append(Change(5, seq, seq, (), 1000 * seq, NOTE, (Insert(OpId(seq, 5), after, "字"),)))
    return result


@given(streams())
def test_changes_are_read_back_byte_for_byte(stream: list[Change]) -> None:
    back = block.unpack(block.pack(stream))
    assert back == stream
    assert [encode(change) for change in back] == [encode(change) for change in stream]


@given(streams(), st.data())
def test_a_damaged_block_is_refused_or_holds_valid_changes(stream: list[Change], data: st.DataObject) -> None:
    packed = bytearray(block.pack(stream))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = block.unpack(bytes(packed))
    except DecodeError:
        return
    for change in back:
        encode(change)


@given(st.binary(max_size=200))
def test_random_bytes_only_raise_decode_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        block.unpack(data)


def test_typing_takes_a_few_bytes_per_change() -> None:
    stream = typed(1000)
    assert len(block.pack(stream)) < 16 * len(stream) < sum(len(encode(change)) for change in stream) / 2


@pytest.mark.parametrize("column", range(3, 20))
def test_each_column_is_checked(column: int) -> None:
    fields = msgspec.msgpack.decode(block.pack(typed(3)))
    value = fields[column]
    fields[column] = value + "x" if isinstance(value, str) else [*value, 10**15]
    with pytest.raises(DecodeError):
        block.unpack(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize("column", range(3, 20))
@pytest.mark.parametrize(
    "header", [b"\xdd\xff\xff\xff\xff", b"\xdd\x00\x10\x00\x00", b"\xdb\xff\xff\xff\xff"]
)
def test_a_column_that_claims_billions_of_entries_takes_no_memory(column: int, header: bytes) -> None:
    fields = msgspec.msgpack.decode(block.pack(typed(3)))
    parts = [msgspec.msgpack.encode(field) for field in fields]
    parts[column] = header
    data = b"\xdc" + len(parts).to_bytes(2, "big") + b"".join(parts)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            block.unpack(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024


def test_unknown_operations_are_not_put_into_blocks() -> None:
    change = Change(5, 1, 1, (), 0, NOTE, (Unknown(99, 1, msgspec.msgpack.encode([99, 1])),))
    assert not block.packable(change)
    with pytest.raises(DecodeError):
        block.pack([change])


def test_a_block_has_bounds() -> None:
    with pytest.raises(DecodeError):
        block.unpack(bytes(MAX_BLOCK_BYTES + 1))
    with pytest.raises(DecodeError):
        block.unpack(block.pack(typed(20_000)))
