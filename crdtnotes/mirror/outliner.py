"""A process that looks for links in texts, for another that has a core to spare (`mirror/outlining.py`).

It reads a batch of texts from its standard input and writes what links each has to its output, until there
are no more. Both are msgpack behind their length in four bytes. An empty answer comes first: it is ready.
"""

from __future__ import annotations

import signal
import sys
from typing import IO

import msgspec

from crdtnotes.markup.outline import occurrences

Links = list[tuple[str, str, int]]
"""Of each `(kind, value)` how often a text has it."""

_LENGTH_BYTES = 4


def send(stream: IO[bytes], message: list[str] | list[Links]) -> None:
    """Write a message; raises OSError where nobody reads it."""
    data = msgspec.msgpack.encode(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read a message; None at the end of the stream."""
    length = stream.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    data = stream.read(size)
    return data if len(data) == size else None


def links_of(text: str) -> Links:
    """Return what links a text has."""
    return [(kind, value, count) for (kind, value), count in occurrences(text).items()]


def main() -> None:
    """Answer until the other side has no more."""
    # A Ctrl-C is for the process that asked; it ends this one by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    links_of("#")  # loads what reads Markdown
    send(sys.stdout.buffer, [])
    while (data := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, [links_of(text) for text in msgspec.msgpack.decode(data, type=list[str])])


if __name__ == "__main__":
    main()
