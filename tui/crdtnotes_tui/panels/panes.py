"""The middle of the screen: the text, and the panels around it."""

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.panels.messages import GoToLine
from crdtnotes_tui.panels.panel import Change, Panel, Side
from crdtnotes_tui.panels.welcome import Welcome

PAUSE_SECONDS = 0.3
"""How long after the last key panels follow the text."""

MIN_WIDTH_FOR_BOTH_SIDES = 100
"""In fewer columns, panels are open on one side of the text only."""

MIN_HEIGHT_FOR_ALL = 30
"""In fewer lines, the screen has the class `low`."""

OPPOSITE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


class Panes(Horizontal):
    """The editor, or a panel in its place, and the panels around it."""

    BINDINGS = [
        Binding("ctrl+f", "find", "Find and replace in this note", id="find"),
        *(
            Binding(panel.KEY, f"toggle_panel('{panel.NAME}')", panel.DESCRIPTION, id=panel.NAME)
            for panel in PANELS
        ),
    ]

    def __init__(self, workspace: Workspace, editor: NoteEditor) -> None:
        super().__init__(id="panes")
        self.editor = editor
        self.welcome = Welcome()
        self.find = FindBar(editor)
        self._panels = [panel() for panel in PANELS]
        for panel in self._panels:
            panel.attach(editor, workspace)
            panel.display = False
            panel.set_class(panel.SIDE is not Side.INSTEAD, "panel")
        self._sides = {side: Vertical(*self._panels_at(side), id=side.value) for side in OPPOSITE}
        self._pause: Timer | None = None

    def _panels_at(self, side: Side) -> list[Panel]:
        panels = [panel for panel in self._panels if panel.SIDE is side]
        return sorted(panels, key=lambda panel: not panel.ON_TOP)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield self._sides[Side.LEFT]
        with Vertical(id="middle"):
            yield self.editor
            yield from self._panels_at(Side.INSTEAD)
            yield self.find
            yield self.welcome
            yield from self._panels_at(Side.BELOW)
        yield self._sides[Side.RIGHT]

    # -- opening and closing

    def action_toggle_panel(self, name: str) -> None:
        """Open a panel and give it the focus, or close it."""
        panel = next(one for one in self._panels if name == one.NAME)
        panel.display = not panel.display
        if not panel.display:
            panel.leave()
        if panel.display:
            self._make_room_for(panel)
        self._fit()
        if panel.display:
            panel.update_panel(Change.SHOWN)
        if panel.display and panel.SIDE is not Side.INSTEAD:
            panel.focus()
        else:
            self.focus_text()

    def show_panel(self, name: str) -> None:
        """Open a panel if it is closed; the focus stays in the text."""
        if not next(one for one in self._panels if name == one.NAME).display:
            self.action_toggle_panel(name)
            self.focus_text()

    def _make_room_for(self, panel: Panel) -> None:
        if panel.SIDE is Side.INSTEAD:
            self._close(Side.INSTEAD, but=panel)
        elif panel.SIDE in OPPOSITE and self.app.size.width < MIN_WIDTH_FOR_BOTH_SIDES:
            self._close(OPPOSITE[panel.SIDE])

    def _close(self, side: Side, but: Panel | None = None) -> None:
        for panel in self._panels_at(side):
            if panel.display and panel is not but:
                panel.display = False
                panel.leave()
        self._fit()

    def _fit(self) -> None:
        """Show a side if a panel is open there, and the editor if nothing takes its place."""
        for side, container in self._sides.items():
            container.display = any(panel.display for panel in self._panels_at(side))
        self.editor.display = self._replacement is None

    @property
    def _replacement(self) -> Panel | None:
        """The panel that is shown in place of the text."""
        return next((panel for panel in self._panels_at(Side.INSTEAD) if panel.display), None)

    def on_resize(self, event: events.Resize) -> None:
        """Keep enough columns for the text when the terminal becomes narrow."""
        narrow = event.size.width < MIN_WIDTH_FOR_BOTH_SIDES
        if narrow and all(container.display for container in self._sides.values()):
            self._close(Side.LEFT)
        self.set_class(narrow, "narrow")
        self.set_class(event.size.height < MIN_HEIGHT_FOR_ALL, "low")

    def close_one(self) -> bool:
        """Leave the focused panel, return to the text, or close the welcome, whichever applies first.

        Return whether one applied.
        """
        focused = self.screen.focused
        if isinstance(focused, Panel) and focused.SIDE is not Side.INSTEAD:
            self.focus_text()
        elif self._replacement is not None:
            self.return_to_text()
        elif self.welcome.display:
            self.welcome.close()
        else:
            return False
        return True

    def return_to_text(self) -> None:
        """Show the editor, which a panel may have replaced, and give it the focus."""
        self._close(Side.INSTEAD)
        self.focus_text()

    def focus_text(self) -> None:
        """Give the focus to the text, or to the panel in its place."""
        in_the_middle: Widget = self._replacement or self.editor
        in_the_middle.focus()

    def action_find(self) -> None:
        """Find in the text of the note."""
        if self._replacement is not None:
            self.return_to_text()
        self.find.open()

    def on_find_bar_closed(self) -> None:
        """Give the focus back to the text."""
        self.focus_text()

    def on_go_to_line(self, event: GoToLine) -> None:
        """Put the caret at a line of the open note."""
        event.stop()
        self.return_to_text()
        self.editor.move_cursor((event.line, 0), center=True)

    # -- what panels show

    def update_panels(self, change: Change) -> None:
        """Update the open panels that follow such a change."""
        for panel in self._panels:
            if panel.display and change & panel.FOLLOWS and panel.is_mounted:
                panel.update_panel(change)

    def typed(self) -> None:
        """Update what follows the text once the person pauses."""
        if self.welcome.display:
            self.welcome.typed(self.editor.text)
        if not any(panel.display and Change.TEXT in panel.FOLLOWS for panel in self._panels):
            return
        if self._pause is None:
            self._pause = self.set_timer(PAUSE_SECONDS, self._paused)
        else:
            self._pause.reset()

    def _paused(self) -> None:
        self._pause = None
        self.update_panels(Change.TEXT)
