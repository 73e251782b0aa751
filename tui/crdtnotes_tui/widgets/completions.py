"""The list of suggestions under the caret."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Offset, Size
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable

HEIGHT = 8
WIDTH = 44


class Completions(OptionList, can_focus=False):
    """Suggestions `(what it stands for, what is shown, a remark)`; the editor keeps the focus."""

    def __init__(self) -> None:
        super().__init__(id="completions")
        self._values: list[str] = []

    def offer(self, items: Sequence[tuple[str, str, str]], caret: Offset, screen: Size) -> None:
        """Show suggestions near the caret, or nothing where there are none."""
        self._values = [value for value, _, _ in items]
        self.display = bool(items)
        if not items:
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
        self.styles.offset = (
            max(0, min(caret.x, screen.width - WIDTH)),
            caret.y + 1 if below else max(0, caret.y - height),
        )

    def move(self, by: int) -> None:
        """Move the mark."""
        if self._values:
            self.highlighted = ((self.highlighted or 0) + by) % len(self._values)

    @property
    def chosen(self) -> str | None:
        """What the mark is on."""
        return self._values[self.highlighted] if self.display and self.highlighted is not None else None
