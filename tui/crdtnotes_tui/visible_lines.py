"""Lines on their way from any widget to the terminal: each hidden character becomes one visible cell.

Every line that Textual paints passes through the app's line filters, so no widget can send a character of a
note, a name or a message that the terminal would obey. The visible character takes one cell. So the layout
has to count one cell for the hidden character, for which rich and Textual count none.
"""

import sys
from functools import lru_cache

from rich import cells
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from crdtnotes.terminal.console import visible_segment
from crdtnotes.terminal.text import HIDDEN, printable

_WIDTH_FUNCTION = "get_character_cell_size"

_width = cells.get_character_cell_size


@lru_cache(maxsize=4096)
def visible_width(character: str, unicode_version: str = "auto") -> int:
    """Return how many cells a character takes once hidden ones are visible."""
    return 1 if character in HIDDEN else _width(character, unicode_version)


def count_visible_cells() -> None:
    """Make rich, and what is loaded of Textual, count the cells of visible characters in every layout."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("rich.", "textual.")) and vars(module).get(_WIDTH_FUNCTION) is _width:
            setattr(module, _WIDTH_FUNCTION, visible_width)
    cells.cached_cell_len.cache_clear()


class VisibleLines(LineFilter):
    """Replaces hidden characters in the segments of a line, and white space that would move the cursor."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments of the line with visible characters only."""
        if all(map(_is_visible, segments)):
            return segments
        return [visible_segment(segment, printable) for segment in segments if not segment.control]


def _is_visible(segment: Segment) -> bool:
    style = segment.style
    return segment.text.isprintable() and (style is None or style.link is None or style.link.isprintable())
