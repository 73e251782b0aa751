"""The text in lines, as Textual's TextArea needs it, with positions as the replica counts them."""

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from textual.widgets.text_area import Document, EditResult, Location

from crdtnotes.crdt import Patch


class Replaced(NamedTuple):
    """The range that a patch changed: its start `top`, and its end before and after the patch."""

    top: Location
    old_end: Location
    new_end: Location


def plain(text: str) -> str:
    """Return a text as it can be typed: each line ends with a bare newline, and it can be stored as UTF-8."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "ignore").decode("utf-8")


class NoteDocument(Document):
    """A note's text. Lines end only at newlines, so that columns are code points of the CRDT.

    `edited` is called for each local edit with its position, the number of removed characters, and the
    inserted text.
    """

    def __init__(self, text: str, edited: Callable[[int, int, str], None] | None = None) -> None:
        super().__init__("")
        self._newline = "\n"
        self._lines = text.split("\n")
        self._text: str | None = text
        self._edited = edited
        self.revision = 0

    @property
    def text(self) -> str:
        """The whole text."""
        if self._text is None:
            self._text = "\n".join(self._lines)
        return self._text

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Make a local edit."""
        top, bottom = sorted((self._inside(start), self._inside(end)))
        text = plain(text)
        index = self.get_index_from_location(top)
        gone = self.get_text_range(top, bottom)
        finish = self._splice(top, bottom, text)
        if self._edited is not None and (gone or text):
            self._edited(index, len(gone), text)
        return EditResult(finish, gone)

    def patch(self, patch: Patch) -> Replaced:
        """Apply an edit of somebody else."""
        top = self.get_location_from_index(patch.start)
        bottom = self.get_location_from_index(patch.start + patch.removed)
        return Replaced(top, bottom, self._splice(top, bottom, patch.inserted))

    def get_index_from_location(self, location: Location) -> int:
        """Return the position of a location."""
        row, column = location
        return sum(map(len, self._lines[:row])) + row + column

    def get_location_from_index(self, index: int) -> Location:
        """Return the location of a position; raises ValueError if it is outside the text."""
        start = 0
        for row, end in enumerate(accumulate(len(line) + 1 for line in self._lines)):
            if 0 <= index < end:
                return row, index - start
            start = end
        raise ValueError(f"there is no position {index}")

    def _inside(self, location: Location) -> Location:
        row, column = location
        if row >= len(self._lines):
            return self.end
        return max(0, row), min(max(0, column), len(self._lines[row]))

    def _splice(self, top: Location, bottom: Location, text: str) -> Location:
        lines = text.split("\n")
        finish = top[0] + len(lines) - 1, len(lines[-1]) + (top[1] if len(lines) == 1 else 0)
        lines[0] = self._lines[top[0]][: top[1]] + lines[0]
        lines[-1] += self._lines[bottom[0]][bottom[1] :]
        self._lines[top[0] : bottom[0] + 1] = lines
        self._text = None
        self.revision += 1
        return finish
