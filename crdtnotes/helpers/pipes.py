"""What goes through the pipes between a process and its helpers: msgpack behind its length in four bytes."""

from __future__ import annotations

import signal
from typing import IO

import msgspec

_LENGTH_BYTES = 4

_encoder = msgspec.msgpack.Encoder()


def send(stream: IO[bytes], message: object) -> None:
    """Write a message; raises OSError where nobody reads it."""
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
    """Leave a Ctrl-C to the process that asked; it ends its helpers by closing their pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
