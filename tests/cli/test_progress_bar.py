import io
from contextlib import redirect_stderr

import pytest

from crdtnotes.cli.progress_bar import progress_bar
from tests.cli.test_output import Screen


def test_nothing_in_a_pipe() -> None:
    with redirect_stderr(io.StringIO()) as pipe, progress_bar("Importing") as progress:
        progress(1, 2)
    assert pipe.getvalue() == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Screen()) as screen, progress_bar("Importing") as progress:
        progress(0, 2)
        progress(2, 2)
    assert "Importing" in screen.shown()
    assert "2/2" in screen.shown()
