"""stdout and stderr of a command: whatever a part of the program writes there becomes visible first.

What has to reach the stream as it is (the sequences of colours, the exact bytes of a note) is written to the
stream below, which `exact_stream` and `exact_bytes` return.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO, cast

from crdtnotes.terminal.text import visible


class VisibleStream(io.TextIOBase):
    """A text stream that passes on what is written to it without hidden characters.

    It has no `buffer`: a library that looks for one to write bytes to must not find it.
    """

    def __init__(self, exact: TextIO) -> None:
        self.exact = exact

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream below."""
        return self.exact.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How the stream below handles what it cannot encode."""
        return self.exact.errors

    def write(self, text: str) -> int:
        """Write a text, made visible."""
        self.exact.write(visible(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        self.exact.flush()

    def isatty(self) -> bool:
        """Whether the stream below is a terminal."""
        return self.exact.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream below."""
        return self.exact.fileno()

    def writable(self) -> bool:
        """Return True."""
        return True


@contextmanager
def visible_output() -> Iterator[None]:
    """Make stdout and stderr visible streams within the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", VisibleStream(exact_stream(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def exact_stream(stream: TextIO) -> TextIO:
    """Return the stream below a visible one; any other stream as it is."""
    return stream.exact if isinstance(stream, VisibleStream) else stream


def exact_bytes(stream: TextIO) -> BinaryIO:
    """Return where to write a stream's bytes; everything written before is flushed."""
    stream.flush()
    return exact_stream(stream).buffer
