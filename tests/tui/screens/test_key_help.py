from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode

from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.screens.main import MainScreen
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run

CLOSING = {"escape"}
"""Keys that close one thing at a time, so that their effect depends on what is open."""


def own_keys(node: type[DOMNode]) -> list[str]:
    """The keys that our classes bind in a node, one entry per binding."""
    return [
        key.strip()
        for one in node.__mro__
        if one.__module__.startswith("crdtnotes_tui.")
        for binding in one.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
        if key not in CLOSING
    ]


def test_with_the_text_in_use_each_key_does_what_the_help_says(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="text"), "n") as workspace:
            active = workspace.app.screen.active_bindings
            for node in (NotesApp, MainScreen, Panes, NoteEditor):
                for key in own_keys(node):
                    assert type(active[key].node) is node, key

    run(main())


def test_no_key_does_two_things() -> None:
    everywhere = [*own_keys(NotesApp), *own_keys(MainScreen), *own_keys(Panes)]
    focused: tuple[type[DOMNode], ...] = (NoteEditor, FindBar, *PANELS)
    for used in focused:
        keys = [*everywhere, *own_keys(used)]
        assert sorted(keys) == sorted(set(keys))
