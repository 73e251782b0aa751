"""Rounds of random bytes; and bugs planted in the editor, to see that the rounds find them."""

from pathlib import Path

import pytest

from tests.tui.terminal.play import Failed, Step, play, shrink, steps_of
from tests.tui.terminal.process import CTRL_Q

STEPS = 80

FAILS_AT_A_KEY = """
from crdtnotes_tui.editor.editor import NoteEditor

def fail(self):
    raise KeyError("a bug")

NoteEditor.action_undo = fail
"""

LEAVES_THE_MOUSE_ON = """
from crdtnotes_tui.driver import TerminalDriver

TerminalDriver._disable_mouse_support = lambda self: None
"""

HANGS_ON_LEAVING = """
import time
from crdtnotes_tui.app import NotesApp

async def wait(self):
    time.sleep(600)

NotesApp.put_away = wait
"""


def test_a_round(terminal_seed: int, tmp_path: Path) -> None:
    play(steps_of(terminal_seed, STEPS), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(
    ("bug", "sent", "found"),
    [
        (FAILS_AT_A_KEY, b"\x1a", "ended with exit code 1"),
        (LEAVES_THE_MOUSE_ON, CTRL_Q, "left behind"),
        (HANGS_ON_LEAVING, CTRL_Q, "never came true"),
    ],
)
def test_a_planted_bug_is_found(
    tmp_path: Path, bug: str, sent: bytes, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.tui.terminal.process.PATIENCE", 5.0)
    monkeypatch.setattr("tests.tui.terminal.play.PRESSED", 1)
    with pytest.raises(AssertionError, match=found):
        play([Step(0, "send", sent), Step(0, "send", b"x")], tmp_path, before=bug)


def test_a_failure_is_shrunk() -> None:
    steps = steps_of(3, 100)
    guilty = {17, 60}
    needed = [steps[at] for at in sorted(guilty)]
    fewer = shrink(steps, lambda some: all(any(one is step for step in some) for one in needed))
    assert len(fewer) == len(needed)
    assert all(one is other for one, other in zip(fewer, needed, strict=True))


def test_rounds_repeat() -> None:
    assert steps_of(5, 50) == steps_of(5, 50) != steps_of(6, 50)
    assert issubclass(Failed, AssertionError)
