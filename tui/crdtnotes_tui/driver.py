"""Textual's driver, made to survive whatever a terminal sends, its hangup, and suspending to the shell."""

import errno
import os
import selectors
import time
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

from crdtnotes_tui.terminal_input import TerminalInput

POLL_SECONDS = 0.1
"""How often the thread that reads keys looks whether it is to end, and whether a sequence is unfinished."""

READ_BYTES = 65536


class TerminalDriver(LinuxDriver):
    """A driver whose threads do not fail when the terminal hangs up, so that the app can end properly."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = cast("Any", TerminalFile(self._file))

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal is gone."""
        terminal = TerminalInput()
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                data = None
                if selector.select(POLL_SECONDS):
                    data = _read(self.fileno)
                    if data == b"":
                        return
                now = time.monotonic()
                for event in [*terminal.feed(data or b"", now), *terminal.tick(now)]:
                    self.process_message(event)

    def resume_application_mode(self) -> None:
        """Take the terminal back after suspending.

        The signal that leads here also comes with a hangup. Without this check, a second set of threads would
        start, and nothing would end the first.
        """
        if self._writer_thread is None or not self._writer_thread.is_alive():
            super().resume_application_mode()


def _read(terminal: int) -> bytes:
    """Return what the terminal sent; b"" if it is gone."""
    try:
        return os.read(terminal, READ_BYTES)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


class TerminalFile:
    """The file that Textual's thread writes to. Once the terminal is gone, output is discarded.

    Otherwise the thread would end, and the app would wait for it forever as soon as its queue is full.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self._file.fileno()

    def write(self, text: str) -> None:
        """Write a text."""
        try:
            self._file.write(text)
        except OSError as error:
            self._gone(error)

    def flush(self) -> None:
        """Flush the file."""
        try:
            self._file.flush()
        except OSError as error:
            self._gone(error)

    def _gone(self, error: OSError) -> None:
        if error.errno != errno.EIO:
            raise error
        # The file still buffers the output that failed and writes it when the process ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
