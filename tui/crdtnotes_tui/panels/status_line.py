"""The status line: the note's name, whether it is saved, the caret's position, the peers."""

from collections.abc import Callable

from rich.text import Text
from textual.widgets import Static

from crdtnotes.graph.labels import printable
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import State

_MARKS = {State.SAVED: ("✓ saved", "status--saved"), State.SAVING: ("… saving", "status--saving")}


class StatusLine(Static):
    """One line about the note in an editor, whose state it reads at each update."""

    COMPONENT_CLASSES = {
        "status--name",
        "status--saved",
        "status--saving",
        "status--failed",
        "status--reader",
        "status--peers",
        "status--review",
        "status--hint",
    }

    def __init__(self, editor: NoteEditor) -> None:
        super().__init__(id="status", markup=False)
        self.peers: Callable[[], str] = str
        """Returns the state of the peers in a few words, "" without peers."""
        self.to_review: Callable[[], int] = int
        """Returns how much was written apart in the note and waits for the person."""
        self.work = ""
        """What goes on in the background, such as an import, in a few words."""
        self._editor = editor
        self._text = ""
        self._content: tuple[object, ...] = ()

    def update_status(self) -> None:
        """Show the present state."""
        buffer = self._editor.buffer
        if buffer is None:
            self._show(Text("opening …"))
            return
        row, column = self._editor.cursor_location
        peers, to_review, reads = self.peers(), self.to_review(), self._editor.read_only
        shown = (buffer.name, buffer.state, buffer.problem, buffer.exists, reads)
        content = (*shown, row, column, peers, to_review, self.work)
        if content == self._content:
            return  # a key leads to several updates
        self._content = content
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(
            f" {printable(buffer.name)} ", self.get_component_rich_style("status--name", partial=True)
        )
        if buffer.state is State.FAILED:
            style = self.get_component_rich_style("status--failed", partial=True)
            text.append(f" ✗ not saved: {printable(buffer.problem)} ", style)
        else:
            mark, style_name = _MARKS[buffer.state]
            text.append(f" {mark} ", self.get_component_rich_style(style_name, partial=True))
        if self.work:
            style = self.get_component_rich_style("status--saving", partial=True)
            text.append(f" … {self.work} ", style)
        if reads:
            style = self.get_component_rich_style("status--reader", partial=True)
            text.append(" ⊘ read only: this device is a reader ", style)
        if not buffer.exists:
            text.append(" deleted " if reads else " deleted; typing brings it back ")
        if peers:
            text.append(
                f" ⇄ {printable(peers)} ", self.get_component_rich_style("status--peers", partial=True)
            )
        if to_review:
            style = self.get_component_rich_style("status--review", partial=True)
            text.append(f" {to_review} to review ", style)
        hint = self.get_component_rich_style("status--hint", partial=True)
        text.append(f" {row + 1}:{column + 1}  ^O open  ^P all commands  F1 keys ", hint)
        self._show(text)

    def _show(self, text: Text) -> None:
        if text.plain != self._text:
            self._text = text.plain
            # The line keeps its size. Without `layout=False`, each key would lay out the whole screen.
            self.update(text, layout=False)
