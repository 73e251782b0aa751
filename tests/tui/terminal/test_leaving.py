"""Every way out of the editor in a bare terminal: exit code, remaining output, stored text."""

import signal
import sqlite3
from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.tui.desktop import vault_of
from tests.tui.terminal.process import CTRL_Q, TerminalProcess, editor

FULL_DISK = """
from crdtnotes.errors import DiskFull
from crdtnotes.store.log.log import Log

def full(*_):
    raise DiskFull("There is no room left.")

Log.write = full
"""

BUG = """
from crdtnotes_tui.notes.workspace import Workspace

async def learn(self):
    private = "what nobody" + " should see"
    raise KeyError("a bug")

Workspace.learn = learn
"""


def stored(path: Path) -> str:
    with Vault.open(path) as vault:
        return vault.note("n").text


def write(terminal: TerminalProcess, text: str) -> None:
    """Type a text once the note is open, and wait until it is on the screen."""
    terminal.wait_for("saved")
    shown = terminal.mark()
    terminal.send(text.encode())
    terminal.wait_for(text, since=shown)


def assert_well(terminal: TerminalProcess) -> None:
    """Assert that the editor ends without any error."""
    assert terminal.exit_code() == 0, terminal.text
    assert "Traceback" not in terminal.text
    assert not terminal.farewell.strip()


def assert_told(terminal: TerminalProcess, *words: str) -> None:
    """Assert that the editor fails and that its only output is one sentence with these words."""
    assert terminal.exit_code() == 1, terminal.text
    assert "Traceback" not in terminal.text
    (said,) = terminal.farewell.strip().splitlines()
    assert said.startswith("Error: ")
    for word in words:
        assert word in said


def test_ctrl_q_leaves(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="")
    with editor("--vault", str(path), "tui", "n") as terminal:
        write(terminal, "写字")
        terminal.send(CTRL_Q)
        assert_well(terminal)
    assert stored(path) == "写字"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_it_leaves(tmp_path: Path, number: signal.Signals) -> None:
    path = vault_of(tmp_path / "v", n="")
    with editor("--vault", str(path), "tui", "n") as terminal:
        write(terminal, "写字")
        terminal.signal(number)
        assert_well(terminal)
    assert stored(path) == "写字"


@pytest.mark.parametrize("controlled", [True, False], ids=["told by a signal", "not told"])
def test_a_closed_terminal_ends_it(tmp_path: Path, controlled: bool) -> None:
    path = vault_of(tmp_path / "v", n="")
    with editor("--vault", str(path), "tui", "n", controlled=controlled) as terminal:
        write(terminal, "写字")
        terminal.hang_up()
        assert terminal.exit_code() == 0
    assert stored(path) == "写字"


def test_told_to_end_at_the_start(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="old")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("all commands")
        terminal.signal(signal.SIGTERM)
        assert_well(terminal)
    assert stored(path) == "old"


def test_the_signal_of_going_on_does_nothing_to_one_that_was_not_stopped(tmp_path: Path) -> None:
    """A second set of threads that read the terminal would outlive the editor."""
    path = vault_of(tmp_path / "v", n="")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        terminal.signal(signal.SIGCONT)
        write(terminal, "写字")
        terminal.send(CTRL_Q)
        assert_well(terminal)
        assert terminal.output.count(b"\x1b[?1049h") == 1


def test_what_is_no_vault(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_text("a shopping list\n" * 100)
    with editor("--vault", str(path), "tui") as terminal:
        assert_told(terminal, str(path))


def test_a_vault_of_a_newer_version(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="")
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA user_version = 9999")
    conn.close()
    with editor("--vault", str(path), "tui") as terminal:
        assert_told(terminal, "newer crdtnotes")


def test_a_note_that_is_not_there(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="")
    with editor("--vault", str(path), "tui", "no such note") as terminal:
        assert_told(terminal, "'no such note'")


@pytest.mark.parametrize("way", ["ctrl+q", "told"])
def test_on_a_full_disk_it_names_the_file_that_holds_the_text(tmp_path: Path, way: str) -> None:
    path = vault_of(tmp_path / "v", n="old ")
    with editor("--vault", str(path), "tui", "n", size=(100, 24), before=FULL_DISK) as terminal:
        write(terminal, "kept")
        if way == "ctrl+q":
            terminal.send(CTRL_Q)
            terminal.wait_for("Not saved: n")
            terminal.send(CTRL_Q)
        else:
            terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 1
        assert "Traceback" not in terminal.text
        (kept,) = tmp_path.glob("*.unsaved")
        # The terminal does not break lines, so the words are contiguous.
        assert f"There is no room left. It is kept in {kept}" in terminal.farewell
        assert "old kept" in kept.read_text()
    assert stored(path) == "old "


def test_a_bug_is_shown_and_ends_with_an_error(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="old")
    with editor("--vault", str(path), "tui", "n", before=BUG) as terminal:
        assert terminal.exit_code() == 1
        assert "KeyError: 'a bug'" in terminal.farewell
        # The traceback shows the lines of the program, but no values: they could be notes or keys.
        assert "what nobody should see" not in terminal.farewell
        assert "locals" not in terminal.farewell


@pytest.mark.parametrize("opening", [b"\x07", b"\x0f", b"\x10", b"\x1bt", b"\x12", b"\x06", b"\x1bOP"])
def test_leaving_while_a_list_opens(tmp_path: Path, opening: bytes) -> None:
    path = vault_of(tmp_path / "v", n="hello")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        terminal.send(opening + CTRL_Q + opening)
        assert terminal.exit_code() == 0, terminal.text
        assert "Traceback" not in terminal.text
        assert terminal.left_behind == []
