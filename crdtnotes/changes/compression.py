"""Zstandard (RFC 8878) with bounds: what is decompressed has the length that was declared, or is refused."""

import sys

from crdtnotes.errors import DecodeError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAST, SMALL = 3, 19
"""Levels: for what somebody waits for, and for what is packed in the background and stays."""

LEAST = 512
"""Bytes from which on compressing is tried."""

_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
# A frame names the window that its reader must hold in memory: at most 8 MiB are granted.


def compress(data: bytes, level: int = FAST) -> bytes:
    """Return the data as one zstd frame."""
    return zstd.compress(data, level)


def declared_length(data: bytes) -> int | None:
    """Return the length that a zstd frame itself says its content has; None where it says none."""
    try:
        return zstd.get_frame_info(data).decompressed_size
    except zstd.ZstdError:
        return None


def compress_if_worth(data: bytes) -> bytes | None:
    """Return the data as one zstd frame where that saves an eighth or more, else None."""
    if len(data) < LEAST:
        return None
    smaller = compress(data)
    return smaller if len(smaller) <= len(data) * 7 // 8 else None


def decompress(data: bytes, length: int) -> bytes:
    """Return the `length` bytes that one zstd frame holds; raises DecodeError.

    Never makes more than `length` bytes and one more.
    """
    if not 0 <= length < sys.maxsize:
        raise DecodeError("Compressed data declares a length that cannot be.")
    reader = zstd.ZstdDecompressor(options=_OPTIONS)
    try:
        result = reader.decompress(data, length + 1)
    except zstd.ZstdError as error:
        raise DecodeError(f"Compressed data cannot be read ({error}).") from None
    if len(result) != length or not reader.eof or reader.unused_data:
        raise DecodeError("Compressed data does not have the length that it declares.")
    return result
