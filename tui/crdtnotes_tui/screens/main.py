"""The main screen: the editor, the panels around it, the status line."""

import asyncio
import gc
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import TextArea

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.editor.completion_controller import CompletionController
from crdtnotes_tui.editor.completion_list import CompletionList
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.preview_controller import PreviewController
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.chinese_ahead import load_chinese
from crdtnotes_tui.notes.workspace import EVERYTHING, Changed, Lost, Workspace
from crdtnotes_tui.options import StartOptions
from crdtnotes_tui.panels.error_panel import ErrorPanel
from crdtnotes_tui.panels.messages import Failed, FollowTarget, GoTo, ListTagged, TakenIn, Worked
from crdtnotes_tui.panels.notes_tree import NotesTree
from crdtnotes_tui.panels.panel import Change
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.panels.status_line import StatusLine
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.screens.commands import LETTERS, Command, by_letter
from crdtnotes_tui.screens.device_actions import DeviceActions
from crdtnotes_tui.screens.letters import Letters
from crdtnotes_tui.screens.list_actions import ListActions
from crdtnotes_tui.screens.list_pickers import CACHED_LISTS
from crdtnotes_tui.screens.navigation_actions import NavigationActions
from crdtnotes_tui.screens.note_actions import NoteActions
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.peer_actions import TO_SIGN, PeerActions
from crdtnotes_tui.screens.vault_actions import VaultActions
from crdtnotes_tui.vault.vault_thread import VaultThread

READS_ONLY = (
    "Nothing was changed: this device may only read this vault. One of its owners can let it write; F6 shows "
    "who they are."
)

SETTLE_SECONDS = 1.5
"""How long leaving waits for the disk before it warns."""


class MainScreen(Screen[None]):
    """Lays out the editor and its panels, opens the vault, and passes on events and actions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *NavigationActions.screen_bindings(),
        Binding("alt+v", "preview", "Preview of the link", id="preview"),
        *NoteActions.screen_bindings(),
        *ListActions.screen_bindings(),
        *VaultActions.screen_bindings(),
        *PeerActions.screen_bindings(),
        *DeviceActions.screen_bindings(),
        Binding("f7,ctrl+backslash", "letters", "Then a letter: as Alt and the letter", id=LETTERS),
        Binding("escape", "close_one", show=False),
    ]

    class CannotStart(Message):
        """The vault or the first note cannot be opened."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, options: StartOptions) -> None:
        super().__init__()
        self._first_note = options.name
        self._left = False
        thread = VaultThread(options.path, options.new_device)
        self.workspace = Workspace(thread, self._buffer_changed, self._vault_changed)
        self.workspace.cache.jobs = CACHED_LISTS
        self.editor = NoteEditor(id="editor")
        self.status = StatusLine(self.editor)
        self.collaboration = Collaboration(self.editor, self.workspace, self._peers_changed)
        self.status.peers = lambda: self.collaboration.summary
        self.status.to_review = lambda: len(self.workspace.review.findings)
        self.workspace.review.changed = self._reviewed
        self.error = ErrorPanel()
        self.panes = Panes(self.workspace, self.editor)
        self.completions = CompletionController(self.editor, CompletionList(), self.workspace)
        self.previews = PreviewController(self.editor, self.completions.list, self.workspace)
        self.navigation = NavigationActions(self, self.workspace, self.editor, self._show)
        self.peers = PeerActions(
            self,
            self.collaboration,
            thread,
            self.leave,
            options.serve_at,
            lambda: self.workspace.has_locked_texts,
            self._bring_back,
        )
        self.devices = DeviceActions(self, thread, self.collaboration, self.peers)
        self.lists = ListActions(self, self.workspace, self.editor)
        parts: list[ScreenPart] = [
            self.navigation,
            self.peers,
            self.devices,
            self.lists,
            VaultActions(
                self,
                self.workspace,
                self.status,
                self.collaboration.connections.connected,
                partial(self.panes.show_panel, NotesTree.NAME),
            ),
            NoteActions(
                self, self.workspace, self.editor, self.status, partial(self.peers.with_keys, reason=TO_SIGN)
            ),
        ]
        self._parts = {type(part).__name__: part for part in parts}

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield self.panes
        yield self.error
        yield self.status
        yield self.completions.list
        yield self.previews.preview

    def action_part(self, part: str, action: str) -> None:
        """Run an action of a part of this screen."""
        self._parts[part].run_action(action)

    # -- beginning and ending

    def on_mount(self) -> None:
        """Open the vault once the screen is painted."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if not self._left:
            self._open_vault()

    @work(group="doing")
    async def _open_vault(self) -> None:
        try:
            await self._open_first_note()
        except CrdtnotesError as error:
            self.post_message(self.CannotStart(str(error)))
        else:
            self.peers.start()

    async def _open_first_note(self) -> None:
        await self.workspace.start()
        self._obey_role()
        name = self._first_note
        self._show(await (self.workspace.first() if name is None else self.workspace.open(name)))
        if self.workspace.began_empty:
            self.panes.welcome.open(self.editor.text)
        await self._painted()
        await self.workspace.learn()
        self._vault_changed(EVERYTHING)
        self._tell_of_restored()

    async def _bring_back(self) -> None:
        """Restore unsaved texts that were waiting for this device's keys."""
        await self.workspace.bring_back()
        self._tell_of_restored()

    def _tell_of_restored(self) -> None:
        for restored in self.workspace.brought_back:
            self.notify("Unsaved text from last time is back.", title=restored, markup=False)
        self.workspace.brought_back = []

    async def _painted(self) -> None:
        """Wait until the first note is painted, load what the first key needs, start garbage collection.

        Objects that exist by then live to the end; `gc.freeze` spares the collector from visiting them.
        """
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()
        await self.workspace.thread.load_ahead()
        gc.freeze()
        gc.enable()

    @work(exclusive=True, group="loading ahead")
    async def _load_chinese(self) -> None:
        keys = [way.key for way in self.workspace.catalogue.ways]
        await load_chinese(keys, self.editor.text, self.editor.idle)

    async def unsaved(self) -> list[Buffer]:
        """Store everything; return the notes for which that does not work at the moment."""
        await self.editor.drained()
        return await self.workspace.settle(SETTLE_SECONDS)

    async def leave(self) -> list[Lost]:
        """Store everything and close the vault; return what could not be stored."""
        self._left = True
        await self.collaboration.stop()
        return await self.workspace.stop()

    # -- requests of panels, lists and the editor

    def _show(self, buffer: Buffer, position: int | None = None) -> None:
        self.editor.show(buffer, position)
        self.previews.close()
        self.panes.focus_text()
        self.workspace.review.follow(buffer)
        self.panes.update_panels(Change.NOTE)
        self.collaboration.moved()
        self.status.update_status()

    @on(GoTo)
    def _go_to(self, event: GoTo) -> None:
        self.navigation.go_to(event)

    @on(FollowTarget)
    def _follow_target(self, event: FollowTarget) -> None:
        self.navigation.follow(event)

    @on(ListTagged)
    def _list_tagged(self, event: ListTagged) -> None:
        self.lists.list_tagged(event.tag)

    @on(NoteEditor.Followed)
    def _follow_link(self, event: NoteEditor.Followed) -> None:
        self.panes.welcome.followed()
        self.navigation.follow(FollowTarget(event.link.target, event.link.heading, event.link.block))

    @on(TakenIn)
    def _not_empty_any_more(self) -> None:
        self.panes.welcome.close()

    @on(Failed)
    def _show_error(self, event: Failed) -> None:
        self.error.show_error(event.reason)

    @on(Worked)
    def _forget_error(self, event: Worked) -> None:
        self.error.worked(event.begun)

    def action_letters(self) -> None:
        """Ask for a letter, which stands for Alt and the letter, and run its command."""
        answers = by_letter(self.active_bindings.values())

        def picked(command: Command | None) -> None:
            if command is not None:
                self.app.call_later(self.app.run_action, command.action, command.node)

        self.app.push_screen(Letters(answers), picked)

    def action_preview(self) -> None:
        """Show where the link under the caret leads, or hide that."""
        self.previews.toggle()

    def action_close_one(self) -> None:
        """Close what lies over or beside the text, one thing at a time."""
        if self.previews.preview.display:
            self.previews.close()
        elif self.error.display:
            self.error.close()
        else:
            self.panes.close_one()

    # -- events of the editor

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.completions.text_changed()
        self.panes.typed()
        self.status.update_status()

    @on(TextArea.SelectionChanged)
    def _caret_moved(self) -> None:
        self.completions.caret_moved()
        self.previews.caret_moved()
        self.panes.update_panels(Change.CARET)
        self.collaboration.moved()
        self.status.update_status()

    @on(NoteEditor.Refused)
    def _edit_refused(self) -> None:
        self.error.show_error(READS_ONLY)

    @on(NoteEditor.OthersWrote)
    def _others_wrote(self) -> None:
        self.collaboration.wrote()
        self.status.update_status()

    @on(NoteEditor.KeyForList)
    def _key_for_list(self, event: NoteEditor.KeyForList) -> None:
        self.completions.key(event.key)

    @on(CompletionList.Marked)
    def _suggestion_marked(self) -> None:
        self.previews.suggestion_marked()

    def on_screen_resume(self) -> None:
        """Put the terminal's cursor back into the text after a list or a question is closed."""
        self.call_after_refresh(self.editor.place_cursor)

    # -- events of the workspace

    def _buffer_changed(self, buffer: Buffer) -> None:
        """The state of a buffer changed: saving, saved, failed, deleted, renamed."""
        if buffer.crash is not None:
            self.call_later(self._crash, buffer.crash)
        elif buffer is self.editor.buffer and self.is_mounted:
            self.collaboration.moved()
            self.status.update_status()

    def _reviewed(self) -> None:
        """The open note was looked through for what was written apart."""
        if self.is_mounted:
            self.panes.update_panels(Change.REVIEW)
            self.status.update_status()

    def _crash(self, error: BaseException) -> None:
        """End the editor after a bug, visibly, before more is typed that may be lost."""
        raise error

    def _vault_changed(self, changed: Changed) -> None:
        """Something was committed, here or elsewhere: update the names and panels that it concerns."""
        change = Change.NOTES
        if self.workspace.catalogue is not self.editor.catalogue:
            self.editor.update_catalogue(self.workspace.catalogue)
            change |= Change.NAMES
            self._load_chinese()
        self.panes.update_panels(change)
        self.status.update_status()
        if changed.from_others or changed.members:
            self.peers.run(partial(self._keep_up, changed), asked=False)

    def _obey_role(self) -> None:
        """Let the person edit notes, or only read them, as this device's role says."""
        self.editor.read_only = not self.workspace.may_write
        if self.workspace.may_write and self.error.sentence == READS_ONLY:
            self.error.close()
        self.status.update_status()

    def _peers_changed(self) -> None:
        self.status.update_status()
        self.devices.changed()

    async def _keep_up(self, changed: Changed) -> None:
        if changed.members:
            await self.workspace.ask_role()
            self._obey_role()
            self.devices.changed()
        await self.collaboration.keep_up(changed)
        if self.collaboration.news:
            self.panes.welcome.close()  # peers have sent notes: the vault is not empty any more
