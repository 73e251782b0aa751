"""Others' carets and selections over a line of the screen."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from crdtnotes.graph.labels import printable

_LETTERS = "#101018"

_SELECTED = 0.35
"""How much of a person's colour is in the background of what is selected."""

_LONGEST_NAME = 20


class Stretch(NamedTuple):
    """What of somebody's place lies on one line of the screen, in cells.

    From `start` to before `end` is selected; `caret` is the cell of the caret, -1 where that is elsewhere,
    and `width` the cells of the character there.
    """

    name: str
    colour: str
    start: int
    end: int
    caret: int
    width: int


def mark(strip: Strip, stretches: Sequence[Stretch], background: Color, width: int) -> Strip:
    """Return the strip with these over it; a name stands behind the text where there is room."""
    strip = strip.adjust_cell_length(width)
    for one in stretches:
        if one.end > one.start:
            mixed = background.blend(Color.parse(one.colour), _SELECTED)
            strip = _over(strip, one.start, one.end, Style(bgcolor=mixed.rich_color))
    for one in stretches:
        if one.caret < 0:
            continue
        flag = Style(color=_LETTERS, bgcolor=one.colour)
        strip = _over(strip, one.caret, one.caret + one.width, flag)
        name = f" {printable(one.name)[:_LONGEST_NAME]} "
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
