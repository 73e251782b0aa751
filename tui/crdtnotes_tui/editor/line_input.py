"""One line to type in."""

from textual.widgets import Input


class LineInput(Input):
    """An Input whose caret the terminal's cursor is at from the beginning: input methods open there."""

    def on_resize(self) -> None:
        """Tell the terminal; before it is laid out an Input tells a place where it is not."""
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """Let the terminal's cursor be here, if this has the focus."""
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset
