"""The wrapped text, with fast lookups, whose tabs count from the left edge of the screen.

Textual wraps a whole line again after each edit, and divides it into all its sections to find one of them.
Here the work does not grow with the length of a line.
"""

from bisect import bisect_right
from itertools import pairwise

from textual.geometry import Offset
from textual.widgets.text_area import WrappedDocument

from crdtnotes_tui.editor.line_breaks import breaks_after, breaks_of, cells_of, column_at
from crdtnotes_tui.text.graphemes import cluster_start

Location = tuple[int, int]


class Wrapping(WrappedDocument):
    """A wrapped document. A *section* is the part of a line on one line of the screen."""

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Wrap all lines."""
        self._width = width
        if tab_width:
            self._tab_width = tab_width
        self._wrap_offsets = [self._breaks(line) for line in self.document.lines]
        self._tops: list[int] = []
        """For each line, the number of screen lines above it."""
        self._count_from(0, 0)

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """Wrap the lines again that an edit changed; called after the edit."""
        first, last = start[0], min(max(start[0], old_end[0]), len(self._wrap_offsets) - 1)
        new_last = min(max(start[0], new_end[0]), self.document.line_count - 1)
        before = sum(len(breaks) + 1 for breaks in self._wrap_offsets[first : last + 1])
        if first == last == new_last:
            line, removed = self.document.get_line(first), old_end[1] - start[1]
            changed = [self._breaks_after(first, line, start[1], removed, new_end[1] - start[1])]
        else:
            changed = [self._breaks(line) for line in self.document.lines[first : new_last + 1]]
        self._wrap_offsets[first : last + 1] = changed
        after = sum(len(breaks) + 1 for breaks in changed)
        if len(self._tops) == len(self._wrap_offsets) and before == after and len(changed) == 1:
            return
        top = self._tops[first]
        below = self._tops[last + 1 :]
        del self._tops[first:]
        self._count_from(first, top, first + len(changed))
        moved = after - before
        self._tops += [one + moved for one in below] if moved else below

    def _count_from(self, row: int, top: int, end: int | None = None) -> None:
        for breaks in self._wrap_offsets[row:end]:
            self._tops.append(top)
            top += len(breaks) + 1

    def _breaks(self, line: str) -> list[int]:
        if not self._width or not self._may_break(line):
            return []
        return breaks_of(line, self._width, self._tab)

    def _breaks_after(self, row: int, line: str, start: int, removed: int, inserted: int) -> list[int]:
        if not self._width or not self._may_break(line):
            return []
        old = self._wrap_offsets[row]
        return breaks_after(old, line, start, removed, inserted, self._width, self._tab)

    def _may_break(self, line: str) -> bool:
        """Return False for the many lines that fit as they are, by their length alone."""
        return "\t" in line or len(line) > self._width // (1 if line.isascii() else 2)

    @property
    def _tab(self) -> int:
        return min(self._tab_width, self._width) or self._tab_width

    @property
    def width(self) -> int:
        """The width in cells that the text is wrapped to; 0 if it is not wrapped."""
        return self._width

    @property
    def wrapped(self) -> bool:
        """Whether a line is broken."""
        return self.height > len(self._wrap_offsets)

    @property
    def height(self) -> int:
        """The number of screen lines of the whole text."""
        return self._tops[-1] + len(self._wrap_offsets[-1]) + 1 if self._tops else 0

    @property
    def lines(self) -> list[list[str]]:
        """The sections of every line."""
        return [self.get_sections(row) for row in range(len(self._wrap_offsets))]

    def get_sections(self, line_index: int) -> list[str]:
        """Return the sections of a line."""
        line = self.document.get_line(line_index)
        bounds = [0, *self.get_offsets(line_index), len(line)]
        return [line[start:end] for start, end in pairwise(bounds)]

    def get_tab_widths(self, line_index: int) -> list[int]:
        """Raise an error: here the width of a tab depends on its section."""
        raise NotImplementedError

    def line_at(self, y: int) -> tuple[int, int] | None:
        """Return the line at an offset from the top and the number of its section; None below the text."""
        if not 0 <= y < self.height:
            return None
        row = bisect_right(self._tops, y) - 1
        return row, y - self._tops[row]

    def columns(self, row: int, section: int) -> tuple[int, int]:
        """Return the first column of a section of a line, and the column after its last one."""
        breaks = self.get_offsets(row)
        start = breaks[section - 1] if section else 0
        return start, breaks[section] if section < len(breaks) else len(self.document.get_line(row))

    def top_of(self, location: Location) -> int:
        """Return a location's offset from the top."""
        row, column = location
        return self._tops[row] + bisect_right(self.get_offsets(row), column)

    def first_shown(self, y: int) -> Location:
        """Return the location at the left end of the screen line at an offset from the top."""
        return self.offset_to_location(Offset(0, y))

    def cell_of(self, location: Location) -> Offset:
        """Return the cell of a location, counted from the top left of the whole text."""
        row, column = location
        section = bisect_right(self.get_offsets(row), column)
        start, _ = self.columns(row, section)
        before = self.document.get_line(row)[start:column]
        return Offset(cells_of(before, self._tab), self._tops[row] + section)

    def location_to_offset(self, location: Location) -> Offset:
        """As `cell_of`."""
        return self.cell_of(location)

    def offset_to_location(self, offset: Offset) -> Location:
        """Return the location at a cell; right of or below the text, the nearest one."""
        row, section = self.line_at(min(max(0, offset.y), self.height - 1)) or (0, 0)
        return row, self.get_target_document_column(row, offset.x, section)

    def get_target_document_column(self, line_index: int, x_offset: int, y_offset: int) -> int:
        """Return the column at a cell of a section; a negative `y_offset` counts from the last section."""
        breaks = self.get_offsets(line_index)
        section = y_offset if y_offset >= 0 else len(breaks) + 1 + y_offset
        start, end = self.columns(line_index, section)
        line = self.document.get_line(line_index)
        column = start + column_at(line[start:end], x_offset, self._tab)
        # The caret at the end of a section that is not the line's last is at the start of the next one.
        return column if column < end or section == len(breaks) else cluster_start(line, end)
