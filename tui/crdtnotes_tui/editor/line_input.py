"""One line of input."""

from textual.binding import Binding
from textual.widgets import Input


class LineInput(Input):
    """An Input that puts the terminal's cursor, where input methods open, at its caret from the beginning."""

    BINDINGS = [Binding("ctrl+a", "select_all", "Select all", show=False)]

    def on_resize(self) -> None:
        """Place the cursor once the widget has its position; before that, Input reports a wrong one."""
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """Put the terminal's cursor at the caret if this has the focus."""
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset
