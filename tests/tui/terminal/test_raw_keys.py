"""Keys as the bytes that terminals send, through a pseudo terminal, in one read and in several."""

from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.tui.desktop import vault_of
from tests.tui.terminal.process import CTRL_Q, editor

HOMES = {"xterm": b"\x1b[1;5H", "rxvt": b"\x1b[7^", "kitty": b"\x1b[57423;5u"}
ENDS = {"xterm": b"\x1b[1;5F", "rxvt": b"\x1b[8^", "kitty": b"\x1b[57424;5u"}

TEXT = "one\ntwo"


def after(tmp_path: Path, text: str, *reads: tuple[bytes, str]) -> str:
    """Send bytes, each of them once what the ones before bring is on the screen; return the stored text."""
    path = vault_of(tmp_path / "v", n=text, m="other")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("n  ✓ saved")
        for data, shows in reads:
            shown = terminal.mark()
            terminal.send(data)
            if shows:
                terminal.wait_for(shows, since=shown)
        terminal.send(CTRL_Q)
        assert terminal.exit_code() == 0, terminal.text
        assert "Traceback" not in terminal.text
    with Vault.open(path) as vault:
        return vault.note("n").text


@pytest.mark.parametrize("kind", HOMES)
def test_ctrl_home_and_ctrl_end_go_to_the_ends_of_the_note(tmp_path: Path, kind: str) -> None:
    reads = [(HOMES[kind], "1:1"), (b"<", "1:2"), (ENDS[kind], "2:4"), (b">", "2:5")]
    assert after(tmp_path, TEXT, *reads) == "<one\ntwo>"


def test_a_sequence_that_comes_in_two_reads_types_nothing(tmp_path: Path) -> None:
    """The redraw that Ctrl+S brings shows that the first read was handled."""
    reads = [(b"\x13", "saved as you type"), (b"\x1b[1;", ""), (b"5H", "1:1"), (b"<", "1:2")]
    assert after(tmp_path, TEXT, *reads) == "<one\ntwo"


@pytest.mark.parametrize(
    "sent",
    [b"\x1bn\x1bn", b"\x1b1\x1b2", b"\x1b,", b"\x1b[1;5\x1b[C", b"\x00", b"\x1b[99;99z", b"\x1b[?62;4c"],
)
def test_keys_that_mean_nothing_here_type_nothing(tmp_path: Path, sent: bytes) -> None:
    assert after(tmp_path, TEXT, (sent + b"\x1b[D!", "2:4")) == "one\ntw!o"


def test_escape_and_then_a_letter_types_the_letter(tmp_path: Path) -> None:
    text = "one" + "\n" * 11 + " " * 10 + "covered"  # by the list, which is in the middle of the screen
    reads = [(b"\x1b[18~", "Notes without links"), (b"\x1b", "covered"), (b"n", "12:19")]
    assert after(tmp_path, text, *reads) == text + "n"


def test_commands_by_bytes_of_a_plain_terminal(tmp_path: Path) -> None:
    reads = [
        (b"\x1b[24~", "[x]"),  # F12 ticks the task
        (b"\x1b[18~", "Notes without links"),  # F7, then a letter
        (b"k", "[ ] one"),
        (b"\x1c", "Notes without links"),  # Ctrl+Backslash does the same
        (b"k", "[x] one"),
        (b"\x0f", "Open or make a note"),
        (b"m\r", "m  ✓ saved"),
        (b"\x1b[18~", "Back"),
        (b"\x1b[D", "n  ✓ saved"),
        (b"\x01", ""),  # Ctrl+A selects all; the caret stays where it is
        (b"x", "1:2"),
    ]
    assert after(tmp_path, "- [ ] one", *reads) == "x"


def test_three_clicks_select_the_line(tmp_path: Path) -> None:
    click = b"\x1b[<0;3;1M\x1b[<0;3;1m"
    assert after(tmp_path, TEXT, (click * 3, "1:4"), (b"x", "1:2")) == "x\ntwo"
