"""Asks for one line of text."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Label

from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.screens.modal import Modal


class Prompt(Modal[str | None]):
    """A question with a line to answer it; its result is the answer, or None."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Close")]

    def __init__(self, question: str, answer: str = "") -> None:
        super().__init__()
        self._question = question
        self._answer = answer

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="prompt"):
            yield Label(self._question, markup=False)
            yield LineInput(self._answer, select_on_focus=False, id="question")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the answer."""
        self.dismiss(event.value.strip() or None)
