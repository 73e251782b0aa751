"""Textual's driver, made to survive a terminal that hangs up and suspending to the shell."""

import errno
import os
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """A driver whose threads do not fail when the terminal hangs up, so that the app can end properly."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = cast("Any", TerminalFile(self._file))

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal is gone."""
        try:
            super().run_input_thread()
        except OSError as error:
            if error.errno != errno.EIO:
                raise

    def resume_application_mode(self) -> None:
        """Take the terminal back after suspending.

        The signal that leads here also comes with a hangup. Without this check, a second set of threads would
        start, and nothing would end the first.
        """
        if self._writer_thread is None or not self._writer_thread.is_alive():
            super().resume_application_mode()


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
