"""The bar for finding and replacing in the open note."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.text.find_replace import matches, pick, replaced


class FindBar(Horizontal):
    """A line below the text; it selects a match as the person types."""

    BINDINGS = [
        Binding("down", "step(1)", "Next match"),
        Binding("up", "step(-1)", "Match before"),
        Binding("alt+a", "replace_all", "Replace all", id="replace-all"),
        Binding("escape", "close", "Close"),
    ]

    @dataclass
    class Closed(Message):
        """The bar was closed."""

    def __init__(self, editor: NoteEditor) -> None:
        super().__init__()
        self._editor = editor

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Label("find ")
        yield LineInput(compact=True, select_on_focus=True, id="wanted")
        yield Label(" with ")
        yield LineInput(
            compact=True, select_on_focus=True, id="replacement", placeholder="enter: one, f7 a: all"
        )
        yield Label("", id="matches")

    def open(self) -> None:
        """Open the bar with the selected text as the search term."""
        self.display = True
        field, text = self._wanted, self._editor.selected_text
        if text and "\n" not in text:
            field.value = text
        field.focus()

    def _say(self, text: str) -> None:
        """Show a few words at the end of the bar."""
        self.query_one("#matches", Label).update(f" {text}")

    @property
    def _wanted(self) -> Input:
        return self.query_one("#wanted", Input)

    @property
    def _replacement(self) -> Input:
        return self.query_one("#replacement", Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as the person types."""
        event.stop()
        if event.input is self._wanted:
            self._seek(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next match; in the replacement field, replace the selected match first."""
        event.stop()
        if event.input is self._replacement:
            self._replace(every=False)
        else:
            self.action_step(1)

    def action_step(self, by: int) -> None:
        """Go to another match."""
        self._seek(by)

    def action_replace_all(self) -> None:
        """Replace every match."""
        self._replace(every=True)

    def _seek(self, step: int) -> None:
        """Select a match: at or after the caret (0), the next one (1), the previous one (-1)."""
        editor = self._editor
        document = editor.note_document
        found = matches(document.text, self._wanted.value)
        start = document.get_index_from_location(min(editor.selection))
        number = pick(found, start, step)
        if number is None:
            self._say("not found")
            return
        self._say(f"{number + 1} of {len(found)}")
        first, end = map(document.get_location_from_index, found[number])
        editor.move_cursor(first, center=True)
        editor.move_cursor(end, select=True)
        for field in self.query(LineInput):
            field.place_cursor()  # selecting the match has moved the terminal's cursor

    def _replace(self, *, every: bool) -> None:
        """Replace the selected match, or all matches in one undo step."""
        editor = self._editor
        document = editor.note_document
        all_ = replaced(document.text, self._wanted.value, self._replacement.value)
        start, end = sorted(map(document.get_index_from_location, editor.selection))
        chosen = all_ if every else [one for one in all_ if (one.start, one.removed) == (start, end - start)]
        editor.replace_pieces(chosen)
        if every:
            self._say(f"{len(chosen)} replaced")
        else:
            self._seek(0)

    def action_close(self) -> None:
        """Close the bar."""
        self.display = False
        self.post_message(self.Closed())
