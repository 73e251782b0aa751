"""Textual's driver, for terminals that go away or that the shell takes back for a while."""

import errno
import os
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Talks to the terminal; one that has hung up neither ends the threads that do so nor stops the app."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = cast("Any", TerminalFile(self._file))

    def run_input_thread(self) -> None:
        """Read keys until told to stop, or until there is no terminal."""
        try:
            super().run_input_thread()
        except OSError as error:
            if error.errno != errno.EIO:
                raise

    def resume_application_mode(self) -> None:
        """Take the terminal again, if it was given away.

        The system sends the signal that leads here also with a hangup; a second set of threads would then
        read and write, and nothing would end the first.
        """
        if self._writer_thread is None or not self._writer_thread.is_alive():
            super().resume_application_mode()


class TerminalFile:
    """What Textual's thread writes to. Once the terminal is gone, what is written goes nowhere.

    Otherwise that thread would end, and the app would wait for it for ever as soon as its queue is full.
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
        """Let all that was written reach the terminal."""
        try:
            self._file.flush()
        except OSError as error:
            self._gone(error)

    def _gone(self, error: OSError) -> None:
        if error.errno != errno.EIO:
            raise error
        # The file still holds what it could not write, and writes it when the process ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
