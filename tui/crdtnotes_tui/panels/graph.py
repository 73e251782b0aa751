"""The local graph: a drawing of the open note and the notes that it is linked with."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding

from crdtnotes.errors import NoteNotFound
from crdtnotes.graph.labels import printable
from crdtnotes.note import Neighbour
from crdtnotes.vault import Vault
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.panels.panel import Change, Panel, Side
from crdtnotes_tui.text.graph_drawing import Node, Piece, nodes, picture, step

MIN_PICTURE_CELLS = 20


class LocalGraph(Panel, can_focus=True):
    """The notes that link here, the note, and the notes that it links to.

    Arrow keys move the selection, Enter opens it.
    """

    NAME = "graph"
    KEY = "alt+g"
    DESCRIPTION = "Graph around this note"
    SIDE = Side.BELOW
    FOLLOWS = Change.NOTE | Change.NOTES
    BORDER_TITLE = "Graph"
    DEFAULT_CSS = """
    LocalGraph {
        height: 40%; min-height: 5; max-height: 16;
        & > .graph--middle { text-style: bold; }
        & > .graph--note { color: $text-accent; }
        & > .graph--dangling { color: $text-error; text-style: italic; }
        & > .graph--line { color: $quiet; }
        & > .graph--selected { text-style: reverse bold; }
    }
    """
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

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._centre: str | None = None
        """The note in the middle, None for the open one."""
        self._drawn: list[Node] = []
        self._selected: Node | None = None
        self._picture: list[list[Piece]] = []
        self._indents: list[int] = []

    def update_panel(self, change: Change) -> None:
        """Draw the graph again, around the open note if that is another one now."""
        if change & Change.NOTE:
            self._centre = None
        super().update_panel(change)

    async def fetch(self, buffer: Buffer) -> None:
        """Draw the graph around the note that is to be in the middle."""
        wanted = self._centre or buffer.name

        def job(vault: Vault) -> tuple[str, list[Neighbour]]:
            try:
                note = vault.note(wanted)
                return note.name, note.neighbours()
            except NoteNotFound:
                return wanted, []

        self.show_neighbours(*await self.workspace.thread.run(job))

    def show_neighbours(self, name: str, neighbours: Sequence[Neighbour]) -> None:
        """Draw a note and the notes that it is linked with."""
        found = nodes(name, neighbours)
        if found == self._drawn:
            return
        same = self._drawn[:1] == found[:1]
        kept = self._selected if same and self._selected in found else None
        self._drawn = found
        into = sum(one.incoming for one in neighbours)
        self.border_title = f"Graph ({into} link here, it links to {sum(one.outgoing for one in neighbours)})"
        self._select(kept or found[0])

    def _select(self, node: Node) -> None:
        self._selected = node
        self.border_subtitle = printable(node.name) + ("" if node.exists else " (not written yet)")
        self.refresh()

    def render(self) -> Text:
        """Return the picture, centred in the panel."""
        text = Text(no_wrap=True, overflow="crop")
        if self._selected is None:
            return text
        width, height = self.size
        self._picture = picture(self._drawn, self._selected, max(MIN_PICTURE_CELLS, width), max(1, height))
        space = max(0, (width - max(_length(line) for line in self._picture)) // 2)
        above = max(0, (height - len(self._picture)) // 2)
        self._indents = [above, space]
        text.append("\n" * above)
        for line in self._picture:
            text.append(" " * space)
            for piece in line:
                text.append(
                    piece.text, self.get_component_rich_style(self._component_class(piece), partial=True)
                )
            text.append("\n")
        if len(self._drawn) == 1:
            text.append("\n" + " " * space + "no links yet", "dim")
        return text

    def _component_class(self, piece: Piece) -> str:
        if piece.node is None:
            return "graph--line"
        if piece.node == self._selected:
            return "graph--selected"
        if not piece.node.exists:
            return "graph--dangling"
        return "graph--note" if piece.node.side else "graph--middle"

    def action_step(self, across: int, down: int) -> None:
        """Select another node."""
        if self._selected is not None:
            self._select(step(self._drawn, self._selected, across, down))

    def action_open(self) -> None:
        """Open the selected note; create it if the link dangles."""
        if self._selected is not None:
            self.post_message(GoTo(self._selected.name, new=not self._selected.exists))

    def action_centre(self) -> None:
        """Draw the graph around the selected note."""
        if self._selected is not None and self._selected.exists:
            self._draw_around(self._selected.name)

    def action_home(self) -> None:
        """Draw the graph around the open note."""
        self._draw_around(None)

    def _draw_around(self, name: str | None) -> None:
        self._centre = name
        super().update_panel(Change.NOTES)

    def on_click(self, event: events.Click) -> None:
        """Select a node, or open it if it is selected."""
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
