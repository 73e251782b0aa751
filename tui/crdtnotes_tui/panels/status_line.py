"""The status line: which note, whether it is saved, where the caret is."""

from rich.text import Text
from textual.widgets import Static

from crdtnotes.graph.labels import printable
from crdtnotes_tui.notes.buffer import Buffer, State

_MARKS = {State.SAVED: ("✓ saved", "status--saved"), State.SAVING: ("… saving", "status--saving")}


class StatusLine(Static):
    """One line that never leaves a doubt."""

    COMPONENT_CLASSES = {
        "status--name",
        "status--saved",
        "status--saving",
        "status--failed",
        "status--peers",
        "status--hint",
    }

    def __init__(self) -> None:
        super().__init__(id="status", markup=False)
        self.shown = ""
        self._told: tuple[object, ...] = ()

    def tell(self, buffer: Buffer | None, line: int, column: int, peers: str) -> None:
        """Show how things stand; line and column count from 1, `peers` says how it is with them."""
        if buffer is None:
            self._show(Text("opening …"))
            return
        told = (buffer.name, buffer.state, buffer.problem, buffer.exists, line, column, peers)
        if told == self._told:
            return  # asked for several times with each key
        self._told = told
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
        if not buffer.exists:
            text.append(" deleted; typing brings it back ")
        if peers:
            text.append(
                f" ⇄ {printable(peers)} ", self.get_component_rich_style("status--peers", partial=True)
            )
        hint = self.get_component_rich_style("status--hint", partial=True)
        text.append(f" {line}:{column}  ^O open  ^P all commands  F1 keys ", hint)
        self._show(text)

    def _show(self, text: Text) -> None:
        if text.plain != self.shown:
            self.shown = text.plain
            # One line stays one line: without this each key would lay out the whole screen.
            self.update(text, layout=False)
