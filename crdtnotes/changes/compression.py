"""Zstandard (RFC 8878) with bounds: decompressed data must have its declared length, or it is rejected."""

import sys
from collections.abc import Sequence

from crdtnotes.errors import DecodeError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAST, GOOD, SMALL = 3, 9, 19
"""Levels: for data that somebody waits for, for stored data, and for data packed in the background."""

HEADER = 18
"""The most bytes in a frame's header."""

MIN_COMPRESSED_BYTES = 512
"""Data shorter than this is not compressed."""

_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
# A frame declares the window that its reader must hold in memory; at most 8 MiB (2^23) is allowed.


def compress(data: bytes, level: int = FAST) -> bytes:
    """Return the data as one zstd frame."""
    return zstd.compress(data, level)


def declared_length(data: bytes) -> int | None:
    """Return the content length that a zstd frame declares; None if it declares none."""
    try:
        return zstd.get_frame_info(data).decompressed_size
    except zstd.ZstdError:
        return None


def compress_if_worthwhile(data: bytes) -> bytes | None:
    """Return the data as one zstd frame if that saves at least an eighth, else None."""
    if len(data) < MIN_COMPRESSED_BYTES:
        return None
    smaller = compress(data)
    return smaller if len(smaller) <= len(data) * 7 // 8 else None


class Dictionary:
    """A zstd dictionary (RFC 8878, 5): data that many pieces share, so that none has to repeat it."""

    def __init__(self, data: bytes) -> None:
        """Read a dictionary that `trained` returned; raises DecodeError for anything else."""
        try:
            self._read = zstd.ZstdDict(data)
        except (ValueError, zstd.ZstdError) as error:
            raise DecodeError(f"A dictionary cannot be read ({error}).") from None
        self._compressor = zstd.ZstdCompressor(GOOD, zstd_dict=self._read.as_digested_dict)

    @property
    def id(self) -> int:
        """The number by which frames refer to it; never 0."""
        return int(self._read.dict_id)

    def compress(self, data: bytes) -> bytes:
        """Return the data as one zstd frame that only this dictionary can read."""
        self._compressor.set_pledged_input_size(len(data))
        return self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)

    def decompress(self, data: bytes, length: int) -> bytes:
        """Return the `length` bytes that a frame made with it holds; raises DecodeError."""
        return decompress(data, length, self._read)


def trained(samples: Sequence[bytes], size: int) -> bytes | None:
    """Return a dictionary of at most `size` bytes made from samples; None if there are too few samples."""
    try:
        return zstd.train_dict(samples, size).dict_content
    except (ValueError, zstd.ZstdError):
        return None


def dictionary_of(data: bytes) -> int:
    """Return the number of the dictionary that a zstd frame says it needs; 0 for none.

    The first HEADER bytes of the frame are enough.
    """
    try:
        return zstd.get_frame_info(data).dictionary_id
    except zstd.ZstdError:
        return 0


def decompress(data: bytes, length: int, dictionary: zstd.ZstdDict | None = None) -> bytes:
    """Return the `length` bytes that one zstd frame holds; raises DecodeError.

    Never produces more than `length` + 1 bytes.
    """
    if not 0 <= length < sys.maxsize:
        raise DecodeError("Compressed data declares an impossible length.")
    reader = zstd.ZstdDecompressor(dictionary, _OPTIONS)
    try:
        result = reader.decompress(data, length + 1)
    except zstd.ZstdError as error:
        raise DecodeError(f"Compressed data cannot be read ({error}).") from None
    if len(result) != length or not reader.eof or reader.unused_data:
        raise DecodeError("Compressed data does not have the length that it declares.")
    return result
