"""The local graph: the note and what it is linked with, drawn; arrow keys walk, Enter opens."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

from crdtnotes import Neighbour
from crdtnotes.graph.labels import printable
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.text.graph_drawing import Node, Piece, nodes, picture, step


class LocalGraph(Widget, can_focus=True):
    """What links here, the note, what it links to."""

    BORDER_TITLE = "Graph"
    COMPONENT_CLASSES = {"graph--middle", "graph--note", "graph--dangling", "graph--line", "graph--selected"}
    BINDINGS = [
        Binding("up", "step(0, -1)", "Up", show=False),
        Binding("down", "step(0, 1)", "Down", show=False),
        Binding("left", "step(-1, 0)", "To the left", show=False),
        Binding("right", "step(1, 0)", "To the right", show=False),
        Binding("enter", "open", "Open what is marked"),
        Binding("space", "centre", "Draw around what is marked"),
        Binding("backspace", "home", "Draw around the open note"),
    ]

    @dataclass
    class CentreWanted(Message):
        """The graph around a note is to be drawn; the open one for None."""

        name: str | None

    def __init__(self) -> None:
        super().__init__(id="graph")
        self._drawn: list[Node] = []
        self._selected: Node | None = None
        self._picture: list[list[Piece]] = []
        self._indents: list[int] = []

    def show(self, name: str, neighbours: Sequence[Neighbour]) -> None:
        """Draw what is around a note."""
        there = nodes(name, neighbours)
        if there == self._drawn:
            return
        same = self._drawn[:1] == there[:1]
        kept = self._selected if same and self._selected in there else None
        self._drawn = there
        into = sum(one.incoming for one in neighbours)
        self.border_title = f"Graph ({into} link here, it links to {sum(one.outgoing for one in neighbours)})"
        self._select(kept or there[0])

    def _select(self, node: Node) -> None:
        self._selected = node
        self.border_subtitle = printable(node.name) + ("" if node.exists else " (not written yet)")
        self.refresh()

    def render(self) -> Text:
        """Return the picture, in the middle of the panel."""
        text = Text(no_wrap=True, overflow="crop")
        if self._selected is None:
            return text
        width, height = self.size
        self._picture = picture(self._drawn, self._selected, max(20, width), max(1, height))
        space = max(0, (width - max(_length(line) for line in self._picture)) // 2)
        above = max(0, (height - len(self._picture)) // 2)
        self._indents = [above, space]
        text.append("\n" * above)
        for line in self._picture:
            text.append(" " * space)
            for piece in line:
                text.append(piece.text, self.get_component_rich_style(self._look(piece), partial=True))
            text.append("\n")
        if len(self._drawn) == 1:
            text.append("\n" + " " * space + "no links yet", "dim")
        return text

    def _look(self, piece: Piece) -> str:
        if piece.node is None:
            return "graph--line"
        if piece.node == self._selected:
            return "graph--selected"
        if not piece.node.exists:
            return "graph--dangling"
        return "graph--note" if piece.node.side else "graph--middle"

    def action_step(self, across: int, down: int) -> None:
        """Mark another node."""
        if self._selected is not None:
            self._select(step(self._drawn, self._selected, across, down))

    def action_open(self) -> None:
        """Open what is marked, making it if it dangles."""
        if self._selected is not None:
            self.post_message(GoTo(self._selected.name, new=not self._selected.exists))

    def action_centre(self) -> None:
        """Draw the graph around what is marked."""
        if self._selected is not None and self._selected.exists:
            self.post_message(self.CentreWanted(self._selected.name))

    def action_home(self) -> None:
        """Draw the graph around the open note."""
        self.post_message(self.CentreWanted(None))

    def on_click(self, event: events.Click) -> None:
        """Mark a node; a second click opens it."""
        place = event.get_content_offset(self)
        if place is None or not self._indents:
            return
        above, space = self._indents
        row = place.y - above
        if not 0 <= row < len(self._picture):
            return
        at = space
        for piece in self._picture[row]:
            end = at + cell_len(piece.text)
            if at <= place.x < end and piece.node is not None:
                if piece.node == self._selected:
                    self.action_open()
                else:
                    self._select(piece.node)
            at = end


def _length(line: Sequence[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in line)
