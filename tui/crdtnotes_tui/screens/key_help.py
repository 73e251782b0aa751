"""The list of all keys, made from the active bindings."""

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.screens.commands import commands
from crdtnotes_tui.screens.modal import Modal
from crdtnotes_tui.terminal_keys import UNBOUND

_WIDGETS: dict[str, type[Widget]] = {
    **{f"In the {panel.BORDER_TITLE.lower()}": panel for panel in PANELS if panel.BORDER_TITLE},
    "While finding": FindBar,
}
"""Widgets with keys that work only there, by the title of their section."""


class Keys(Modal[None]):
    """The list of keys, in sections."""

    BINDINGS = [Binding("escape,f1,q,enter", "dismiss(None)", "Close")]

    def __init__(self, active: Iterable[ActiveBinding], key_map: Mapping[str, str]) -> None:
        """`key_map` has the person's own keys by the ids of bindings."""
        super().__init__()
        self._key_map = key_map
        self._active = list(active)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="keys"):
            for title, bindings in self.sections().items():
                yield Static(Text(title, "bold"))
                yield Static(self._table(bindings))

    def sections(self) -> dict[str, dict[str, list[str]]]:
        """Return the keys by section and description, in the order of the bindings."""
        sections: dict[str, dict[str, list[str]]] = {"Notes": {}, "Writing": {}, "Moving and editing": {}}
        for command in commands(self._active):
            title = "Notes"
            if isinstance(command.node, NoteEditor):
                # Our own commands have an id, those of TextArea have none.
                title = "Writing" if command.binding.id else "Moving and editing"
            keys = [key for key in command.keys(self.app) if not key.startswith("super")]
            sections[title].setdefault(command.description, []).extend(keys)
        for title, widget in _WIDGETS.items():
            own = widget.__dict__.get("BINDINGS", ())
            described = [one for one in own if isinstance(one, Binding) and one.description]
            if described:
                sections[title] = {one.description: self._keys_of(one) for one in described}
        return sections

    def _keys_of(self, binding: Binding) -> list[str]:
        keys = self._key_map.get(binding.id or "", binding.key).split(",")
        return [self.app.get_key_display(binding.with_key(key)) for key in keys if key != UNBOUND]

    def _table(self, bindings: dict[str, list[str]]) -> Table:
        table = Table.grid(padding=(0, 2))
        for _ in range(2):
            table.add_column(style="bold", justify="right", min_width=10)
            table.add_column(min_width=22, overflow="fold")
        cells = [
            Text(cell) for description, keys in bindings.items() for cell in (", ".join(keys), description)
        ]
        for at in range(0, len(cells), 4):
            table.add_row(*cells[at : at + 4])
        return table
