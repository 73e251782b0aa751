"""The wrapped text, made quick to ask."""

from textual.geometry import Offset
from textual.widgets.text_area import WrappedDocument


class Wrapping(WrappedDocument):
    """A wrapped document whose height is known: TextArea asks for it with every line that it draws."""

    @property
    def height(self) -> int:
        """The lines on the screen that the whole text takes."""
        return len(self._offset_to_line_info)

    def line_at(self, y: int) -> tuple[int, int] | None:
        """Return the line at an offset from the top, and which of its sections; None below the text."""
        return self._offset_to_line_info[y] if 0 <= y < self.height else None

    def top_of(self, location: tuple[int, int]) -> int:
        """Return a location's offset from the top."""
        return self.location_to_offset(location).y

    def first_shown(self, y: int) -> tuple[int, int]:
        """Return the location at the left of an offset from the top."""
        return self.offset_to_location(Offset(0, y))
