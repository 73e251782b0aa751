import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes.batch import batches, unbatch
from crdtnotes.changes.limits import BATCH_BYTES, MAX_BATCH_BYTES, MAX_CHANGE_BYTES
from crdtnotes.errors import DecodeError


@given(st.lists(st.one_of(st.binary(max_size=20), st.integers(0, 2 * BATCH_BYTES).map(bytes)), max_size=20))
def test_changes_come_back_in_order_in_batches_within_the_limit(changes: list[bytes]) -> None:
    made = list(batches(changes))
    opened = [unbatch(batch) for batch in made]
    assert [change for batch in opened for change in batch] == changes
    assert all(
        len(batch) <= BATCH_BYTES + 8 or len(inside) == 1 for batch, inside in zip(made, opened, strict=True)
    )
    assert all(inside for inside in opened)


def test_small_changes_share_a_batch() -> None:
    assert len(list(batches([bytes(100)] * 2000))) == 1
    assert len(list(batches([bytes(100)] * 4000))) == 2


def test_the_largest_change_fits_a_batch() -> None:
    [batch] = batches([bytes(MAX_CHANGE_BYTES)])
    assert unbatch(batch) == (bytes(MAX_CHANGE_BYTES),)


@given(st.binary(max_size=100))
def test_random_bytes_raise_nothing_but_the_one_error(data: bytes) -> None:
    try:
        unbatch(data)
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
def test_what_is_no_batch_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        unbatch(data)
