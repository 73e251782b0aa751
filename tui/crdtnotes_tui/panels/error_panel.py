"""The last error, in one sentence, until the person closes it or something else works."""

import time

from rich.text import Text
from textual.widgets import Static

from crdtnotes.graph.labels import printable


class ErrorPanel(Static):
    """A panel above the status line."""

    def __init__(self) -> None:
        super().__init__(id="error", markup=False)
        self.border_title = "That did not work"
        self.border_subtitle = "esc closes this"
        self.sentence = ""
        """The sentence that is shown, "" if none is."""
        self._shown_at = 0.0

    def show_error(self, sentence: str) -> None:
        """Show a sentence that says what failed."""
        self.sentence = sentence
        self._shown_at = time.monotonic()
        self.update(Text(printable(sentence)))
        self.display = True

    def close(self) -> None:
        """Hide it."""
        self.sentence = ""
        self.display = False

    def worked(self, begun: float) -> None:
        """Hide it if something worked that was begun (by the monotonic clock) after it was shown."""
        if self.display and self._shown_at < begun:
            self.close()

    def on_click(self) -> None:
        """Hide it."""
        self.close()
