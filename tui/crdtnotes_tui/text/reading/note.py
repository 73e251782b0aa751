"""One note as rows, and what is needed to draw it again in another width."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crdtnotes_tui.text.reading.blocks import Block
from crdtnotes_tui.text.reading.convert import Notes, blocks_of
from crdtnotes_tui.text.reading.layout import rows_of
from crdtnotes_tui.text.reading.pieces import Action, Row


@dataclass(frozen=True, slots=True)
class Stop:
    """A link, tag, box or other piece to click on, and the row where it begins."""

    action: Action
    row: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A note in the reading view."""

    lines: Sequence[str]
    """The lines of the text that it was drawn from."""
    blocks: Sequence[Block]
    rows: Sequence[Row]
    stops: Sequence[Stop]


def draw(text: str, name: str, notes: Notes, width: int, toggled: Collection[int] = ()) -> Drawn:
    """Return a note as rows of a width, in cells."""
    return arrange(text.split("\n"), blocks_of(text, name, notes), width, toggled)


def arrange(
    lines: Sequence[str], blocks: Sequence[Block], width: int, toggled: Collection[int] = ()
) -> Drawn:
    """Return blocks as rows of a width."""
    rows = rows_of(blocks, width, toggled)
    stops: list[Stop] = []
    seen: set[int] = set()
    for at, row in enumerate(rows):
        for piece in row.pieces:
            if piece.action is not None and id(piece.action) not in seen:
                seen.add(id(piece.action))
                stops.append(Stop(piece.action, at))
    return Drawn(lines, blocks, rows, stops)
