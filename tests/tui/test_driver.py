"""Writing to a terminal that hangs up."""

import os
import sys
from pathlib import Path

import pytest
from textual.constants import DRIVER
from textual.drivers.linux_driver import LinuxDriver

from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.driver import TerminalDriver, TerminalFile
from crdtnotes_tui.options import StartOptions


def test_output_to_a_terminal_that_is_gone_is_discarded() -> None:
    terminal, child = os.openpty()
    with os.fdopen(child, "w", encoding="utf-8") as file:
        wrapped = TerminalFile(file)
        wrapped.write("seen")
        wrapped.flush()
        assert os.read(terminal, 100) == b"seen"
        os.close(terminal)
        for _ in range(3):
            wrapped.write("x" * 100_000)
            wrapped.flush()


def test_what_else_goes_wrong_is_raised() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as file:
        wrapped = TerminalFile(file)
        wrapped.write("x")
        with pytest.raises(OSError, match="No space"):
            wrapped.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


@pytest.mark.skipif(sys.platform == "win32" or DRIVER is not None, reason="another driver is used")
def test_the_editor_uses_it(tmp_path: Path) -> None:
    assert NotesApp(StartOptions(tmp_path / "v")).driver_class is TerminalDriver
    assert TerminalDriver.__base__ is LinuxDriver
