"""Several keys in one read, as a terminal can deliver them."""

import signal
from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.review.edits import apart, write
from tests.tui.desktop import vault_of
from tests.tui.terminal.process import CTRL_Q, TerminalProcess, editor
from tests.tui.terminal.sent import KEYS

CTRL_Z = b"\x1a"
ALT_Z = b"\x1bz"

COVERED = " " * 10 + "covered by lists"
"""A fourth line, which is visible again once the list over it is closed."""

LONG = [f"line {number}" for number in range(200)]


def pasted(text: str) -> bytes:
    return b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~"


def stored(path: Path, name: str = "n") -> str:
    with Vault.open(path) as vault:
        return vault.note(name).text


def type_and_leave(terminal: TerminalProcess, text: str) -> None:
    """Type something, to see that the editor still works, and leave."""
    shown = terminal.mark()
    terminal.send(text.encode())
    terminal.wait_for(text, since=shown)
    terminal.send(CTRL_Q)
    assert terminal.exit_code() == 0, terminal.text
    assert "Traceback" not in terminal.text


def test_undo_of_a_paste_that_is_longer_than_the_window(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="hello")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        shown = terminal.mark()
        terminal.send(pasted("\n".join(LONG)))
        terminal.wait_for(LONG[-1], since=shown)
        shown = terminal.mark()
        terminal.send(CTRL_Z)
        terminal.wait_for("hello", "1:6", since=shown)
        type_and_leave(terminal, "!")
    assert stored(path) == "hello!"


def test_somebody_else_takes_most_of_the_text_away(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="hello\n" + "\n".join(LONG))
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved", LONG[-1])
        shown = terminal.mark()
        with Vault.open(path) as vault:
            vault.note("n").write("hello")
        terminal.wait_for("hello", "1:6", since=shown)
        type_and_leave(terminal, "!")
    assert stored(path) == "hello!"


def test_to_the_shell_and_back(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="hello")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        terminal.send(b", Bo" + ALT_Z)
        terminal.wait_until_stopped()
        assert stored(path) == "hello, Bo"
        shown = terminal.mark()
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("hello, Bo", "saved", since=shown)
        type_and_leave(terminal, "!")
    assert stored(path) == "hello, Bo!"


@pytest.mark.parametrize(
    "steps",
    [
        [(b"\x0f", "Open or make a note"), (b"target\r\r", "target  ✓ saved")],
        [(b"\x07", "Search all notes"), (b"treasure\r\r", "target  ✓ saved")],
        [(b"\x12", "Go to a heading"), (b"one\r\r", "n  ✓ saved  2:1")],
        [(b"\x1bl", "make this note"), (b"target\r\r", "target  ✓ saved")],
        [(b"\x1bo", "Notes without links"), (b"lonely\r\r", "lonely  ✓ saved")],
        [(b"\x1bt", "Tags"), (b"\r\r", "Notes with #tag"), (b"target\r\r", "target  ✓ saved")],
        [(b"\x1bOQ", "links to it follow"), (b"x\r\r", "nx  ✓ saved")],
        [
            (b"\x10", "Search for commands"),
            (b"all keys", "All keys"),
            (b"\r\r", "Find and replace in"),
            (b"\rq\x1b[27u", COVERED),
        ],
    ],
    ids=["switcher", "search", "headings", "links", "orphans", "tags", "rename", "commands"],
)
def test_keys_that_close_a_list_come_twice_in_one_read(
    tmp_path: Path, steps: list[tuple[bytes, str]]
) -> None:
    notes = {
        "lonely": "words",
        "target": "the treasure #tag",
        "n": "[[target]] [[none]] #tag\n# one\n\n" + COVERED,
    }
    path = vault_of(tmp_path / "v", **notes)
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("n  ✓ saved")
        for keys, shows in steps:
            shown = terminal.mark()
            terminal.send(keys)
            terminal.wait_for(shows, since=shown)
        type_and_leave(terminal, "!")
    with Vault.open(path) as vault:
        texts = {note.name: vault.note(note.name).text for note in vault.notes()}
    assert len(texts) == len(notes)
    assert sum(text.count("!") for text in texts.values()) == 1
    assert sorted(text.replace("!", "") for text in texts.values()) == sorted(notes.values())


def test_what_was_written_apart_is_settled_by_keys_of_every_terminal(tmp_path: Path) -> None:
    with apart(tmp_path, "on Monday, ok", write("Monday", "Tuesday"), write("Monday", "Friday")) as [one, _]:
        [found] = one.review()
    path = tmp_path / "0.db"
    with editor("--vault", str(path), "tui", "A") as terminal:
        terminal.wait_for("1 to review")
        shown = terminal.mark()
        terminal.send(KEYS["f7"])
        terminal.wait_for("What was written apart", since=shown)
        terminal.send(b"m")
        terminal.wait_for("Written apart (1)", "t other", "s seen", since=shown)
        shown = terminal.mark()
        terminal.send(b"tt")
        terminal.wait_for("Nothing in this note waits for you.", since=shown)
        terminal.send(KEYS["escape"])
        terminal.settle()
        type_and_leave(terminal, "!")
    assert stored(path, "A").replace("!", "") == f"on {found.other.text}, ok"


def test_the_palette_in_a_terminal_without_room(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="hello")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        terminal.send(b"\x10")
        terminal.wait_for_screen("Open or make a note")
        terminal.resize((20, 2))
        terminal.settle()
        for key in ("pagedown", "down", "pageup", "up"):
            terminal.send(KEYS[key])
        terminal.settle()
        terminal.resize((80, 24))
        terminal.settle()
        terminal.send(b"\x1b")
        terminal.settle()
        type_and_leave(terminal, "!")
    assert stored(path) == "hello!"
