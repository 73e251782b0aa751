"""The headings of the note beside its text; the mark follows the caret."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable
from crdtnotes.markup.outline import Heading


class OutlinePanel(OptionList):
    """The headings; Enter goes to one."""

    BORDER_TITLE = "Outline"

    @dataclass
    class Chosen(Message):
        """The person wants to go to a line, counted from 0."""

        line: int

    def __init__(self) -> None:
        super().__init__(id="outline")
        self._headings: Sequence[Heading] | None = None
        self._row = 0

    def show(self, headings: Sequence[Heading]) -> None:
        """Show these headings."""
        if headings == self._headings:
            return
        self._headings = headings
        self.clear_options()
        if headings:
            least = min(one.level for one in headings)
            self.add_options(
                [Option(Content("  " * (one.level - least) + printable(one.text))) for one in headings]
            )
        else:
            self.add_option(Option("No headings yet.", disabled=True))
        self.follow(self._row)

    def follow(self, row: int) -> None:
        """Mark the heading that a line of the text stands under."""
        self._row = row
        if self._headings and not self.has_focus:
            at = bisect_right([one.line for one in self._headings], row) - 1
            self.highlighted = at if at >= 0 else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go there."""
        event.stop()
        if self._headings:
            self.post_message(self.Chosen(self._headings[event.option_index].line))
