"""Messages through the pipes between a process and its helpers: four bytes of length, then msgpack."""

from __future__ import annotations

import signal
from typing import IO

import msgspec

_LENGTH_BYTES = 4

_encoder = msgspec.msgpack.Encoder()


def send(stream: IO[bytes], message: object) -> None:
    """Write a message; raises OSError if nobody reads it."""
    data = _encoder.encode(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read a message, still encoded; None at the end of the stream."""
    length = stream.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    data = stream.read(size)
    return data if len(data) == size else None


def ignore_interrupts() -> None:
    """Ignore Ctrl-C: the parent process handles it and ends its helpers by closing their pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
