"""The rendered note, in place of the text: links to follow, boxes to tick."""

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.panels.messages import FollowTarget, ListTagged
from crdtnotes_tui.panels.panel import Change, Panel, Side
from crdtnotes_tui.panels.rendering import Rendering, Wanted
from crdtnotes_tui.text.list_editing import toggled
from crdtnotes_tui.text.reading import pieces
from crdtnotes_tui.text.reading.pieces import STYLES, Action, Piece
from crdtnotes_tui.text.reading.place import line_after
from crdtnotes_tui.themes import legible

if TYPE_CHECKING:
    from crdtnotes_tui.text.reading.note import Drawn


class RenderedNote(ScrollView, Panel, can_focus=True):
    """The rows of `text.reading` on the open note.

    What it shows always belongs to the open note: when another one is opened, it shows that one or nothing.
    """

    NAME = "reading"
    KEY = "alt+r"
    DESCRIPTION = "Read the note, write again"
    SIDE = Side.INSTEAD
    FOLLOWS = Change.NOTE | Change.NAMES | Change.NOTES | Change.TEXT | Change.CARET
    COMPONENT_CLASSES = {f"reading--{style}" for style in STYLES}
    DEFAULT_CSS = """
    RenderedNote {
        background: $background; scrollbar-size-vertical: 1; scrollbar-gutter: stable; padding: 0 1;
    }
    """
    BINDINGS = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("tab", "next_stop(1)", show=False),
        Binding("shift+tab", "next_stop(-1)", show=False),
        Binding("enter", "press_stop", show=False),
        Binding("space", "tick_or_page", show=False),
        Binding("ctrl+z", "undo", "Undo", show=False, id="undo"),
        Binding("ctrl+y", "redo", "Redo", show=False, id="redo"),
    ]

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._rendering = Rendering(self._show_drawn)
        self._buffer: Buffer | None = None
        self._drawn: Drawn | None = None
        self._stop: int | None = None
        self._toggled: frozenset[int] = frozenset()
        self._aim: int | None = None
        """The line of the note to put at the top once it is drawn."""
        self._began_at = 0
        self._caret_line = 0
        self._left_at: dict[str, int] = {}
        self._looks: dict[str, Style] = {}

    # -- what is shown

    def update_panel(self, change: Change) -> None:
        """Render the note again; go where the caret went."""
        buffer = self.editor.buffer
        if buffer is None:
            return
        caret = self.editor.cursor_location[0]
        if change & Change.SHOWN or buffer is not self._buffer:
            self._begin(buffer, from_text=bool(change & Change.SHOWN))
        elif change is Change.CARET:
            if caret != self._caret_line and buffer is self._buffer:
                self.show_line(caret)
        else:
            self._render_again()
        self._caret_line = caret

    def _begin(self, buffer: Buffer, *, from_text: bool) -> None:
        """Show a note: from the line on at which its text was, or where it was left, or from its top on."""
        if self._buffer is not None and self._buffer is not buffer and not from_text:
            self._left_at[self._buffer.id] = self.top_line
        self._buffer = buffer
        self._drawn = None
        self._stop = None
        self._toggled = frozenset()
        self._aim = self._began_at = self._top_of_text() if from_text else self._left_at.get(buffer.id, 0)
        self.refresh()
        self._render_again(at_once=True)

    def _top_of_text(self) -> int:
        """Return the first line that the editor shows."""
        editor = self.editor
        return editor.wrapped_document.offset_to_location(Offset(0, editor.scroll_offset.y))[0]

    def _render_again(self, *, at_once: bool = False) -> None:
        width = self.scrollable_content_region.width or self.editor.size.width - 2
        if self._buffer is None or width < 1:
            return
        self._rendering.want(
            Wanted(
                self._buffer.id,
                self._buffer.name,
                self._buffer.document.text,
                self.workspace.catalogue,
                width,
                self._toggled,
            )
        )
        if at_once:
            self._rendering.show_soon(self._began_at)
        self._run_rendering()

    @work(group="render")
    async def _run_rendering(self) -> None:
        await self._rendering.run(self.workspace.thread)

    def _show_drawn(self, wanted: Wanted, drawn: "Drawn") -> None:
        """Show what was drawn; the row at the top stays there."""
        if self._buffer is None or wanted.note != self._buffer.id:
            return
        before, row = self._drawn, self.scroll_offset.y
        if self._aim is None and before is not None and before.rows:
            top = before.rows[min(row, len(before.rows) - 1)].line
            below = row - _first_row(before, top)
            place = _first_row(drawn, line_after(before.lines, drawn.lines, top)) + below
        else:
            place = _first_row(drawn, self._aim or 0)
        self._aim = None
        self._drawn = drawn
        if self._stop is not None and self._stop >= len(drawn.stops):
            self._stop = None
        self.virtual_size = Size(self.scrollable_content_region.width, len(drawn.rows))
        self.scroll_to(y=place, animate=False, force=True, immediate=True)
        self.refresh()

    @property
    def top_line(self) -> int:
        """The line of the note at the top, counted from 0."""
        if self._drawn is None or not self._drawn.rows:
            return self._aim or 0
        return self._drawn.rows[min(self.scroll_offset.y, len(self._drawn.rows) - 1)].line

    def show_line(self, line: int) -> None:
        """Scroll so that a line of the note is at the top."""
        if self._drawn is None:
            self._aim = line
        else:
            self._go_to_row(_first_row(self._drawn, line))

    def _go_to_row(self, row: int) -> None:
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def leave(self) -> None:
        """Take the editor to the line at the top, unless this was not scrolled since it was opened."""
        line, self._buffer, editor = self.top_line, None, self.editor
        if line == self._began_at or editor.buffer is None:
            return
        line = min(line, editor.document.line_count - 1)
        top = editor.wrapped_document.location_to_offset((line, 0)).y
        caret = editor.wrapped_document.location_to_offset(editor.cursor_location).y
        if not top <= caret < top + self.size.height:
            editor.move_cursor((line, 0))
        editor.scroll_to(y=top, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """Arrange the note for the new width."""
        if self.display:
            self._render_again()

    # -- painting

    def notify_style_update(self) -> None:
        """Drop the styles of the theme before."""
        self._looks.clear()
        super().notify_style_update()

    def look(self, names: str) -> Style:
        """Return how pieces with these styles are painted."""
        look = self._looks.get(names)
        if look is None:
            look = self.rich_style
            for name in names.split():
                look += self.get_component_rich_style(f"reading--{name}", partial=True)
            look = self._looks[names] = legible(look)
        return look

    def render_line(self, y: int) -> Strip:
        """Return a row of the screen."""
        width = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        if self._drawn is None or row >= len(self._drawn.rows):
            return Strip.blank(width, self.rich_style)
        focused = self._focused_action
        segments = [
            Segment(piece.text, self.look(piece.style) + Style(reverse=True))
            if focused is not None and piece.action is focused
            else Segment(piece.text, self.look(piece.style))
            for piece in self._drawn.rows[row].pieces
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    # -- links and boxes

    @property
    def _focused_action(self) -> Action | None:
        if self._stop is None or self._drawn is None or not self.has_focus:
            return None
        return self._drawn.stops[self._stop].action

    def action_next_stop(self, step: int) -> None:
        """Go to the next link, tag or box, or to the one before; after the last, leave to the next widget."""
        stops = self._drawn.stops if self._drawn is not None else ()
        top = self.scroll_offset.y
        if self._stop is not None:
            at = self._stop + step
        elif step > 0:
            at = next((n for n, stop in enumerate(stops) if stop.row >= top), len(stops))
        else:
            bottom = top + self.size.height
            at = next((n for n in reversed(range(len(stops))) if stops[n].row < bottom), -1)
        if not 0 <= at < len(stops):
            self._stop = None
            self.refresh()
            if step > 0:
                self.screen.focus_next()
            else:
                self.screen.focus_previous()
            return
        self._stop = at
        row = stops[at].row
        if not top <= row < top + self.size.height:
            self._go_to_row(max(0, row - self.size.height // 3))
        self.refresh()

    def action_press_stop(self) -> None:
        """Do what a click on the marked link, tag or box does."""
        if self._focused_action is not None:
            self._act(self._focused_action)

    def action_tick_or_page(self) -> None:
        """Tick the marked box, or scroll down by a page."""
        if isinstance(self._focused_action, pieces.Tick | pieces.Fold):
            self._act(self._focused_action)
        else:
            self.action_page_down()

    def on_click(self, event: events.Click) -> None:
        """Follow the link that is clicked, or tick the box."""
        offset = event.get_content_offset(self)
        if offset is None or self._drawn is None:
            return
        row = self.scroll_offset.y + offset.y
        piece = _piece_at(self._drawn, row, offset.x)
        if piece is not None and piece.action is not None:
            event.stop()
            self._stop = next(
                (n for n, stop in enumerate(self._drawn.stops) if stop.action is piece.action), None
            )
            self._act(piece.action)

    def _act(self, action: Action) -> None:
        match action:
            case pieces.Follow(target, heading, block, holder):
                name = holder if holder and not target else target
                if holder and target:
                    name = self.workspace.catalogue.resolve(target, holder) or target
                self.post_message(FollowTarget(name, heading, block))
            case pieces.Browse(address):
                self.app.open_url(address)
            case pieces.ShowTag(tag):
                self.post_message(ListTagged(tag))
            case pieces.Tick(line):
                self._tick(line)
            case pieces.Fold(line):
                self._toggled ^= {line}
                self._render_again()
            case pieces.Jump(_, to):
                self._jump(to)

    def _tick(self, line: int) -> None:
        """Replace the one character in the box of a task's line, wherever others moved that line to."""
        if self._drawn is None or self._buffer is None:
            return
        document = self.editor.document
        row = line_after(self._drawn.lines, self.editor.text.split("\n"), line)
        edit = toggled(document.get_line(row))
        if edit is None or document.get_line(row) != self._drawn.lines[line] or edit[0] == edit[1]:
            return
        with self._buffer.one_group():
            self.editor.replace(edit[2], (row, edit[0]), (row, edit[1]))
        self._render_again()

    def _jump(self, to: str) -> None:
        drawn = self._drawn
        for at, stop in enumerate(drawn.stops if drawn is not None else ()):
            if isinstance(stop.action, pieces.Jump) and stop.action.here == to:
                self._stop = at
                if not self.scroll_offset.y <= stop.row < self.scroll_offset.y + self.size.height:
                    self._go_to_row(max(0, stop.row - self.size.height // 3))
                self.refresh()
                return

    def action_undo(self) -> None:
        """Undo the person's own last edit of the note."""
        self.editor.action_undo()

    def action_redo(self) -> None:
        """Redo it."""
        self.editor.action_redo()


def _first_row(drawn: "Drawn", line: int) -> int:
    """Return the first row that comes from a line or a later one; the last row if there is none."""
    if line <= 0:
        return 0
    return next((at for at, row in enumerate(drawn.rows) if row.line >= line), max(0, len(drawn.rows) - 1))


def _piece_at(drawn: "Drawn", row: int, x: int) -> Piece | None:
    from rich.cells import cell_len

    for piece in drawn.rows[row].pieces if 0 <= row < len(drawn.rows) else ():
        x -= cell_len(piece.text)
        if x < 0:
            return piece
    return None
