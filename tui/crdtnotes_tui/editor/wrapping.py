"""The wrapped text, with fast lookups and line breaks between Chinese and Japanese characters.

Textual breaks lines at spaces only and treats a Chinese sentence as one long word. Here no line begins with
closing punctuation or ends with opening punctuation.
"""

import re
from collections.abc import Iterator

from textual import _wrap
from textual.expand_tabs import get_tab_widths
from textual.geometry import Offset
from textual.widgets.text_area import WrappedDocument

_WIDE = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31f0-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "（［｛「『〈《【〔“‘"
_CLOSING = "，。、；：？！）］｝」』〉》】〕”’…—～·ー々"

CHUNK = re.compile(
    rf"[{_OPENING}\[({{*_~!]*[{_WIDE}][{_CLOSING}\])}}*_~.,;:!?|]*\s?"
    rf"|[{_OPENING}]*[^\s{_WIDE}{_OPENING}{_CLOSING}]+[{_CLOSING}]*\s*"
    rf"|[{_OPENING}]+\s*|[{_CLOSING}]+\s*|\s+"
)
"""A piece that is not broken if it fits on a line: a word or one wide character, with its punctuation."""

_PLAIN = re.compile(r"\S+\s*|\s+")


def chunks(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the unbreakable pieces of a text as `(start, end, text)`, without gaps."""
    for match in (_PLAIN if text.isascii() else CHUNK).finditer(text):
        yield match.start(), match.end(), match[0]


# Textual's text areas call this function only, and nothing else in Textual does.
_wrap.chunks = chunks


class Wrapping(WrappedDocument):
    """A wrapped document that knows its height, which TextArea asks for with every line that it draws."""

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Wrap all lines; for the many lines that fit as they are, only the length is checked."""
        self._width = width
        if tab_width:
            self._tab_width = tab_width
        self._wrap_offsets = []
        self._offset_to_line_info = []
        self._line_index_to_offsets = []
        self._tab_width_cache = []
        for row, line in enumerate(self.document.lines):
            breaks: list[int] = []
            tabs = [0]
            if "\t" in line or (width and len(line) > width // (1 if line.isascii() else 2)):
                sections = get_tab_widths(line, self._tab_width)
                tabs = [tab for _, tab in sections]
                if width:
                    breaks = _wrap.compute_wrap_offsets(
                        line, width, tab_size=self._tab_width, precomputed_tab_sections=sections
                    )
            top = len(self._offset_to_line_info)
            self._offset_to_line_info += [(row, section) for section in range(len(breaks) + 1)]
            self._line_index_to_offsets.append(list(range(top, top + len(breaks) + 1)))
            self._wrap_offsets.append(breaks)
            self._tab_width_cache.append(tabs)

    @property
    def width(self) -> int:
        """The width in cells that the text is wrapped to; 0 if it is not wrapped."""
        return self._width

    @property
    def height(self) -> int:
        """The number of screen lines of the whole text."""
        return len(self._offset_to_line_info)

    def line_at(self, y: int) -> tuple[int, int] | None:
        """Return the line at an offset from the top and the number of its section; None below the text."""
        return self._offset_to_line_info[y] if 0 <= y < self.height else None

    def columns(self, row: int, section: int) -> tuple[int, int]:
        """Return the first column of a section of a line, and the column after its last one."""
        bounds = [0, *self.get_offsets(row), len(self.document.get_line(row))]
        return bounds[section], bounds[section + 1]

    def top_of(self, location: tuple[int, int]) -> int:
        """Return a location's offset from the top."""
        return self.location_to_offset(location).y

    def first_shown(self, y: int) -> tuple[int, int]:
        """Return the location at the left end of the screen line at an offset from the top."""
        return self.offset_to_location(Offset(0, y))

    def cell_of(self, location: tuple[int, int]) -> Offset:
        """Return the cell of a location, counted from the top left of the whole text."""
        return self.location_to_offset(location)
