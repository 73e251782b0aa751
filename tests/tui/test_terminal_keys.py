"""Two editors in real terminals, on two synced replicas, with keys and screen through tmux."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault

TMUX = shutil.which("tmux")
PATIENCE = 40.0
"""Seconds after which a test fails; a passing test does not wait this long."""

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed")


class Terminal:
    """A separate tmux server that runs one program."""

    def __init__(self, place: Path, command: list[str]) -> None:
        self._tmux = [str(TMUX), "-S", str(place), "-f", os.devnull]
        self._run("new-session", "-d", "-x", "80", "-y", "16", *command)

    def _run(self, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        done = subprocess.run(
            [*self._tmux, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment,
            check=False,
        )
        return done.stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    @property
    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    @property
    def first_line(self) -> str:
        return self.screen.partition("\n")[0]

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's cursor, in cells."""
        column, _, row = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}").partition(" ")
        return int(column or -1), int(row or -1)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"{what}:\n{self.screen}"
            time.sleep(0.02)

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def terminals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path, list[str]], Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(vault: Path, arguments: list[str]) -> Terminal:
        program = [sys.executable, "-c", "from crdtnotes.cli import main; main()"]
        command = [*program, "--vault", str(vault), "tui", "n", *arguments]
        opened.append(Terminal(tmp_path / f"s{len(opened)}", command))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def test_two_people_type_in_one_paragraph(
    tmp_path: Path, terminals: Callable[[Path, list[str]], Terminal]
) -> None:
    paths = tmp_path / "a", tmp_path / "b"
    with Vault.create(paths[0], "ana") as vault, Vault.create(paths[1], "bo", vault.id) as other:
        vault.create_note("n", "once upon a time")
        for batch in vault.changes_since({}):
            other.apply(batch)
    ana = terminals(paths[0], ["--port", "0"])
    served = re.compile(r"at (ws://127\.0\.0\.1:\d+)")
    ana.until(lambda: served.search(ana.screen) is not None, "the editor serves")
    found = served.search(ana.screen)
    assert found is not None
    bo = terminals(paths[1], [])
    bo.until(lambda: "saved" in bo.screen, "the editor is there")
    bo.press("F4")
    bo.until(lambda: "ws://" in bo.screen, "it asks for the address")
    bo.type(found[1].removeprefix("ws://"))
    bo.press("Enter")
    bo.until(lambda: "ana in sync" in bo.screen, "they are in sync")

    ana.press("Home")
    ana.until(lambda: ana.cursor == (1, 0), "the cursor is at the beginning")
    bo.press(*["Left"] * 5)
    bo.until(lambda: bo.cursor == (12, 0), "the cursor is before the last word")
    for english, chinese in zip("Two people: ", "很久很久以前有一个人写", strict=False):
        ana.type(english)
        bo.type(chinese)
    whole = "Two people:once upon a很久很久以前有一个人写 time"
    for one in (ana, bo):
        one.until(lambda one=one: one.first_line.strip().startswith(whole), "both texts are there")  # type: ignore[misc]
    # One cell of padding, then two cells for each Chinese character.
    ana.until(lambda: ana.cursor == (1 + len("Two people:"), 0), "ana's cursor")
    bo.until(lambda: bo.cursor == (1 + len("Two people:once upon a") + 2 * 11, 0), "bo's cursor")
    bo.until(lambda: "ana" in bo.first_line, "ana's name is behind the line")

    for one in (ana, bo):
        one.until(lambda one=one: "✓ saved" in one.screen, "all is stored")  # type: ignore[misc]
        one.press("C-q")
    for one in (ana, bo):
        one.until(lambda one=one: not one.screen, "the editor has ended")  # type: ignore[misc]
    texts = []
    for path in paths:
        with Vault.open(path) as vault:
            texts.append(vault.note("n").text)
    assert texts == [whole, whole]
