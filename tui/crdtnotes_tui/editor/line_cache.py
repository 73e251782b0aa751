"""The styled parts of lines, cached."""

from collections.abc import Callable

from crdtnotes_tui.text.styling import Part, style_line, style_near

MAX_STYLED_CHARACTERS = 5000
"""In longer lines, only what is near a section is looked at to style it."""

_MAX_CACHED_LINES = 4000

_NEAR = 300
"""How far around a section of a long line links are looked for."""


class LineCache:
    """The styled parts of lines. The owner clears it when the targets of links change."""

    def __init__(self) -> None:
        self._cached: dict[tuple[str, str | None, bool], list[Part]] = {}

    def clear(self) -> None:
        """Drop all lines."""
        self._cached.clear()

    def get(
        self, line: str, block: str | None, begin: int, end: int, resolves: Callable[[str], bool]
    ) -> tuple[Part, ...]:
        """Return the styled parts of a section of a line, with columns that count from its beginning."""
        huge, first = len(line) > MAX_STYLED_CHARACTERS, 0
        if huge:
            first = max(0, begin - _NEAR)
            line = line[first : end + _NEAR]
        key = (line, block, huge)
        parts = self._cached.get(key)
        if parts is None:
            if len(self._cached) > _MAX_CACHED_LINES:
                self._cached.clear()
            parts = self._cached[key] = (style_near if huge else style_line)(line, block, resolves)
        low, high = begin - first, end - first
        return tuple(
            Part(max(start, low) - low, min(finish, high) - low, name)
            for start, finish, name in parts
            if start < high and finish > low
        )
