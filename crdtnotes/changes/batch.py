"""Batches: several changes in one piece of bytes, in causal order."""

from collections.abc import Iterable, Iterator

import msgspec

from crdtnotes.changes.limits import BATCH_BYTES, MAX_BATCH_BYTES
from crdtnotes.errors import DecodeError

FORMAT = 1

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, tuple[bytes, ...]])


def batches(changes: Iterable[bytes]) -> Iterator[bytes]:
    """Group changes into batches of at most BATCH_BYTES; a larger change makes a batch of its own."""
    group: list[bytes] = []
    size = 0
    for data in changes:
        if group and size + len(data) + 5 > BATCH_BYTES:
            yield _encoder.encode((FORMAT, group))
            group, size = [], 0
        group.append(data)
        size += len(data) + 5
    if group:
        yield _encoder.encode((FORMAT, group))


def unbatch(batch: bytes) -> tuple[bytes, ...]:
    """Return the changes of a batch; raises DecodeError."""
    if len(batch) > MAX_BATCH_BYTES:
        raise DecodeError(f"A batch of {len(batch):,} bytes is over the limit.")
    try:
        version, changes = _decoder.decode(batch)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DecodeError(f"These bytes are not a batch of changes ({error}).") from None
    if version != FORMAT:
        raise DecodeError(f"Batch format {version} is not known here.")
    return changes
