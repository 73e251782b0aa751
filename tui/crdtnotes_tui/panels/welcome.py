"""The welcome in an empty vault: three steps to a first link, each ticked when it is done."""

from textual.content import Content
from textual.widgets import Static

from crdtnotes_tui.text.styling import links_in

_STEPS = (
    "Write something here. It is saved as you type.",
    "Type [[ and a name, then ]]. (Or 【【 and 】】.) That is a link.",
    "With the caret on the link, press Ctrl+]. Its note is created.",
)


class Welcome(Static):
    """Three steps, and the other ways to begin."""

    BORDER_TITLE = "Welcome"
    BORDER_SUBTITLE = "esc closes this"

    def __init__(self) -> None:
        super().__init__(id="welcome", markup=False)
        self._done = [False, False, False]
        self._begun_with = ""

    def open(self, text: str) -> None:
        """Show it; `text` is the text of the first note before anything is typed."""
        self._begun_with = text
        self.display = True
        self._draw()

    def close(self) -> None:
        """Hide it."""
        self.display = False

    def typed(self, text: str) -> None:
        """Tick the steps that the text shows as done."""
        if self.display:
            written = len(text.strip()) > len(self._begun_with.strip())
            linked = any(links_in(line) for line in text.split("\n"))
            self._tick(written or self._done[0], linked or self._done[1], self._done[2])

    def followed(self) -> None:
        """Tick all steps: a link was followed."""
        if self.display:
            self._tick(True, True, True)

    def _tick(self, *done: bool) -> None:
        if list(done) != self._done:
            self._done = list(done)
            self._draw()

    def _draw(self) -> None:
        lines = [
            Content.styled(f"{'✓' if done else '○'} {number}  {step}", "$text-success" if done else "")
            for number, (done, step) in enumerate(zip(self._done, _STEPS, strict=True), 1)
        ]
        if all(self._done):
            lines.append(Content.styled("That is all. F7 ← goes back, F1 has every key.", "bold"))
        else:
            lines.append(Content.styled("Or begin with existing notes:", "dim"))
            lines.append(Content("F7 S  example notes      F7 I  a folder of Markdown files"))
            lines.append(
                Content.styled(
                    "Notes on another laptop? F7 P there shows a code, F7 J here joins with it",
                    "dim",
                )
            )
        self.update(Content("\n").join(lines))
