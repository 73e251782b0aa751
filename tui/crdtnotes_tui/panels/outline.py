"""The headings of the open note; the highlight follows the caret."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable
from crdtnotes.markup.outline import Heading, outline
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.panels.messages import GoToLine
from crdtnotes_tui.panels.panel import Change, Panel, Side


class OutlinePanel(OptionList, Panel):
    """The headings; Enter goes to one."""

    NAME = "outline"
    KEY = "f3"
    DESCRIPTION = "Outline"
    SIDE = Side.RIGHT
    ON_TOP = True
    FOLLOWS = Change.NOTE | Change.NOTES | Change.TEXT | Change.CARET
    BORDER_TITLE = "Outline"

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._headings: Sequence[Heading] | None = None
        self._row = 0

    def update_panel(self, change: Change) -> None:
        """Follow the caret; after other changes, read the headings again."""
        if change is Change.CARET:
            self.follow(self.editor.cursor_location[0])
        else:
            super().update_panel(change)

    async def fetch(self, buffer: Buffer) -> None:
        """Show the headings of the text as it is on the screen."""
        del buffer
        found = await asyncio.to_thread(outline, self.editor.text)
        self.show_headings(found.headings)
        self.follow(self.editor.cursor_location[0])

    def show_headings(self, headings: Sequence[Heading]) -> None:
        """Show these headings."""
        if headings == self._headings:
            return
        self._headings = headings
        self.clear_options()
        if headings:
            top_level = min(one.level for one in headings)
            self.add_options(
                [Option(Content("  " * (one.level - top_level) + printable(one.text))) for one in headings]
            )
        else:
            self.add_option(Option("No headings yet.", disabled=True))
        self.follow(self._row)

    def follow(self, row: int) -> None:
        """Highlight the heading above a line of the text, counted from 0."""
        self._row = row
        if self._headings and not self.has_focus:
            at = bisect_right([one.line for one in self._headings], row) - 1
            self.highlighted = at if at >= 0 else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the heading."""
        event.stop()
        if self._headings:
            self.post_message(GoToLine(self._headings[event.option_index].line))
