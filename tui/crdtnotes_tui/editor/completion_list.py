"""The list of suggestions under the caret."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable

HEIGHT = 8
WIDTH = 44
LEAST = 20


class CompletionList(OptionList, can_focus=False):
    """Suggestions `(what it stands for, what is shown, a remark)`; the editor keeps the focus."""

    class Marked(Message):
        """Another suggestion is marked, or there are none any more."""

    def __init__(self) -> None:
        super().__init__(id="completions")
        self._values: list[str] = []
        self.of_notes = False
        """Whether the suggestions stand for notes, not for parts of one."""
        self.cells = WIDTH
        self.place = Offset(0, 0)

    def offer(
        self, items: Sequence[tuple[str, str, str]], caret: Offset, screen: Size, *, of_notes: bool = False
    ) -> None:
        """Show suggestions near the caret, or nothing where there are none."""
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
        height = min(len(items), HEIGHT)
        below = caret.y + 1 + height <= screen.height - 1
        self.styles.height = height
        longest = max(cell_len(shown) + cell_len(remark) for _, shown, remark in items) + 6
        self.cells = self.styles.width = max(LEAST, min(WIDTH, longest))
        self.place = Offset(
            max(0, min(caret.x, screen.width - self.cells)),
            caret.y + 1 if below else max(0, caret.y - height),
        )
        self.styles.offset = (self.place.x, self.place.y)
        self.post_message(self.Marked())

    def move(self, by: int) -> None:
        """Move the mark."""
        if self._values:
            self.highlighted = ((self.highlighted or 0) + by) % len(self._values)
            self.post_message(self.Marked())

    @property
    def chosen(self) -> str | None:
        """What the mark is on."""
        return self._values[self.highlighted] if self.display and self.highlighted is not None else None
