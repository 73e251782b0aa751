"""The blocks of a note: what the layout arranges for a width."""

from collections.abc import Sequence
from dataclasses import dataclass

from crdtnotes_tui.text.reading.pieces import Fold, Piece

NOTHING = Piece("")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that is wrapped. `BREAK` ends a line; each further line is one line of the source further down."""

    line: int
    pieces: Sequence[Piece]
    level: int = 0
    """1 to 6 for a heading, else 0."""


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that are shown as they are."""

    line: int
    lines: Sequence[Sequence[Piece]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first row is its head. `aligns` has `left`, `right` or `center` for each column."""

    line: int
    aligns: Sequence[str]
    rows: Sequence[Sequence[Sequence[Piece]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line, with a title at its beginning if there is one."""

    line: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Blocks behind a mark: a list item, a quote, a callout, an embedded note, a footnote."""

    line: int
    blocks: "Sequence[Block]"
    first: Piece = NOTHING
    """What stands before the first row …"""
    later: Piece = NOTHING
    """… and before each later one; as wide as `first`."""
    tight: bool = False
    """Whether its blocks follow each other without an empty row."""
    style: str = ""
    """The style of all it holds."""
    fixed: bool = False
    """Whether all its rows come from its own line: it shows another note."""


@dataclass(frozen=True, slots=True)
class Callout:
    """A callout with its title; `fold` if it can be folded, `folded` if it is at first."""

    line: int
    title: Paragraph
    bar: Piece
    blocks: "Sequence[Block]"
    fold: Fold | None = None
    folded: bool = False


Block = Paragraph | Code | Table | Rule | Holder | Callout
