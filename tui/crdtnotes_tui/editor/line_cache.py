"""How a line of text is shown: styled, and without what would steer the terminal."""

from collections.abc import Callable, Mapping

from rich.style import Style
from rich.text import Text

from crdtnotes_tui.text.styling import style_line

LONGEST = 5000
"""Longer lines are shown plain."""

_PICTURES = (
    {code: chr(0x2400 + code) for code in range(32) if code != 9}
    | {0x7F: "␡"}
    | dict.fromkeys(range(0x80, 0xA0), "·")
    | dict.fromkeys([0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "·")
)

_KEPT = 4000


class ShownLines:
    """Lines as they are shown, remembered until what they depend on changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str | None], Text] = {}

    def clear(self) -> None:
        """Forget all: the styles, or what links lead to, may have changed."""
        self._kept.clear()

    def get(
        self,
        line: str,
        block: str | None,
        resolves: Callable[[str], bool],
        styles: Mapping[str, Style],
    ) -> Text:
        """Return a line as a text that the caller may change."""
        key = (line, block)
        shown = self._kept.get(key)
        if shown is None:
            if len(self._kept) > _KEPT:
                self._kept.clear()
            shown = Text(line.translate(_PICTURES), end="", no_wrap=True)
            if len(line) <= LONGEST:
                for start, end, style in style_line(line, block, resolves):
                    shown.stylize(styles[style], start, end)
            self._kept[key] = shown
        return shown.copy()
