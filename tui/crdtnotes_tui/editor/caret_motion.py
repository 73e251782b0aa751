"""Moving, deleting and selecting by words and grapheme clusters in a text area."""

from textual.binding import Binding
from textual.widgets import TextArea
from textual.widgets.text_area import Location, Selection

from crdtnotes_tui.text.graphemes import whole
from crdtnotes_tui.text.segmenter import segmenter
from crdtnotes_tui.text.words import word_at, word_end, word_left


class CaretMotion(TextArea):
    """A TextArea whose words are also those of Chinese, Japanese and Korean."""

    BINDINGS = [
        Binding(
            "ctrl+delete,alt+delete",
            "delete_word_right",
            "Delete word right",
            show=False,
            id="delete-word",
        ),
    ]

    def clamp_visitable(self, location: Location) -> Location:
        """Return the nearest location where the caret may stand: inside the text, and in no cluster."""
        row, column = super().clamp_visitable(location)
        return row, whole(self.document.get_line(row), column)

    def get_cursor_word_left_location(self) -> Location:
        """Return the start of the word before the caret, or the end of the line above."""
        row, column = self.cursor_location
        if column == 0:
            return (row - 1, len(self.document.get_line(row - 1))) if row else (0, 0)
        return row, word_left(self.document.get_line(row), column, segmenter())

    def get_cursor_word_right_location(self) -> Location:
        """Return the end of the word at or after the caret, or the start of the line below."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        if column >= len(line):
            return (row + 1, 0) if row + 1 < self.document.line_count else (row, column)
        return row, word_end(line, column, segmenter())

    def action_delete_word_left(self) -> None:
        """Delete the selection, or from the start of the word to the caret."""
        if self.selection.is_empty:
            self._delete_via_keyboard(self.get_cursor_word_left_location(), self.cursor_location)
        else:
            self._delete_via_keyboard(*self.selection)

    def action_delete_word_right(self) -> None:
        """Delete the selection, or from the caret to the end of the word."""
        if self.selection.is_empty:
            self._delete_via_keyboard(self.cursor_location, self.get_cursor_word_right_location())
        else:
            self._delete_via_keyboard(*self.selection)

    def select_word(self, location: Location) -> None:
        """Select the word at a location."""
        row, column = location
        start, end = word_at(self.document.get_line(row), column, segmenter())
        self.selection = Selection((row, start), (row, end))
        self.record_cursor_width()
