"""Styled lines, with control characters replaced by visible ones, and a cache of them."""

from collections.abc import Callable, Mapping

from rich.style import Style
from rich.text import Text

from crdtnotes.terminal.text import visible
from crdtnotes_tui.text.styling import style_line

MAX_STYLED_CHARACTERS = 5000
"""Longer lines are shown without styles."""

_MAX_CACHED_LINES = 4000


class LineCache:
    """Styled lines. The owner clears it when styles, or the targets of links, change."""

    def __init__(self) -> None:
        self._cached: dict[tuple[str, str | None], Text] = {}

    def clear(self) -> None:
        """Drop all lines."""
        self._cached.clear()

    def get(
        self,
        line: str,
        block: str | None,
        resolves: Callable[[str], bool],
        styles: Mapping[str, Style],
    ) -> Text:
        """Return a styled line, as a copy that the caller may change."""
        key = (line, block)
        styled = self._cached.get(key)
        if styled is None:
            if len(self._cached) > _MAX_CACHED_LINES:
                self._cached.clear()
            styled = Text(visible(line), end="", no_wrap=True)
            if len(line) <= MAX_STYLED_CHARACTERS:
                for start, end, style in style_line(line, block, resolves):
                    styled.stylize(styles[style], start, end)
            self._cached[key] = styled
        return styled.copy()
