"""A program on a pseudo terminal, and the time until it shows a text."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

COLUMNS, LINES = 120, 40

PATIENCE = 60.0


def seconds_to(text: str, command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds from a command's start until a text is on its terminal; then end the command."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as program:
        os.close(theirs)
        try:
            _read_until(text.encode(), ours)
            took = time.perf_counter() - began
        finally:
            program.terminate()
            _drain(ours)
            os.close(ours)
    return took


def _read_until(text: bytes, terminal: int) -> None:
    shown = b""
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], PATIENCE)
        if not ready:
            raise TimeoutError(shown[-500:].decode(errors="replace"))
        shown += os.read(terminal, 65536)


def _drain(terminal: int) -> None:
    """Read the remaining output, so that the program can end."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # the other end is closed
        return
