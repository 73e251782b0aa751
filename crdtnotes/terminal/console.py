"""rich's console on a stream: texts unchanged by markup, and no hidden character among what it draws."""

import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from crdtnotes.terminal.streams import exact_stream
from crdtnotes.terminal.text import printable, visible


def visible_segment(segment: Segment, shown: Callable[[str], str]) -> Segment:
    """Return a segment whose text, and the target of whose link (OSC 8), are as `shown` returns them."""
    style = segment.style
    if style is not None and style.link is not None:
        style = style.update_link(printable(style.link))
    return Segment(shown(segment.text), style)


class VisibleConsole(Console):
    """A console without markup or highlighting. Its own sequences reach the stream; those of texts do not."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Draw on `stream`, on stdout if it is None."""
        super().__init__(file=exact_stream(stream or sys.stdout), markup=False, highlight=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of what is drawn."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else visible_segment(segment, visible)
