from pathlib import Path

import pytest
from textual.command import CommandPalette

from crdtnotes_tui import themes
from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.options import StartOptions
from crdtnotes_tui.settings import Settings
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with all colours."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORFGBG", raising=False)


def test_a_look_is_chosen_by_command_and_kept(tmp_path: Path) -> None:
    async def main() -> None:
        path, kept = vault_of(tmp_path / "v", n=""), tmp_path / "editor.json"
        app = NotesApp(StartOptions(path, "n"), settings=Settings(kept))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(lambda: app.main.editor.buffer is not None)
            assert app.theme == themes.DARK
            await pilot.press("ctrl+p")
            await until(lambda: isinstance(app.screen, CommandPalette))
            await pilot.press(*"look", "space", *"light")
            await pilot.pause(0.3)
            await pilot.press("enter", "enter")
            await until(lambda: app.theme == themes.LIGHT)
            await until(kept.exists)
            await app.main.leave()
        assert NotesApp(StartOptions(path, "n"), settings=Settings(kept)).theme == themes.LIGHT

    run(main())


def test_a_theme_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    settings = Settings()
    settings.set(themes.THEME, "no such theme")
    assert NotesApp(StartOptions(tmp_path / "v"), settings=settings).theme == themes.DARK


def test_without_colours_it_is_as_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert NotesApp(StartOptions(tmp_path / "v")).theme == themes.TERMINAL_DARK
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert NotesApp(StartOptions(tmp_path / "v")).theme == themes.TERMINAL_LIGHT


@pytest.mark.parametrize(
    ("term", "colorterm", "theme"),
    [
        ("xterm", "truecolor", themes.DARK),
        ("xterm-256color", "", themes.DARK),
        ("xterm", "", themes.TERMINAL_DARK),
    ],
)
def test_a_terminal_of_sixteen_colours_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str, colorterm: str, theme: str
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colorterm)
    assert NotesApp(StartOptions(tmp_path / "v")).theme == theme


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT, themes.TERMINAL_DARK, themes.TERMINAL_LIGHT])
def test_links_and_dangling_ones_differ_in_every_look(tmp_path: Path, theme: str) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]] [[none]]", m=""), "n") as workspace:
            workspace.app.theme = theme
            await workspace.pilot.pause()
            first, second = (str(span.style) for span in workspace.editor.get_line(0).spans)
            assert first != second
            assert "italic" in second
            assert "italic" not in first

    run(main())
