"""The list of suggestions under the caret."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable

MAX_HEIGHT = 8
MAX_WIDTH = 44
MIN_WIDTH = 20


class CompletionList(OptionList, can_focus=False):
    """A list of suggestions `(value, text, remark)`; the editor keeps the focus."""

    class Marked(Message):
        """Another suggestion is highlighted, or the list was closed."""

    def __init__(self) -> None:
        super().__init__(id="completions")
        self._values: list[str] = []
        self.of_notes = False
        """Whether the suggestions are notes, not headings or blocks of one."""
        self.cells = MAX_WIDTH
        self.place = Offset(0, 0)

    def offer(
        self, items: Sequence[tuple[str, str, str]], caret: Offset, screen: Size, *, of_notes: bool = False
    ) -> None:
        """Show suggestions near the caret; close the list if there are none."""
        self._values = [value for value, _, _ in items]
        self.display = bool(items)
        self.of_notes = of_notes
        if not items:
            self.post_message(self.Marked())
            return
        self.clear_options()
        self.add_options(
            [
                Option(
                    Content.assemble(printable(shown), (f"  {printable(remark)}" if remark else "", "dim"))
                )
                for _, shown, remark in items
            ]
        )
        self.highlighted = 0
        height = min(len(items), MAX_HEIGHT)
        below = caret.y + 1 + height <= screen.height - 1
        self.styles.height = height
        longest = max(cell_len(shown) + cell_len(remark) for _, shown, remark in items) + 6
        self.cells = self.styles.width = max(MIN_WIDTH, min(MAX_WIDTH, longest))
        self.place = Offset(
            max(0, min(caret.x, screen.width - self.cells)),
            caret.y + 1 if below else max(0, caret.y - height),
        )
        self.styles.offset = (self.place.x, self.place.y)
        self.post_message(self.Marked())

    def move(self, by: int) -> None:
        """Move the highlight."""
        if self._values:
            self.highlighted = ((self.highlighted or 0) + by) % len(self._values)
            self.post_message(self.Marked())

    @property
    def chosen(self) -> str | None:
        """The value of the highlighted suggestion."""
        return self._values[self.highlighted] if self.display and self.highlighted is not None else None
