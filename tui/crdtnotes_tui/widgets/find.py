"""Find and replace in the note."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label


class FindBar(Horizontal):
    """A line below the text; it marks matches as they are typed."""

    BINDINGS = [
        Binding("down,f3", "step(1)", "Next match"),
        Binding("up,shift+f3", "step(-1)", "Match before"),
        Binding("alt+a", "replace_all", "Replace all"),
        Binding("escape", "close", "Close"),
    ]

    @dataclass
    class Sought(Message):
        """Look for a text: from the caret on (0), for the next match (1) or the one before (-1)."""

        text: str
        step: int

    @dataclass
    class Replaced(Message):
        """Replace the match that is marked, or every one."""

        text: str
        replacement: str
        every: bool

    @dataclass
    class Closed(Message):
        """The person is done."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Label("find ")
        yield Input(compact=True, select_on_focus=True, id="wanted")
        yield Label(" with ")
        yield Input(
            compact=True, select_on_focus=True, id="replacement", placeholder="enter: one, alt+a: all"
        )
        yield Label("", id="matches")

    def open(self, text: str) -> None:
        """Show the bar, with a text to begin with."""
        self.display = True
        field = self._wanted
        if text:
            field.value = text
        field.focus()

    def tell(self, number: int, count: int) -> None:
        """Show which match of how many is marked."""
        self.say(f"{number} of {count}" if count else "not found")

    def say(self, text: str) -> None:
        """Show a few words at the end of the bar."""
        self.query_one("#matches", Label).update(f" {text}")

    @property
    def _wanted(self) -> Input:
        return self.query_one("#wanted", Input)

    @property
    def _replacement(self) -> Input:
        return self.query_one("#replacement", Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look while it is typed."""
        event.stop()
        if event.input is self._wanted:
            self.post_message(self.Sought(event.value, 0))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next one, after replacing this one where a replacement was typed."""
        event.stop()
        if event.input is self._replacement:
            self._replace(every=False)
        else:
            self.action_step(1)

    def action_step(self, by: int) -> None:
        """Go to another match."""
        self.post_message(self.Sought(self._wanted.value, by))

    def action_replace_all(self) -> None:
        """Replace every match."""
        self._replace(every=True)

    def _replace(self, *, every: bool) -> None:
        self.post_message(self.Replaced(self._wanted.value, self._replacement.value, every))

    def action_close(self) -> None:
        """Go back to the text."""
        self.display = False
        self.post_message(self.Closed())
