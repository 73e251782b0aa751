"""Draws the carets and selections of others over a line of the screen."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from crdtnotes.graph.labels import printable

_LETTERS = "#101018"

_SELECTION_SHARE = 0.35
"""The share of a person's colour in the background of their selection."""

_MAX_NAME_CHARACTERS = 20


class Stretch(NamedTuple):
    """The part of a person's selection, and their caret, on one line of the screen, in cells.

    The selection reaches from `start` to before `end`. `caret` is the cell of the caret, -1 if it is on
    another line, and `width` the width of the character there.
    """

    name: str
    colour: str
    start: int
    end: int
    caret: int
    width: int


def mark(strip: Strip, stretches: Sequence[Stretch], background: Color, width: int) -> Strip:
    """Return the strip with carets and selections over it, and names behind the text where there is room."""
    strip = strip.adjust_cell_length(width)
    for one in stretches:
        if one.end > one.start:
            mixed = background.blend(Color.parse(one.colour), _SELECTION_SHARE)
            strip = _over(strip, one.start, one.end, Style(bgcolor=mixed.rich_color))
    for one in stretches:
        if one.caret < 0:
            continue
        flag = Style(color=_LETTERS, bgcolor=one.colour)
        strip = _over(strip, one.caret, one.caret + one.width, flag)
        name = f" {printable(one.name)[:_MAX_NAME_CHARACTERS]} "
        free = max(cell_len(strip.text.rstrip()), one.caret + one.width) + 1
        if free + cell_len(name) <= width:
            rest = strip.crop(free + cell_len(name), width)
            strip = Strip.join([strip.crop(0, free), Strip([Segment(name, flag)]), rest])
    return strip


def _over(strip: Strip, start: int, end: int, style: Style) -> Strip:
    end = min(end, strip.cell_length)
    if start >= end:
        return strip
    middle = Strip(list(Segment.apply_style(strip.crop(start, end), post_style=style)))
    return Strip.join([strip.crop(0, start), middle, strip.crop(end)])
