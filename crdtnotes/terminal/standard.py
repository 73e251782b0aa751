"""stdin, stdout and stderr of a command: always there, and a failure of one ends the command in words.

- A standard stream that was closed before the start gets a descriptor that refuses to be read or written.
  Without it the next file that is opened would take its number, and what is printed would go into that file.
- If stdout cannot be written, the program ends with one sentence and exit code 1. If its reader is gone
  (EPIPE), it ends quietly and with `READER_GONE`, as a program does that SIGPIPE ends.
- If stderr cannot be written, messages are lost and the work goes on.
- If stdin cannot be read, the program ends with one sentence: an input that fails is not an empty input.
- A stream that another process made non-blocking is waited for.

The program ends by SystemExit: everything that is open is closed on the way, and no handler of errors takes
the failure for one of its own.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

READER_GONE = 128 + 13
"""The exit code of a program whose output nobody reads any more: 128 + SIGPIPE."""

STDIN, STDOUT, STDERR = range(3)


def open_standard_streams() -> None:
    """Make sys.stdin, sys.stdout and sys.stderr streams that fail as this module says.

    stdout and stderr show characters that their encoding lacks as escapes. A Windows console is left alone.
    """
    for descriptor, mode in ((STDIN, os.O_WRONLY), (STDOUT, os.O_RDONLY), (STDERR, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # the lowest free number, which is this one
    if not _is_console(sys.stdin):
        sys.stdin = io.TextIOWrapper(
            io.BufferedReader(_Input(STDIN, closefd=False)), *_form(sys.stdin, "strict")
        )
    if not _is_console(sys.stdout):
        sys.stdout = _written(_Output(STDOUT, "w", closefd=False), sys.stdout)
    if not _is_console(sys.stderr):
        sys.stderr = _written(_Messages(STDERR, "w", closefd=False), sys.stderr)
        sys.stderr.reconfigure(line_buffering=True)


def _is_console(stream: TextIO | None) -> bool:
    """Whether a stream is a console of Windows, whose bytes Python converts itself."""
    return sys.platform == "win32" and stream is not None and stream.isatty()


def _form(stream: TextIO | None, errors: str) -> tuple[str, str]:
    """Return the encoding of a stream that Python opened, or UTF-8, and how to handle errors."""
    return (stream.encoding if stream is not None else "utf-8"), errors


def _written(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    """Return a text stream over `raw`, in the encoding of the stream that it replaces."""
    stream = io.TextIOWrapper(io.BufferedWriter(raw), *_form(before, "backslashreplace"))
    if isinstance(before, io.TextIOWrapper):
        stream.reconfigure(line_buffering=before.line_buffering, write_through=before.write_through)
    return stream


class _Input(io.FileIO):
    """The bytes of stdin."""

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer and return the number of bytes, 0 at the end."""
        try:
            while (count := super().readinto(buffer)) is None:
                select.select([self], [], [])
        except OSError as error:
            _fail("Standard input cannot be read", error)
        return count

    def readall(self) -> bytes:
        """Return all bytes up to the end."""
        pieces = []
        piece = bytearray(io.DEFAULT_BUFFER_SIZE)
        while count := self.readinto(piece):
            pieces.append(bytes(piece[:count]))
        return b"".join(pieces)


class _Output(io.FileIO):
    """The bytes of stdout. After a failure, what Python still flushes at the end goes nowhere."""

    _failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes and return how many were written."""
        try:
            while not self._failed:
                count = super().write(data)
                if count is not None:
                    return count
                select.select([], [self], [])
        except OSError as error:
            self._failed = True
            self.fail(error)
        return memoryview(data).nbytes

    def fail(self, error: OSError) -> None:
        """End the program."""
        # Windows reports a pipe without a reader as an invalid argument.
        if error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL):
            raise SystemExit(READER_GONE) from None
        _fail("The output cannot be written", error)


class _Messages(_Output):
    """The bytes of stderr."""

    def fail(self, error: OSError) -> None:
        """Go on without messages."""


def _fail(what: str, error: OSError) -> NoReturn:
    raise SystemExit(f"Error: {what}: {error.strerror}.") from None
