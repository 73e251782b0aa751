"""What did not work, in one plain sentence, until it is read."""

from rich.text import Text
from textual.widgets import Static

from crdtnotes.graph.labels import printable


class ErrorPanel(Static):
    """A panel above the status line."""

    def __init__(self) -> None:
        super().__init__(id="trouble", markup=False)
        self.border_title = "That did not work"
        self.border_subtitle = "esc closes this"

    def tell(self, sentence: str) -> None:
        """Show what went wrong."""
        self.update(Text(printable(sentence)))
        self.display = True

    def close(self) -> None:
        """Hide it."""
        self.display = False

    def on_click(self) -> None:
        """Hide it."""
        self.close()
