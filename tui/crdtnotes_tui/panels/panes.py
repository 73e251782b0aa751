"""The middle of the screen: the text, and the panels that come and go beside it.

The panels show what is true of the open note. They ask the vault on its own thread; what somebody types is
looked at again once there is a pause.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from crdtnotes import Backlink, Mention, Neighbour, Vault
from crdtnotes.errors import CrdtnotesError, NoteNotFound
from crdtnotes.markup.names import title_of
from crdtnotes.markup.outline import outline
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.notes.link_mentions import Linking
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.backlinks import BacklinksPanel
from crdtnotes_tui.panels.graph import LocalGraph
from crdtnotes_tui.panels.messages import Failed
from crdtnotes_tui.panels.notes_tree import NotesTree
from crdtnotes_tui.panels.outline import OutlinePanel
from crdtnotes_tui.panels.rendered_note import Reading
from crdtnotes_tui.panels.welcome import Welcome

PAUSE_SECONDS = 0.3
"""After the last key, before what depends on the text is looked at again."""

NARROW = 100
"""Below so many columns panels stand at one side of the text only."""

LOW = 30
"""Below so many lines panels share less."""

MENTIONS = 50
"""Mentions that are shown."""


class Panes(Horizontal):
    """The editor or the note as it reads, and the panels."""

    BINDINGS = [
        Binding("ctrl+f", "find", "Find and replace in this note"),
        Binding("ctrl+l", "panel('tree')", "Notes by folder"),
        Binding("ctrl+b", "panel('backlinks')", "Backlinks and mentions"),
        Binding("f3", "panel('outline')", "Outline"),
        Binding("alt+g", "panel('graph')", "Graph around this note"),
        Binding("alt+r", "read", "Read the note, write again"),
    ]

    def __init__(self, workspace: Workspace, editor: NoteEditor) -> None:
        super().__init__(id="body")
        self.editor = editor
        self.notes = NotesTree()
        self.reading = Reading()
        self.graph = LocalGraph()
        self.outline = OutlinePanel()
        self.linked = BacklinksPanel()
        self.welcome = Welcome()
        self.find = FindBar(editor)
        self._right = Vertical(self.outline, self.linked, id="right")
        self._workspace = workspace
        self._linking = Linking(workspace.thread)
        self._centre: str | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield self.notes
        with Vertical(id="middle"):
            yield self.editor
            yield self.reading
            yield self.find
            yield self.welcome
            yield self.graph
        yield self._right

    # -- panels come and go

    def action_panel(self, name: str) -> None:
        """Show a panel and go there, or hide it."""
        panel = self._panel(name)
        panel.display = not panel.display
        if panel.display and self.app.size.width < NARROW and panel is not self.graph:
            self._make_room(panel)
        self._fit()
        self.look()
        if panel.display:
            panel.focus()
        else:
            self.focus_text()

    def _panel(self, name: str) -> Widget:
        return {
            "tree": self.notes,
            "backlinks": self.linked,
            "outline": self.outline,
            "graph": self.graph,
        }[name]

    def _make_room(self, panel: Widget) -> None:
        for other in (self.notes, self.outline, self.linked):
            if (other is self.notes) != (panel is self.notes):
                other.display = False

    def _fit(self) -> None:
        self._right.display = self.outline.display or self.linked.display

    def on_resize(self, event: events.Resize) -> None:
        """Give the text room where the terminal became narrow."""
        if event.size.width < NARROW and self.notes.display and self._right.display:
            self._make_room(self.linked)
            self._fit()
        self.set_class(event.size.width < NARROW, "narrow")
        self.set_class(event.size.height < LOW, "low")

    def action_read(self) -> None:
        """Show the note as it reads, or the editor again."""
        self.reading.display = not self.reading.display
        self.editor.display = not self.reading.display
        self.look()
        self.focus_text()

    def close_one(self) -> bool:
        """Leave the panel that is in use, or stop reading; return whether there was anything to leave."""
        used = next(
            (one for one in (self.notes, self.linked, self.outline, self.graph) if one.has_focus), None
        )
        if used is not None:
            self.focus_text()
        elif self.reading.display:
            self.action_read()
        elif self.welcome.display:
            self.welcome.close()
        else:
            return False
        return True

    def action_find(self) -> None:
        """Find in the note, as it is written."""
        if self.reading.display:
            self.action_read()
        self.find.open()

    def on_find_bar_closed(self) -> None:
        """Go back to the text."""
        self.focus_text()

    def focus_text(self) -> None:
        """Go back to the text."""
        (self.reading if self.reading.display else self.editor).focus()

    # -- what they show

    def look(self, *, names_changed: bool = False) -> None:
        """Bring all that is shown up to date."""
        if not self.is_mounted:
            return
        if self.notes.display:
            self.notes.show(note.name for note in self._workspace.catalogue.notes)
        if self.outline.display:
            self._look_at_headings()
        if self.reading.display:
            self._look_at_text(again=names_changed)
        if self.linked.display:
            self._look_at_links()
        if self.graph.display:
            self._look_at_graph()

    def opened(self) -> None:
        """Another note is open."""
        self._centre = None
        self.look()

    def typed(self) -> None:
        """The text changed: look once there is a pause."""
        if self.welcome.display:
            self.welcome.typed(self.editor.text)
        if not (self.outline.display or self.reading.display):
            return
        if self._pause is None:
            self._pause = self.set_timer(PAUSE_SECONDS, self._paused)
        else:
            self._pause.reset()

    def _paused(self) -> None:
        self._pause = None
        if self.outline.display:
            self._look_at_headings()
        if self.reading.display:
            self._look_at_text()

    def moved(self) -> None:
        """The caret moved."""
        if self.outline.display:
            self.outline.follow(self.editor.cursor_location[0])

    @work(exclusive=True, group="headings")
    async def _look_at_headings(self) -> None:
        found = await asyncio.to_thread(outline, self.editor.text)
        self.outline.show(found.headings)
        self.outline.follow(self.editor.cursor_location[0])

    @work(group="reading")
    async def _look_at_text(self, *, again: bool = False) -> None:
        buffer = self.editor.buffer
        if buffer is not None:
            catalogue, name = self._workspace.catalogue, buffer.name
            self.reading.resolves = lambda target: catalogue.resolve(target, name) is not None
            await self.reading.show(name, self.editor.text, again=again)

    @work(exclusive=True, group="links")
    async def _look_at_links(self) -> None:
        buffer = self.editor.buffer
        if buffer is None:
            return

        def job(vault: Vault) -> tuple[list[Backlink], list[Mention]]:
            try:
                note = vault.note(buffer.name)
                return note.backlinks(), note.mentions(MENTIONS + 1)
            except NoteNotFound:
                return [], []

        with self._told():
            # What the search index lacks is put in bit by bit before: no key waits for it.
            while await self._workspace.thread.run(Vault.prepare_search):
                pass
            links, mentions = await self._workspace.thread.run(job)
            if buffer is self.editor.buffer:
                title = title_of(buffer.name)
                self.linked.show(title, links, mentions[:MENTIONS], more=len(mentions) > MENTIONS)

    @work(exclusive=True, group="graph")
    async def _look_at_graph(self) -> None:
        buffer = self.editor.buffer
        if buffer is None:
            return
        wanted = self._centre or buffer.name

        def job(vault: Vault) -> tuple[str, list[Neighbour]]:
            try:
                note = vault.note(wanted)
                return note.name, note.neighbours()
            except NoteNotFound:
                return wanted, []

        with self._told():
            self.graph.show(*await self._workspace.thread.run(job))

    def on_local_graph_centre_wanted(self, event: LocalGraph.CentreWanted) -> None:
        """Draw the graph around another note."""
        self._centre = event.name
        self._look_at_graph()

    def on_outline_panel_chosen(self, event: OutlinePanel.Chosen) -> None:
        """Go to a heading."""
        if self.reading.display:
            self.action_read()
        self.editor.move_cursor((event.line, 0), center=True)
        self.focus_text()

    # -- mentions become links

    @on(BacklinksPanel.LinkWanted)
    def _link(self, event: BacklinksPanel.LinkWanted) -> None:
        self._do(partial(self._linking.link, event.mention))

    @on(BacklinksPanel.UnlinkWanted)
    def _unlink(self) -> None:
        self._do(self._linking.take_back)

    @work(group="linking")
    async def _do(self, job: Callable[[], Awaitable[object]]) -> None:
        with self._told():
            await job()
        self._look_at_links()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let what goes wrong be told in its one sentence."""
        try:
            yield
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
