"""Opening notes: by name, by search, by a link, by date, back and forward."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes.errors import NoteNotFound
from crdtnotes.markup.files import can_be_note, is_file
from crdtnotes.markup.resolve import meant_name
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.navigation import Line, Place
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import FollowTarget, GoTo
from crdtnotes_tui.screens.headings import Headings
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.search import Search
from crdtnotes_tui.screens.switcher import Chosen, Switcher
from crdtnotes_tui.text.reading.inline import WEB

Opening = Callable[[], Awaitable[Buffer]]


class ShowNote(Protocol):
    """Shows a buffer, with the caret at a position, or where it was last for None."""

    def __call__(self, buffer: Buffer, position: int | None = None) -> None:
        """Show it."""


class NavigationActions(ScreenPart):
    """Opens notes in the editor and remembers the places that were left."""

    BINDINGS = (
        Binding("ctrl+o", "switch", "Open or make a note", id="open"),
        Binding("ctrl+g", "search", "Search all notes", id="search"),
        Binding("ctrl+t", "today", "Today's note", id="today"),
        Binding("ctrl+r", "headings", "Go to a heading", id="headings"),
        Binding("alt+left", "back", "Back", id="back"),
        Binding("alt+right", "forward", "Forward", id="forward"),
    )

    def __init__(
        self, screen: Screen[None], workspace: Workspace, editor: NoteEditor, show: ShowNote
    ) -> None:
        super().__init__(screen)
        self._workspace = workspace
        self._editor = editor
        self._show = show

    # -- going somewhere

    def go(self, opening: Opening, position: int | None = None) -> None:
        """Open a note and remember the place that is left."""
        self.run(partial(self._go, opening, position))

    async def _go(self, opening: Opening, position: int | None = None) -> None:
        here = self._here
        buffer = await opening()
        if here is not None:
            self._workspace.places.leave(here)
        self._show(buffer, position)

    def go_to(self, event: GoTo) -> None:
        """Open the note that a panel or a list asks for."""
        if event.line is not None:
            self.go_to_line(Line(event.name, event.line))
        elif event.new:
            self.go(lambda: self._workspace.create(event.name))
        else:
            self.go(lambda: self._workspace.open(event.name))

    def go_to_line(self, line: Line) -> None:
        """Open a note at a line."""

        async def arrive() -> None:
            await self._go(lambda: self._workspace.open(line.name), 0)
            self._editor.move_cursor((line.number - 1, 0), center=True)

        self.run(arrive)

    def follow(self, target: FollowTarget) -> None:
        """Go where a link of the open note leads; create the note if the link dangles."""
        holder = self._editor.buffer
        if holder is not None:
            self.run(partial(self._follow, holder, target))

    async def _follow(self, holder: Buffer, link: FollowTarget) -> None:
        target = link.target
        name = self._workspace.catalogue.resolve(target, holder.name) if target else holder.name
        if name is None and target.startswith(WEB):
            self.app.open_url(target)
            return
        if name is None and not can_be_note(target):
            raise NoteNotFound(f"{target!r} is {'a file' if is_file(target) else 'an address'}, not a note.")
        if name is None:
            await self._go(lambda: self._workspace.create(meant_name(target, holder.name)))
            return
        await self._go(lambda: self._workspace.open(name), 0)
        opened = self._editor.buffer
        if opened is None or not (link.heading or link.block):
            return
        place = await self._workspace.place(opened, link.heading, link.block)
        if place is not None and self._editor.buffer is opened:
            self._editor.move_cursor((place.start, 0), center=True)

    @property
    def _here(self) -> Place | None:
        buffer = self._editor.buffer
        return None if buffer is None else Place(buffer.name, self._editor.caret)

    # -- actions

    def action_switch(self) -> None:
        """Ask for a name, and open or create that note."""

        def chosen(choice: Chosen) -> None:
            self.go_to(GoTo(choice.name, new=choice.new))

        recent = self._workspace.places.recent[1:]
        self.ask(Switcher(self._workspace.names, recent), chosen)

    def action_search(self) -> None:
        """Search all notes."""
        self.ask(Search(self._workspace.thread), self.go_to_line)

    def action_today(self) -> None:
        """Open today's note."""
        self.go(self._workspace.today)

    def action_headings(self) -> None:
        """Ask for a heading of the note and go there."""

        def chosen(line: int) -> None:
            self._editor.move_cursor((line, 0), center=True)

        if self._editor.buffer is not None:
            self.ask(Headings(self._editor.text), chosen)

    def action_back(self) -> None:
        """Go back."""
        self._step(self._workspace.places.back)

    def action_forward(self) -> None:
        """Go forward again."""
        self._step(self._workspace.places.forward)

    def _step(self, step: Callable[[Place], Place | None]) -> None:
        here = self._here
        place = None if here is None else step(here)
        if place is not None:
            self.run(partial(self._return_to, place))

    async def _return_to(self, place: Place) -> None:
        self._show(await self._workspace.open(place.name), place.position)
