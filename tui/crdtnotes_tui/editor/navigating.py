"""Where the caret goes: by grapheme clusters to the sides, by cells up and down."""

from textual.geometry import Offset
from textual.widgets.text_area import DocumentNavigator

from crdtnotes_tui.editor.wrapping import Location, Wrapping
from crdtnotes_tui.text.graphemes import cluster_end, cluster_start, whole


class Navigator(DocumentNavigator):
    """Finds locations relative to others."""

    def __init__(self, wrapping: Wrapping) -> None:
        super().__init__(wrapping)
        self._wrapping = wrapping

    def get_location_left(self, location: Location) -> Location:
        """Return the location before a cluster; at the start of a line, the end of the line above."""
        row, column = location
        if column > 0:
            return row, cluster_start(self._document.get_line(row), column)
        return (row - 1, len(self._document.get_line(row - 1))) if row else (0, 0)

    def get_location_right(self, location: Location) -> Location:
        """Return the location after a cluster; at the end of a line, the start of the line below."""
        row, column = location
        line = self._document.get_line(row)
        if column < len(line):
            return row, cluster_end(line, column)
        return (row + 1, 0) if row + 1 < self._document.line_count else location

    def get_location_above(self, location: Location) -> Location:
        """Return the location one screen line above, at the cell where moving up or down began."""
        cell = self._wrapping.cell_of(location)
        if cell.y == 0:
            return 0, 0
        return self._wrapping.offset_to_location(Offset(max(cell.x, self.last_x_offset), cell.y - 1))

    def get_location_below(self, location: Location) -> Location:
        """Return the location one screen line below, at the cell where moving up or down began."""
        cell = self._wrapping.cell_of(location)
        if cell.y + 1 >= self._wrapping.height:
            return location[0], len(self._document.get_line(location[0]))
        return self._wrapping.offset_to_location(Offset(max(cell.x, self.last_x_offset), cell.y + 1))

    def get_location_end(self, location: Location) -> Location:
        """Return the location at the end of a section."""
        row, column = super().get_location_end(location)
        return row, whole(self._document.get_line(row), column)
