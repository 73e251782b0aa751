"""One line of input."""

from textual.binding import Binding
from textual.widgets import Input
from textual.widgets.input import Selection

from crdtnotes_tui.text.graphemes import cluster_end, cluster_start, whole
from crdtnotes_tui.text.segmenter import segmenter
from crdtnotes_tui.text.words import word_end, word_left


class LineInput(Input):
    """An Input that moves and deletes by grapheme clusters and by words, as the editor does.

    It puts the terminal's cursor, where input methods open, at its caret from the beginning.
    """

    BINDINGS = [
        Binding("ctrl+a", "select_all", "Select all", show=False),
        Binding("ctrl+w,ctrl+backspace,alt+backspace", "delete_left_word", "Delete word left", show=False),
        Binding(
            "ctrl+delete,alt+delete",
            "delete_right_word",
            "Delete word right",
            show=False,
            id="delete-word",
        ),
    ]

    def on_resize(self) -> None:
        """Place the cursor once the widget has its position; before that, Input reports a wrong one."""
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """Put the terminal's cursor at the caret if this has the focus."""
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset

    # -- where the caret goes

    def _go(self, to: int, *, select: bool) -> None:
        self.selection = Selection(self.selection.start if select else to, to)

    def _cell_offset_to_index(self, offset: int) -> int:
        return whole(self.value, super()._cell_offset_to_index(offset))

    def action_cursor_left(self, select: bool = False) -> None:
        """Go one cluster to the left, or to the start of the selection."""
        if select or self.selection.is_empty:
            self._go(cluster_start(self.value, self.cursor_position), select=select)
        else:
            super().action_cursor_left()

    def action_cursor_right(self, select: bool = False) -> None:
        """Go one cluster to the right, or to the end of the selection."""
        if select or self.selection.is_empty:
            self._go(cluster_end(self.value, self.cursor_position), select=select)
        else:
            super().action_cursor_right()

    def action_cursor_left_word(self, select: bool = False) -> None:
        """Go to the start of the word before the caret."""
        self._go(self._word_left, select=select)

    def action_cursor_right_word(self, select: bool = False) -> None:
        """Go to the end of the word at or after the caret."""
        self._go(self._word_end, select=select)

    @property
    def _word_left(self) -> int:
        return word_left(self.value, self.cursor_position, segmenter())

    @property
    def _word_end(self) -> int:
        return word_end(self.value, self.cursor_position, segmenter())

    # -- deleting

    def _delete(self, start: int, end: int) -> None:
        """Delete the selection, or from one position to another if there is none."""
        if self.selection.is_empty:
            self.delete(start, end)
        else:
            self.delete_selection()

    def action_delete_left(self) -> None:
        """Delete the selection, or the cluster before the caret."""
        self._delete(cluster_start(self.value, self.cursor_position), self.cursor_position)

    def action_delete_right(self) -> None:
        """Delete the selection, or the cluster after the caret."""
        self._delete(self.cursor_position, cluster_end(self.value, self.cursor_position))

    def action_delete_left_word(self) -> None:
        """Delete the selection, or from the start of the word to the caret."""
        self._delete(self._word_left, self.cursor_position)

    def action_delete_right_word(self) -> None:
        """Delete the selection, or from the caret to the end of the word."""
        self._delete(self.cursor_position, self._word_end)
