"""A box over the text with the first lines of a linked note."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Offset, Size
from textual.widgets import Static

from crdtnotes.graph.labels import printable
from crdtnotes_tui.text.styling import code_lines, style_line

MAX_WIDTH = 56
MIN_WIDTH = 24
MAX_LINES = 10

_STYLES = {
    "heading": "bold",
    "mark": "dim",
    "quote": "italic",
    "code": "dim",
    "link": "underline",
    "tag": "dim",
}


class Preview(Static):
    """The first lines of a note."""

    def __init__(self) -> None:
        super().__init__(id="preview", markup=False)

    def set_content(self, title: str, lines: Sequence[str]) -> None:
        """Set the title and the lines to show."""
        self.border_title = printable(title)
        text = Text(no_wrap=True, overflow="ellipsis")
        for line, block in zip(lines, code_lines(lines) if lines else [], strict=True):
            shown = Text(printable(line))
            for start, end, style in style_line(line, block, lambda _: True):
                shown.stylize(_STYLES.get(style, ""), start, end)
            text.append_text(shown).append("\n")
        self.update(text if lines else Text("This note is empty.", "dim"))
        self._height = min(MAX_LINES, max(1, len(lines))) + 2
        self._width = max(map(cell_len, lines), default=20) + 4

    def under(self, caret: Offset, screen: Size) -> None:
        """Show it below the caret, or above it if there is no room."""
        width = max(MIN_WIDTH, min(MAX_WIDTH, self._width, screen.width))
        below = caret.y + 1 + self._height <= screen.height - 1
        y = caret.y + 1 if below else max(0, caret.y - self._height)
        self._put(Offset(max(0, min(caret.x, screen.width - width)), y), width)

    def beside(self, left: int, right: int, top: int, screen: Size) -> bool:
        """Show it beside the columns from `left` to `right`; return False if there is no room."""
        room_right, room_left = screen.width - right, left
        width = min(MAX_WIDTH, max(room_right, room_left))
        if width < MIN_WIDTH:
            self.display = False
            return False
        x = right if room_right >= room_left else left - width
        self._put(Offset(x, max(0, min(top, screen.height - 1 - self._height))), width)
        return True

    def _put(self, place: Offset, width: int) -> None:
        self.styles.width, self.styles.height = width, self._height
        self.styles.offset = (place.x, place.y)
        self.display = True
