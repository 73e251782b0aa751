"""Batches: several changes in one byte string, in causal order (docs/protocol.md, "Batches").

A batch holds *pieces*: an uncompressed change, a compressed change or a compressed block of changes. Data
that a replica stores compressed is sent without compressing it again.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec
from msgspec import Struct

from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.limits import BATCH_BYTES, MAX_BATCH_BYTES, MAX_BLOCK_BYTES, MAX_CHANGE_BYTES
from crdtnotes.errors import DecodeError

FORMAT = 1

BLOCK_COST = 32
"""Roughly how many times more it costs to ingest a byte of a block than a byte of text in a large change."""


class Form(IntEnum):
    """What a packed piece holds once it is decompressed."""

    CHANGE = 1
    BLOCK = 2


class Packed(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A piece compressed with zstd: its form, its uncompressed length and its compressed data."""

    form: int
    length: int
    data: bytes


Piece = bytes | Packed
"""A change's bytes, or a compressed piece."""

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[tuple[int, tuple[Piece, ...]]] = msgspec.msgpack.Decoder(
    tuple[int, tuple[bytes | Packed, ...]]
)


class Opened(Struct, frozen=True):
    """A piece as received, with its changes and their bytes."""

    piece: Piece
    changes: list[tuple[Change, bytes]]

    @property
    def is_block(self) -> bool:
        """Whether the piece is a block, even of a single change."""
        return isinstance(self.piece, Packed) and self.piece.form == Form.BLOCK


def piece_of(data: bytes) -> Piece:
    """Return the piece for a change, compressed if that saves enough."""
    from crdtnotes.changes.compression import compress_if_worthwhile

    smaller = compress_if_worthwhile(data)
    return data if smaller is None else Packed(Form.CHANGE, len(data), smaller)


def batches(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Group pieces into batches of at most BATCH_BYTES; a larger piece makes a batch of its own."""
    group: list[Piece] = []
    size = length = blocks = 0
    for piece in pieces:
        data, bytes_ = (piece.data, piece.length) if isinstance(piece, Packed) else (piece, len(piece))
        size += len(data) + 16
        length += bytes_
        blocks += _block_bytes(piece)
        if group and (size > BATCH_BYTES or length > MAX_BATCH_BYTES or blocks > MAX_BLOCK_BYTES):
            yield _encoder.encode((FORMAT, group))
            group, size, length, blocks = [], len(data) + 16, bytes_, _block_bytes(piece)
        group.append(piece)
    if group:
        yield _encoder.encode((FORMAT, group))


def _block_bytes(piece: Piece) -> int:
    return piece.length if isinstance(piece, Packed) and piece.form == Form.BLOCK else 0


class Batch(Struct, frozen=True, gc=False):
    """A batch whose envelope is decoded: its pieces as received.

    `cost` is the cost of ingesting them, in bytes of text in large changes; a byte of a block costs
    BLOCK_COST times as much, because it can hold a whole change.
    """

    pieces: tuple[Piece, ...]
    cost: int


def open_batch(data: bytes) -> Batch:
    """Decode a batch's envelope; raises DecodeError."""
    pieces = _pieces(data)
    return Batch(
        pieces,
        sum(
            piece.length + (BLOCK_COST - 1) * _block_bytes(piece) if isinstance(piece, Packed) else len(piece)
            for piece in pieces
        ),
    )


def unbatch(batch: bytes | Batch) -> Iterator[Opened]:
    """Iterate over the pieces of a batch, opening each when it is requested; raises DecodeError then too.

    All compressed pieces of a batch together may decompress to MAX_BATCH_BYTES and its blocks to
    MAX_BLOCK_BYTES, so a few bytes never take much memory. An open piece takes far more memory than its
    bytes: let it go before requesting the next.
    """
    pieces = batch.pieces if isinstance(batch, Batch) else _pieces(batch)
    return (Opened(piece, open_piece(piece)) for piece in pieces)


def _pieces(batch: bytes) -> tuple[Piece, ...]:
    """Return the pieces of a batch as received, after checking their limits; raises DecodeError."""
    if len(batch) > MAX_BATCH_BYTES:
        raise DecodeError(f"A batch of {len(batch):,} bytes is over the limit.")
    try:
        version, pieces = _decoder.decode(batch)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DecodeError(f"These bytes are not a batch of changes ({error}).") from None
    if version != FORMAT:
        raise DecodeError(f"Batch format {version} is unknown.")
    packed = [piece for piece in pieces if isinstance(piece, Packed)]
    if any(piece.length < 1 for piece in packed):
        raise DecodeError("A batch holds an empty piece.")
    length, blocks = sum(piece.length for piece in packed), sum(map(_block_bytes, packed))
    if length > MAX_BATCH_BYTES or blocks > MAX_BLOCK_BYTES:
        raise DecodeError("A batch holds more than the limit allows.")
    return pieces


def changes_in(batch: bytes) -> list[bytes]:
    """Return the bytes of each change in a batch; raises DecodeError."""
    return [data for opened in unbatch(batch) for _, data in opened.changes]


def open_piece(piece: Piece) -> list[tuple[Change, bytes]]:
    """Return the changes of a piece with their bytes; raises DecodeError."""
    if not isinstance(piece, Packed):
        return [(decode(piece), piece)]
    from crdtnotes.changes.compression import decompress

    limit = MAX_BLOCK_BYTES if piece.form == Form.BLOCK else MAX_CHANGE_BYTES
    if not 0 < piece.length <= limit:
        raise DecodeError(f"A piece of {piece.length:,} bytes is out of bounds.")
    data = decompress(piece.data, piece.length)
    if piece.form == Form.CHANGE:
        return [(decode(data), data)]
    if piece.form == Form.BLOCK:
        from crdtnotes.changes import block  # a vault of few changes has none

        return [(change, encode(change)) for change in block.unpack(data)]
    raise DecodeError(f"Piece form {piece.form} is unknown.")
