"""A text to read, such as a log or what became of an import."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from crdtnotes.graph.labels import printable
from crdtnotes_tui.screens.modal import Modal


class Report(Modal[None]):
    """Shows lines of text under a title; the arrows scroll them."""

    BINDINGS = [Binding("escape,enter,q", "dismiss(None)", "Close")]

    def __init__(self, title: str, lines: list[str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="report") as scroll:
            scroll.border_title = printable(self._title)
            scroll.border_subtitle = "esc closes this"
            yield Static("\n".join(map(printable, self._lines)), id="report-text", markup=False)
