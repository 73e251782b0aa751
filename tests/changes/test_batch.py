import tracemalloc
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes import block
from crdtnotes.changes.batch import BLOCK_COST, Form, Packed, batches, changes_in, open_batch, unbatch
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.compression import compress
from crdtnotes.changes.limits import MAX_BATCH_BYTES, MAX_BLOCK_BYTES, MAX_CHANGE_BYTES
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Delete, Insert
from crdtnotes.errors import DecodeError
from tests.changes.histories import changes


@given(st.lists(changes(), max_size=8), st.sampled_from([40, 200, 10_000]))
def test_changes_are_read_back_in_order_from_batches_within_the_limit(made: list[Change], limit: int) -> None:
    datas = [encode(change) for change in made]
    with mock.patch("crdtnotes.changes.batch.BATCH_BYTES", limit):
        packed = list(batches(datas))
    opened = [changes_in(one) for one in packed]
    assert [data for one in opened for data in one] == datas
    assert all(len(one) <= limit or len(inside) == 1 for one, inside in zip(packed, opened, strict=True))
    assert all(inside for inside in opened)


def pasted(length: int) -> bytes:
    """A change of one large insert."""
    return encode(Change(5, 1, 1, (), 0, bytes(16), (Insert(OpId(1, 5), ROOT, "x" * length),)))


def test_small_changes_share_a_batch() -> None:
    assert len(list(batches([pasted(100)] * 1000))) == 1
    assert len(list(batches([pasted(100)] * 3000))) == 2


def test_the_largest_change_fits_a_batch() -> None:
    data = pasted(MAX_CHANGE_BYTES - 60)
    for piece in (data, Packed(Form.CHANGE, len(data), compress(data))):
        [batch] = batches([piece])
        assert changes_in(batch) == [data]


def test_packed_pieces_are_opened_within_their_bounds() -> None:
    data = pasted(5000)
    stream = [decode(data)]
    columns = block.pack(stream)
    assert changes_in(packed(Packed(Form.BLOCK, len(columns), compress(columns)))) == [data]
    for wrong in (
        Packed(Form.BLOCK, len(data), compress(data)),
        Packed(Form.CHANGE, len(columns), compress(columns)),
        Packed(3, len(data), compress(data)),
        Packed(Form.CHANGE, len(data) - 1, compress(data)),
        Packed(Form.CHANGE, len(data) + 1, compress(data)),
        Packed(Form.CHANGE, 0, compress(b"")),
        Packed(Form.CHANGE, -1, compress(data)),
        Packed(Form.CHANGE, 2**60, compress(data)),
        Packed(Form.CHANGE, len(data), compress(data)[:-1]),
        Packed(Form.CHANGE, len(data), compress(data) + b"x"),
        Packed(Form.CHANGE, len(data), data),
    ):
        with pytest.raises(DecodeError):
            changes_in(packed(wrong))


def test_a_batch_cannot_make_its_reader_use_more_memory_than_allowed() -> None:
    bomb = Packed(Form.CHANGE, MAX_CHANGE_BYTES, compress(bytes(MAX_CHANGE_BYTES)))
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            changes_in(packed(*[bomb] * 100))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024


def peak_of(batch: bytes) -> int:
    """The peak memory for reading or refusing a batch, in bytes."""
    tracemalloc.start()
    try:
        for _ in unbatch(batch):
            pass
    except DecodeError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_a_negative_length_does_not_make_room_for_more() -> None:
    bomb = Packed(Form.CHANGE, MAX_CHANGE_BYTES, compress(bytes(MAX_CHANGE_BYTES)))
    batch = packed(*[bomb] * 4, Packed(Form.CHANGE, -4 * MAX_CHANGE_BYTES, b"x"))
    with pytest.raises(DecodeError):
        unbatch(batch)
    assert peak_of(batch) < 1024 * 1024


def steps(count: int, seq: int = 1) -> Packed:
    """A block of one change with many operations that do nothing."""
    change = Change(5, seq, 1 + (seq - 1) * count, (), 0, bytes(16), (Delete(()),) * count)
    data = block.pack([change])
    return Packed(Form.BLOCK, len(data), compress(data))


def test_all_blocks_of_a_batch_together_are_bounded() -> None:
    """A block of 1 MiB takes about 50 MB of memory, in a frame of 150 bytes."""
    large = steps(500_000)
    assert large.length < MAX_BLOCK_BYTES
    assert len(packed(large)) < 200
    with pytest.raises(DecodeError):
        unbatch(packed(large, large))


def test_blocks_are_shared_out_over_batches_within_that_bound() -> None:
    """With a lower bound: to read blocks up to the real one takes many seconds."""
    most = MAX_BLOCK_BYTES // 20
    made = [steps(5000, seq) for seq in range(1, 13)]
    with mock.patch("crdtnotes.changes.batch.MAX_BLOCK_BYTES", most):
        several = list(batches(made))
        assert len(several) == 3
        assert [data for one in several for data in changes_in(one)] == [
            data for piece in made for data in changes_in(packed(piece))
        ]
        assert all(open_batch(one).cost <= BLOCK_COST * most for one in several)


def test_pieces_are_opened_one_at_a_time() -> None:
    piece = steps(3000)
    assert peak_of(packed(*[piece] * 10)) < 2 * peak_of(packed(piece))


def test_a_block_costs_more_than_text() -> None:
    text = pasted(100_000)
    piece = steps(50_000)
    compressed = packed(Packed(Form.CHANGE, len(text), compress(text)))
    assert open_batch(compressed).cost == len(text) == open_batch(batch_of(text)).cost
    assert open_batch(packed(piece)).cost == BLOCK_COST * piece.length


def batch_of(data: bytes) -> bytes:
    [batch] = batches([data])
    return batch


def packed(*pieces: Packed) -> bytes:
    return msgspec.msgpack.encode((1, pieces))


@given(st.binary(max_size=100))
def test_random_bytes_only_raise_decode_error(data: bytes) -> None:
    try:
        list(unbatch(data))
    except DecodeError:
        return


@pytest.mark.parametrize(
    "data",
    [
        b"",
        msgspec.msgpack.encode((2, [b"x"])),
        msgspec.msgpack.encode((1, ["x"])),
        msgspec.msgpack.encode((1, [b"x"], 3)),
        msgspec.msgpack.encode((1, [b"x"])) + b"x",
        msgspec.msgpack.encode((1, [b"x"]))[:-1],
        b"\x92\x01\xdd\xff\xff\xff\xff",
        b"\x92\x01\x91\xc6\xff\xff\xff\xff",
        b"\x91" * 100_000,
        bytes(MAX_BATCH_BYTES + 1),
    ],
    ids=lambda data: data[:8].hex(),
)
def test_bytes_that_are_not_a_batch_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        list(unbatch(data))
