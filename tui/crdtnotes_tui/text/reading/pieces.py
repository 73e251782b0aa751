"""What the reading view shows: rows of styled pieces, and the actions of the pieces."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """What a click on a piece does. Two pieces with the same object are one stop of the Tab key."""


@dataclass(frozen=True, slots=True, eq=False)
class Follow(Action):
    """Go to a note, or to a heading or block of it."""

    target: str
    heading: str | None = None
    block: str | None = None
    holder: str | None = None
    """The note that holds the link, if that is an embedded one."""


@dataclass(frozen=True, slots=True, eq=False)
class Browse(Action):
    """Open an address in the browser."""

    address: str


@dataclass(frozen=True, slots=True, eq=False)
class ShowTag(Action):
    """List the notes with a tag, given without its `#`."""

    tag: str


@dataclass(frozen=True, slots=True, eq=False)
class Tick(Action):
    """Tick or untick the task of a line of the open note."""

    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Fold(Action):
    """Show or hide the content of the callout at a line."""

    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Jump(Action):
    """Go to the piece whose `here` is this one's `to`: from a footnote's mark to its text, or back."""

    here: str
    to: str


class Piece(NamedTuple):
    """A part of a row in one style: names from `STYLES`, separated by spaces."""

    text: str
    style: str = ""
    action: Action | None = None

    def styled(self, style: str) -> "Piece":
        """Return this piece with one more style."""
        return self._replace(style=f"{self.style} {style}".strip())

    def under(self, style: str) -> "Piece":
        """Return this piece with one more style, over which its own go."""
        return self._replace(style=f"{style} {self.style}".strip())


BREAK = Piece("\n")
"""A line break inside a paragraph."""


class Row(NamedTuple):
    """One row of the screen; `line` is the line of the open note that it comes from, counted from 0."""

    line: int
    pieces: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The text of the row."""
        return "".join(piece.text for piece in self.pieces)


STYLES = (
    *("title", "heading", "rule", "quote", "code", "block", "emphasis", "strong", "struck", "marked", "math"),
    *("link", "dangling", "tag", "url", "done", "box", "bullet", "image", "embed", "missing", "note"),
    *("info", "tip", "warning", "danger", "example", "cite"),
    *("keyword", "string", "comment", "number"),
)
"""The names of all styles; the view has a component class `reading--...` for each."""
