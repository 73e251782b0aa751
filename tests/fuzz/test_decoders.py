"""Hypothesis against every decoder: arbitrary bytes, arbitrary msgpack, valid bytes with a hole in them."""

import zlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.changes import batch, block, codec, compression, messages, snapshot
from crdtnotes.changes.batch import Form, Packed
from crdtnotes.crdt.note import NoteState
from crdtnotes.errors import Damaged, DecodeError
from tests.changes.histories import changes, raw_fields
from tests.fuzz.corpus import HOSTILE

DECODERS: dict[str, tuple[Callable[[bytes], object], type[Exception]]] = {
    "message": (messages.decode, DecodeError),
    "batch": (lambda data: list(batch.unbatch(data)), DecodeError),
    "cost of a batch": (batch.open_batch, DecodeError),
    "block": (block.unpack, DecodeError),
    "compressed": (lambda data: compression.decompress(data, 1000), DecodeError),
    "compressed block": (
        lambda data: batch.open_piece(Packed(Form.BLOCK, len(data), compression.compress(data))),
        DecodeError,
    ),
    "change": (codec.decode, DecodeError),
    "snapshot": (lambda data: snapshot.load(data, "text"), Damaged),
    "deflated snapshot": (lambda data: snapshot.load(zlib.compress(data), "text"), Damaged),
    "Changes": (lambda data: messages.unpack(messages.Changes(1000, data or b"x")), DecodeError),
    "protocol range": (messages.protocol_range, DecodeError),
}

decoders = pytest.mark.parametrize("name", DECODERS)


def refuse_or_read(name: str, data: bytes) -> None:
    decode, family = DECODERS[name]
    try:
        decode(data)
    except family as error:
        assert str(error).endswith(".")  # noqa: PT017 - either outcome is right


@decoders
@given(st.binary(max_size=200))
def test_bytes(name: str, data: bytes) -> None:
    refuse_or_read(name, data)


@decoders
@given(st.one_of(raw_fields, st.lists(raw_fields, max_size=10)))
def test_msgpack(name: str, value: object) -> None:
    refuse_or_read(name, msgspec.msgpack.encode(value))


@decoders
@given(st.data())
def test_good_bytes_with_a_hole(name: str, data: st.DataObject) -> None:
    good = data.draw(st.one_of(changes().map(codec.encode), st.just(snapshot.dump(NoteState()))))
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    refuse_or_read(name, good[:start] + data.draw(st.binary(max_size=4)) + good[end:])


@decoders
@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_short_inputs_that_declare_huge_sizes(name: str, data: bytes) -> None:
    refuse_or_read(name, data)
