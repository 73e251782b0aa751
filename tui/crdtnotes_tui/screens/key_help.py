"""The list of all keys, made from the active bindings."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static, TextArea

from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.screens.modal import Modal

_WIDGETS: dict[str, type[Widget]] = {
    **{f"In the {panel.BORDER_TITLE.lower()}": panel for panel in PANELS if panel.BORDER_TITLE},
    "While finding": FindBar,
}
"""Widgets with keys that work only there, by the title of their section."""


def sideways(binding: Binding) -> bool:
    """Whether this is one of Textual's bindings for scrolling sideways, which is of no use here."""
    return binding.action in ("page_left", "page_right")


class Keys(Modal[None]):
    """The list of keys, in sections."""

    BINDINGS = [Binding("escape,f1,q,enter", "dismiss(None)", "Close")]

    def __init__(self, active: Iterable[ActiveBinding]) -> None:
        super().__init__()
        self._active = list(active)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="keys"):
            for title, bindings in self.sections().items():
                yield Static(Text(title, "bold"))
                yield Static(self._table(bindings))

    def sections(self) -> dict[str, dict[str, list[str]]]:
        """Return the keys by section and description, in the order of the bindings."""
        moving = {key for binding in TextArea.BINDINGS for key in _keys(binding)}
        own = {key for binding in NoteEditor.BINDINGS for key in _keys(binding)}
        sections: dict[str, dict[str, list[str]]] = {"Notes": {}, "Writing": {}, "Moving and editing": {}}
        for one in self._active:
            binding = one.binding
            if not binding.description or binding.key.startswith("super") or sideways(binding):
                continue
            if isinstance(one.node, NoteEditor) and binding.key in own:
                title = "Writing"
            elif isinstance(one.node, NoteEditor) and binding.key in moving:
                title = "Moving and editing"
            else:
                title = "Notes"
            sections[title].setdefault(binding.description, []).append(self.app.get_key_display(binding))
        for title, widget in _WIDGETS.items():
            own = widget.__dict__.get("BINDINGS", ())
            keys = {
                one.description: [self.app.get_key_display(one)]
                for one in own
                if isinstance(one, Binding) and one.description
            }
            if keys:
                sections[title] = keys
        return sections

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


def _keys(binding: "Binding | tuple[str, ...]") -> list[str]:
    key = binding.key if isinstance(binding, Binding) else binding[0]
    return [part.strip() for part in key.split(",")]
