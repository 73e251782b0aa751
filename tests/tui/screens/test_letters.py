from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.screens.commands import ALT, LETTERS
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.terminal_keys import is_plain
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run

OWNERS: tuple[type[DOMNode], ...] = (NotesApp, MainScreen, Panes, NoteEditor, FindBar, *PANELS)


def own_bindings(owner: type[DOMNode]) -> list[Binding]:
    return [
        binding
        for one in owner.__mro__
        if one.__module__.startswith("crdtnotes_tui.")
        for binding in one.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
    ]


def works_in_a_plain_terminal(key: str) -> bool:
    """A key that every terminal sends; for Alt and such a key there is F7 and the key."""
    return is_plain(key.removeprefix(ALT))


@pytest.mark.parametrize("owner", OWNERS)
def test_every_command_has_a_key_that_a_plain_terminal_can_send(owner: type[DOMNode]) -> None:
    selecting = ("note_start(True)", "note_end(True)")  # these are of the same kind as Shift and an arrow
    for binding in own_bindings(owner):
        keys = binding.key.split(",")
        assert binding.action in selecting or any(map(works_in_a_plain_terminal, keys)), binding


def test_the_key_before_a_letter_is_plain_itself() -> None:
    (binding,) = (one for one in own_bindings(MainScreen) if one.id == LETTERS)
    assert all(map(is_plain, binding.key.split(",")))


@pytest.mark.parametrize(
    "key",
    ["ctrl+@", "ctrl+space", "ctrl+1", "ctrl+shift+k", "alt+a", "ctrl+j", "ctrl+i", "ctrl+h", "shift+f4"],
)
def test_keys_that_many_terminals_cannot_send_are_not_plain(key: str) -> None:
    assert not is_plain(key)


def test_every_command_is_in_the_palette_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="text"), "n") as here:
            offered = [one.title for one in here.app.get_system_commands(here.app.screen)]
            assert len(offered) == len(set(offered))
            for owner in (NotesApp, MainScreen, Panes, NoteEditor):
                for binding in own_bindings(owner):
                    if binding.description:
                        assert binding.description in offered

    run(main())


def test_f7_and_a_key_do_what_alt_and_the_key_do(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="- [ ] one", m="other")
        async with desktop(path, "n") as here:
            await here.press("f7")
            await here.sees("Tick the task", "Notes without links", "Pair a device")
            await here.press("k")
            assert here.text == "- [x] one"
            await here.press("ctrl+backslash", "O")
            await here.sees("Notes without links …")
            await here.press("escape", "f7", "escape")
            await here.type("!")
            assert here.text == "- [x] one!"
            await here.press("ctrl+o")
            await here.type("m\n")
            await here.shows("m")
            await here.press("f7", "left")
            await here.shows("n")
            await here.press("f7", "<")
            assert here.editor.cursor_location == (0, 0)

    run(main())


def test_f7_works_while_finding(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="a b a"), "n") as here:
            await here.press("ctrl+f", "a", "tab", "c", "f7", "a")
            await here.sees("2 replaced")
            assert here.text == "c b c"

    run(main())
