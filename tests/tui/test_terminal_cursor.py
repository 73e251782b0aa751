"""The terminal's cursor, where input methods open, stands at the caret of whatever has the focus."""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from crdtnotes_tui.screens.pairing import JoinScreen
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


async def never(*_: object) -> Any:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (["ctrl+o"], "#question"),
        (["ctrl+g"], "#question"),
        (["f2"], "#question"),
        (["ctrl+f"], "#wanted"),
        (["ctrl+f", "tab"], "#replacement"),
        (["ctrl+p"], "CommandInput"),
        (["join"], "#code"),
        (["join", "tab"], "#address"),
    ],
)
def test_it_is_in_an_input_as_soon_as_that_has_the_focus(tmp_path: Path, keys: list[str], field: str) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="中文 text")
        async with desktop(path, "n", size=(100, 30)) as workspace:
            for key in keys:
                if key == "join":
                    workspace.app.push_screen(JoinScreen(never))
                    await workspace.pilot.pause()
                else:
                    await workspace.press(key)
            await until(lambda: bool(workspace.app.screen.query(field)))
            widget = workspace.app.screen.query_one(field, Input)
            await until(lambda: widget.has_focus and widget.region.width > 0)
            await workspace.pilot.pause()
            assert workspace.app.cursor_position == widget.cursor_screen_offset
            assert workspace.app.cursor_position.y > 0
            widget.value = ""
            await workspace.pilot.pause()
            left = workspace.app.cursor_position.x
            await workspace.type("中文")
            await workspace.pilot.pause()
            assert workspace.app.cursor_position.x == left + 4
            await workspace.press("escape")
            await until(lambda: workspace.editor.has_focus)
            await workspace.pilot.pause()
            assert workspace.app.cursor_position == workspace.editor.cursor_screen_offset

    run(main())


def test_it_follows_when_the_text_moves_under_the_caret(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="中文 text")
        async with desktop(path, "n", size=(100, 30)) as workspace:
            await workspace.press("ctrl+l")
            await workspace.pilot.pause()
            workspace.editor.focus()
            await workspace.pilot.pause()
            assert workspace.app.cursor_position == workspace.editor.cursor_screen_offset
            assert workspace.app.cursor_position.x > 20

    run(main())
