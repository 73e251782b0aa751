"""A process in a pseudo terminal of its own: raw bytes in, its output, its screen, its exit code."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.tui.terminal.screen import Screen

PATIENCE = 30.0
"""Seconds after which a test fails; a passing test does not wait this long."""

SIZE = (80, 24)

CTRL_Q = b"\x11"

_ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_=>])")

TERMINAL = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

_LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"

_BECOME_CONTROLLED = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
"""Makes the terminal the controlling one, so that its hangup signals the process, as in a shell."""

_MAIN = "from crdtnotes.cli import main; main()"


class TerminalProcess:
    """A process whose standard streams are a terminal of its own."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int] = SIZE, home: Path | None = None
    ) -> None:
        self._terminal, child = os.openpty()
        os.set_blocking(self._terminal, False)
        self.output = b""
        """The output of the process so far."""
        self.screen = Screen(size)
        self.resize(size)
        self._modes = termios.tcgetattr(child)
        self._open = True
        self._process = subprocess.Popen(
            command,
            stdin=child,
            stdout=child,
            stderr=child,
            env={**os.environ, **TERMINAL, **(_home(home) if home else {})},
            start_new_session=True,
            cwd=home,
        )
        os.close(child)

    def send(self, data: bytes) -> None:
        """Type; a terminal buffers only some kilobytes until the process reads them."""
        deadline = time.monotonic() + PATIENCE
        while data:
            assert time.monotonic() < deadline, f"it does not read\n{self.screen.text}"
            _, writable, _ = select.select([], [self._terminal], [], 0)
            if writable:
                data = data[os.write(self._terminal, data) :]
            self._read(0 if writable else 0.02)

    def mark(self) -> int:
        """Return the present end of the output, for `wait_for` to begin at."""
        return len(self.output)

    def wait_for(self, *texts: str, since: int = 0) -> None:
        """Wait until all of these are in the output after `since`, in any order."""
        self.until(lambda: all(text in _plain(self.output[since:]) for text in texts), f"{texts} is shown")

    def wait_until_stopped(self) -> None:
        """Wait until the process is suspended."""
        self.until(lambda: self.is_stopped, "the process is stopped")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Read output until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"never came true: {what}\n{self.screen.text}"
            self._read(0.02)

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal a size in columns and rows."""
        columns, rows = size
        self.screen.resize(size)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does."""
        os.close(self._terminal)
        self._open = False

    def exit_code(self) -> int:
        """Wait until the process has ended and return its exit code."""
        self.until(lambda: self._process.poll() is not None, "the process has ended")
        while self._open and self._read(0):
            pass
        return self._process.returncode

    @property
    def left_behind(self) -> list[str]:
        """What the ended process should have put back in the terminal."""
        modes = [] if termios.tcgetattr(self._terminal) == self._modes else ["line discipline"]
        return modes + self.screen.left_behind

    def wait_for_screen(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        self.until(lambda: all(text in self.screen.text for text in texts), f"{texts} on the screen")

    def read_for(self, seconds: float, *, while_running: bool = False) -> None:
        """Read what the process writes in some seconds; with `while_running`, until it ends at the latest."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0 and (self.is_running or not while_running):
            self._read(min(rest, 0.05))

    def settle(self, seconds: float = 0.3) -> None:
        """Wait until the process has written nothing for some seconds."""
        deadline = time.monotonic() + PATIENCE
        while self._read(seconds):
            assert time.monotonic() < deadline, f"it never comes to rest\n{self.screen.text}"

    @property
    def is_stopped(self) -> bool:
        """Whether the process is suspended."""
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        return self.is_running and os.waitid(os.P_PID, self._process.pid, options) is not None

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def text(self) -> str:
        """The whole output without control sequences."""
        return _plain(self.output)

    @property
    def farewell(self) -> str:
        """The output after the editor left its screen, which stays visible in the shell."""
        return _plain(self.output.rpartition(_LEAVE_ALTERNATE_SCREEN)[2])

    def _read(self, seconds: float) -> bool:
        """Read available output, waiting for some seconds at most; return whether there was any."""
        if not self._open:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return False
        readable, _, _ = select.select([self._terminal], [], [], seconds)
        if not readable:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # the other end is closed
            return False
        self.output += data
        self.screen.feed(data)
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._open:
            self.hang_up()


@contextmanager
def editor(
    *arguments: str,
    size: tuple[int, int] = SIZE,
    controlled: bool = True,
    before: str = "",
    home: Path | None = None,
) -> Iterator[TerminalProcess]:
    """Run `crdtnotes` with these arguments.

    With `controlled`, a hangup of the terminal is a signal to it. `before` is Python that runs first.
    `home` is the folder that it runs in and that holds the files of its user.
    """
    code = "\n".join([_BECOME_CONTROLLED if controlled else "", before, _MAIN])
    with TerminalProcess([sys.executable, "-c", code, *arguments], size, home) as process:
        yield process


def _home(folder: Path) -> dict[str, str]:
    """Variables that keep a user's files in a folder."""
    return {
        "HOME": str(folder),
        "CRDTNOTES_HOME": str(folder / "home"),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def _plain(output: bytes) -> str:
    return _ESCAPES.sub(b"", output).decode(errors="replace")
