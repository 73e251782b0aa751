"""Erasing through a pseudo terminal, with the keys that every terminal sends."""

from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.tui.desktop import vault_of
from tests.tui.terminal.process import CTRL_Q, editor

F7 = b"\x1b[18~"
SHIFT_RIGHT = b"\x1b[1;2C"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_the_selected_text_is_erased(tmp_path: Path, size: tuple[int, int]) -> None:
    path = vault_of(tmp_path / "v", n="密码 stays")
    with editor("--vault", str(path), "tui", "n", size=size) as terminal:
        terminal.wait_for("n  ✓ saved")
        terminal.send(b"\x1b[1;5H")
        terminal.wait_for_screen("1:1")
        terminal.send(SHIFT_RIGHT * 2)
        terminal.wait_for_screen("1:3")
        terminal.send(F7)
        terminal.wait_for_screen("x  Erase")
        terminal.send(b"x")
        terminal.wait_for_screen("Erase “密码”", "Out of reach", "y  Erase it for good")
        shown = terminal.mark()
        terminal.send(b"y")
        terminal.wait_for("Erased from 1 change.", since=shown)
        terminal.send(CTRL_Q)
        assert terminal.exit_code() == 0, terminal.text
        assert "Traceback" not in terminal.text
    with Vault.open(path) as vault:
        assert vault.note("n").text == " stays"
        assert vault.check() == []
    assert "密码".encode() not in path.read_bytes()
