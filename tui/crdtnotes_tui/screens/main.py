"""The main screen: the editor, the panels beside it, the status line."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.editor.completion_controller import CompletionController
from crdtnotes_tui.editor.completion_list import CompletionList
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.preview_controller import PreviewController
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.navigation import Line, Place
from crdtnotes_tui.notes.workspace import Lost, Workspace
from crdtnotes_tui.panels.error_panel import ErrorPanel
from crdtnotes_tui.panels.messages import FollowTarget, GoTo
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.panels.status_line import StatusLine
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.screens.headings import Headings
from crdtnotes_tui.screens.list_actions import ListActions
from crdtnotes_tui.screens.list_pickers import LONG
from crdtnotes_tui.screens.peer_actions import PeerActions
from crdtnotes_tui.screens.prompt import Prompt
from crdtnotes_tui.screens.search import Search
from crdtnotes_tui.screens.switcher import Chosen, Switcher
from crdtnotes_tui.vault.vault_thread import VaultThread

SETTLE_SECONDS = 1.5
"""How long a person who leaves waits for the disk before being asked."""


class MainScreen(ListActions, PeerActions):
    """Where notes are written."""

    BINDINGS = [
        Binding("ctrl+o", "switch", "Open or make a note"),
        Binding("ctrl+g", "search", "Search all notes"),
        Binding("ctrl+t", "today", "Today's note"),
        Binding("ctrl+r", "headings", "Go to a heading"),
        Binding("alt+left", "back", "Back"),
        Binding("alt+right", "forward", "Forward"),
        Binding("alt+v", "peek", "Preview of the link"),
        Binding("f2", "rename", "Rename this note"),
        Binding("f8", "delete", "Delete this note"),
        Binding("f9", "restore", "Bring back what was deleted"),
        Binding("ctrl+s", "saved", "Saved?", show=False),
        Binding("escape", "close_one", show=False),
    ]

    @dataclass
    class Failed(Message):
        """The vault or the note to begin with cannot be opened."""

        reason: str

    def __init__(
        self,
        path: Path,
        name: str | None,
        new_device: str | None,
        serve_at: tuple[str | None, int | None] | None = None,
    ) -> None:
        super().__init__()
        self._begin_with = name
        self._left = False
        self.workspace = Workspace(
            VaultThread(path, new_device), self._buffer_changed, self._refreshed, self._committed
        )
        self.workspace.cache.jobs = LONG
        self.editor = NoteEditor(id="editor")
        self.collaboration = Collaboration(self.editor, self.workspace, self._tell)
        self.serve_at = serve_at
        self._deleted: list[Buffer] = []
        self.status = StatusLine()
        self.trouble = ErrorPanel()
        self.body = Panes(self.workspace, self.editor)
        self.suggesting = CompletionController(self.editor, CompletionList(), self.workspace)
        self.peeking = PreviewController(self.editor, self.suggesting.list, self.workspace)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield self.body
        yield self.trouble
        yield self.status
        yield self.suggesting.list
        yield self.peeking.preview

    def on_mount(self) -> None:
        """Open the vault once the screen is there to see."""
        self.call_after_refresh(self._begin)

    def on_screen_resume(self) -> None:
        """A list or a question is gone: the terminal's cursor comes back to the text."""
        self.call_after_refresh(self.editor.place_cursor)

    def _begin(self) -> None:
        if not self._left:
            self._do(self._open_vault, fatal=True)

    async def _open_vault(self) -> None:
        await self.workspace.start()
        buffer = await (
            self.workspace.first() if self._begin_with is None else self.workspace.open(self._begin_with)
        )
        self._show(buffer)
        if self.workspace.began_empty:
            self.body.welcome.open(self.editor.text)
        await self._painted()
        await self.workspace.learn()
        self._refreshed()
        for name in self.workspace.brought_back:
            self.notify("What could not be saved last time is back.", title=name, markup=False)
        self._do(self._join)

    async def _painted(self) -> None:
        """Wait until the first note is on the screen; what lies in memory by then will stay there."""
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()
        gc.freeze()
        gc.enable()

    async def _join(self) -> None:
        """Meet the peers; what goes wrong here is no reason to end the editor."""
        await self.collaboration.start()
        await self.collaboration.look_for_news()
        if self.serve_at is not None:
            await self.collaboration.connections.serve(*self.serve_at)
        await self.collaboration.meet()
        self.collaboration.moved()

    async def unsaved(self) -> list[Buffer]:
        """Store what is left; return the notes for which that does not work at the moment."""
        await self.editor.drained()
        return await self.workspace.settle(SETTLE_SECONDS)

    async def leave(self) -> list[Lost]:
        """Store what is left and close all; return what could not be stored."""
        self._left = True
        await self.collaboration.stop()
        return await self.workspace.stop()

    # -- going places

    @work(group="doing")
    async def _do(self, job: Callable[[], Awaitable[None]], *, fatal: bool = False) -> None:
        """Run what has to wait for the replica; what goes wrong is told in its one sentence."""
        try:
            await job()
        except CrdtnotesError as error:
            if fatal:
                self.post_message(self.Failed(str(error)))
            else:
                self.trouble.tell(str(error))

    def go(self, opening: Callable[[], Awaitable[Buffer]], position: int | None = None) -> None:
        """Open a note, remembering the place that is left."""
        self._do(partial(self._go, opening, position))

    async def _go(self, opening: Callable[[], Awaitable[Buffer]], position: int | None = None) -> None:
        here = self.here
        buffer = await opening()
        if here is not None:
            self.workspace.places.leave(here)
        self._show(buffer, position)

    def go_to_line(self, line: Line) -> None:
        """Open a note at a line."""

        async def arrive() -> None:
            await self._go(lambda: self.workspace.open(line.name), 0)
            self.editor.move_cursor((line.number - 1, 0), center=True)

        self._do(arrive)

    def _show(self, buffer: Buffer, position: int | None = None) -> None:
        self.editor.show(buffer, position)
        self.peeking.close()
        self.body.focus_text()
        self.body.opened()
        self.collaboration.moved()
        self._tell()

    @property
    def here(self) -> Place | None:
        """Where the caret is."""
        buffer = self.editor.buffer
        return None if buffer is None else Place(buffer.name, self.editor.caret)

    def action_switch(self) -> None:
        """Open or make a note."""

        def chosen(choice: Chosen | None) -> None:
            if choice is not None and choice.new:
                self.go(lambda: self.workspace.create(choice.name))
            elif choice is not None:
                self.go(lambda: self.workspace.open(choice.name))

        recent = self.workspace.places.recent[1:]
        self.app.push_screen(Switcher(self.workspace.catalogue, recent), chosen)

    def action_search(self) -> None:
        """Search all notes."""

        def chosen(line: Line | None) -> None:
            if line is not None:
                self.go_to_line(line)

        self.app.push_screen(Search(self.workspace.thread), chosen)

    def action_today(self) -> None:
        """Open today's note."""
        self.go(self.workspace.today)

    def action_back(self) -> None:
        """Go back."""
        self._step(self.workspace.places.back)

    def action_forward(self) -> None:
        """Go forward again."""
        self._step(self.workspace.places.forward)

    def _step(self, step: Callable[[Place], Place | None]) -> None:
        here = self.here
        place = None if here is None else step(here)
        if place is not None:
            self._do(partial(self._return, place))

    async def _return(self, place: Place) -> None:
        self._show(await self.workspace.open(place.name), place.position)

    def on_note_editor_followed(self, event: NoteEditor.Followed) -> None:
        """Go where a link leads, making the note if there is none."""
        link = event.link
        self.body.welcome.followed()
        self.on_follow_target(FollowTarget(link.target, link.heading, link.block))

    def on_follow_target(self, event: FollowTarget) -> None:
        """Go where a link of the open note leads."""
        holder = self.editor.buffer
        if holder is not None:
            self._do(partial(self._follow, holder, event.target, event.heading, event.block))

    def on_go_to(self, event: GoTo) -> None:
        """Go where a panel or a list wants to."""
        if event.line is not None:
            self.go_to_line(Line(event.name, event.line))
        elif event.new:
            self.go(lambda: self.workspace.create(event.name))
        else:
            self.go(lambda: self.workspace.open(event.name))

    def on_failed(self, event: Failed) -> None:
        """Say what did not work."""
        self.trouble.tell(event.reason)

    async def _follow(self, holder: Buffer, target: str, heading: str | None, block: str | None) -> None:
        name = self.workspace.catalogue.resolve(target, holder.name) if target else holder.name
        if name is None:
            await self._go(lambda: self.workspace.create(target.removeprefix("./").strip("/")))
            return
        await self._go(lambda: self.workspace.open(name), 0)
        opened = self.editor.buffer
        if opened is None or not (heading or block):
            return
        parts = await self.workspace.outline("", opened)
        lines = [one.line for one in parts.headings if one.text == heading]
        lines += [one.line for one in parts.blocks if one.id == block]
        if lines and self.editor.buffer is opened:
            self.editor.move_cursor((lines[0], 0), center=True)

    def action_headings(self) -> None:
        """Go to a heading of the note."""

        def chosen(line: int | None) -> None:
            if line is not None:
                self.editor.move_cursor((line, 0), center=True)

        if self.editor.buffer is not None:
            self.app.push_screen(Headings(self.editor.text), chosen)

    # -- the note as a whole

    def action_rename(self) -> None:
        """Rename the note; links follow."""
        buffer = self.editor.buffer
        if buffer is None:
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._do(partial(self._rename, buffer, name))

        self.app.push_screen(Prompt("The note's name; links to it follow.", buffer.name), answered)

    async def _rename(self, buffer: Buffer, name: str) -> None:
        notes = await self.workspace.rename(buffer, name)
        self.notify(f"Links were rewritten in {notes} {'note' if notes == 1 else 'notes'}.", title="Renamed")
        self._tell()

    def action_delete(self) -> None:
        """Delete the note and go back to where one came from."""
        buffer = self.editor.buffer
        if buffer is not None and buffer.exists:
            self._do(partial(self._delete, buffer))

    async def _delete(self, buffer: Buffer) -> None:
        await self.workspace.delete(buffer)
        self._deleted.append(buffer)
        self.notify("F9 brings it back.", title=f"Deleted {buffer.name}", markup=False)
        self._tell()

    def action_restore(self) -> None:
        """Bring back the note that was deleted last."""
        if self._deleted:
            self._do(partial(self._restore, self._deleted.pop()))

    async def _restore(self, buffer: Buffer) -> None:
        await self.workspace.restore(buffer)
        self.app.clear_notifications()  # one of them says that it is deleted
        await self._go(lambda: self.workspace.open(buffer.name))

    # -- what is beside the text, and over it

    def action_peek(self) -> None:
        """Show where the link under the caret leads."""
        self.peeking.toggle()

    def on_completions_marked(self) -> None:
        """Show the note that is marked among the suggestions."""
        self.peeking.marked()

    def action_close_one(self) -> None:
        """Close what lies over or beside the text, one thing at a time."""
        if self.peeking.preview.display:
            self.peeking.close()
        elif self.trouble.display:
            self.trouble.close()
        else:
            self.body.close_one()

    # -- how things stand

    @on(TextArea.Changed)
    def _typed(self) -> None:
        """Suggest, and tell."""
        self.suggesting.think()
        self.body.typed()
        self._tell()

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        """Suggest only where something is being typed."""
        self.suggesting.think(moved=True)
        self.peeking.moved()
        self.body.moved()
        self.collaboration.moved()
        self._tell()

    def on_note_editor_others_wrote(self) -> None:
        """Give a quiet sign."""
        self.collaboration.wrote()
        self._tell()

    def on_note_editor_key_for_list(self, event: NoteEditor.KeyForList) -> None:
        """Let the suggestions have it."""
        self.suggesting.key(event.key)

    def action_saved(self) -> None:
        """Answer an old habit."""
        self.notify("Everything is saved as you type.", timeout=3)

    def _buffer_changed(self, buffer: Buffer) -> None:
        if buffer.crash is not None:
            self.call_later(self._crash, buffer.crash)
        elif buffer is self.editor.buffer and self.is_mounted:
            self.collaboration.moved()
            self._tell()

    def _crash(self, error: BaseException) -> None:
        """Let a bug end the editor where it can be seen, before anything more is typed in vain."""
        raise error

    def _refreshed(self) -> None:
        changed = self.workspace.catalogue is not self.editor.catalogue
        if changed:
            self.editor.know(self.workspace.catalogue)
        self.body.look(names_changed=changed)
        self._tell()
        self._do(self._keep_up)

    async def _keep_up(self) -> None:
        await self.collaboration.keep_up()
        if self.collaboration.news:
            self.body.welcome.close()  # there are notes now

    def _committed(self) -> None:
        """Let peers have what was committed."""
        self.collaboration.connections.wake()

    def _tell(self) -> None:
        row, column = self.editor.cursor_location
        self.status.tell(self.editor.buffer, row + 1, column + 1, self.collaboration.summary)
