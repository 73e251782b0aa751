"""What a terminal shows: cells, cursor and modes, from the bytes that a program writes to it."""

import re

import pyte

_QUERY = rb"\x1b\[\?\d+\$p"
_KEYBOARD = rb"\x1b\[[<>=][\d;]*u"
_UNKNOWN_TO_PYTE = re.compile(_QUERY + b"|" + _KEYBOARD)
_UNFINISHED = re.compile(rb"\x1b(\[[<>=?]?[\d;]*\$?)?$")

MODES = {
    1: "application cursor keys",
    1000: "mouse clicks",
    1003: "mouse moves",
    1004: "focus reports",
    1006: "mouse reports (SGR)",
    1015: "mouse reports (urxvt)",
    1049: "alternate screen",
    2004: "bracketed paste",
    2026: "synchronized output",
    2048: "size reports",
}
"""Modes that a program must not leave behind in a terminal."""


class Screen:
    """The screen of a terminal with some columns and rows."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._screen = _ScreenWithModes(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._held = b""
        self.keyboards = 0
        """How many changes of the keyboard's protocol (kitty) have not been taken back."""

    def feed(self, output: bytes) -> None:
        """Draw what the program wrote."""
        output = self._held + output
        unfinished = _UNFINISHED.search(output[-32:])
        keep = len(unfinished[0]) if unfinished else 0
        self._held = output[len(output) - keep :]
        output = output[: len(output) - keep]
        for change in re.findall(_KEYBOARD, output):
            self.keyboards += {b">": 1, b"<": -1}.get(change[2:3], 0)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", output))

    def resize(self, size: tuple[int, int]) -> None:
        """Change the number of columns and rows."""
        columns, rows = size
        self._screen.resize(rows, columns)

    @property
    def rows(self) -> list[str]:
        """The rows' texts without spaces at their ends."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """All rows, one a line."""
        return "\n".join(self.rows)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, in cells, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    @property
    def left_behind(self) -> list[str]:
        """What a program that has ended should have put back."""
        modes = [name for number, name in MODES.items() if number in self._screen.private]
        hidden = ["hidden cursor"] if self._screen.cursor.hidden else []
        return modes + hidden + ["keyboard protocol"] * (self.keyboards > 0)


class _ScreenWithModes(pyte.Screen):
    """A screen that remembers private modes by their numbers."""

    def __init__(self, columns: int, rows: int) -> None:
        self.private: set[int] = set()
        super().__init__(columns, rows)

    def set_mode(self, *modes: int, **how: bool) -> None:
        if how.get("private"):
            self.private |= set(modes)
        super().set_mode(*modes, **how)

    def reset_mode(self, *modes: int, **how: bool) -> None:
        if how.get("private"):
            self.private -= set(modes)
        super().reset_mode(*modes, **how)
