"""Actions on the open note as a whole: rename, delete, restore, erase."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes.errors import LocalError
from crdtnotes.graph.labels import printable
from crdtnotes.markup.names import signs_of_links
from crdtnotes.terminal.text import counted
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.panels.status_line import StatusLine
from crdtnotes_tui.screens.choice import Choice
from crdtnotes_tui.screens.erasing import ERASE_OFFERS, erase_question
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.prompt import Prompt


class NoteActions(ScreenPart):
    """Renames, deletes and erases the open note, and brings deleted notes back."""

    BINDINGS = (
        Binding("f2", "rename", "Rename this note", id="rename"),
        Binding("f8", "delete", "Delete this note", id="delete"),
        Binding("alt+x", "erase", "Erase for good: the selection, or this note", id="erase"),
        Binding("f9", "restore", "Bring back what was deleted", id="restore"),
        Binding("ctrl+s", "saved", "Saved?", show=False, id="saved"),
    )

    def __init__(
        self,
        screen: Screen[None],
        workspace: Workspace,
        editor: NoteEditor,
        status: StatusLine,
        with_keys: Callable[[Callable[[], Awaitable[object]]], Awaitable[None]],
    ) -> None:
        """`with_keys` runs a job that signs, after asking for the passphrase if the keys are locked."""
        super().__init__(screen)
        self._with_keys = with_keys
        self._workspace = workspace
        self._editor = editor
        self._status = status
        self._deleted: list[Buffer] = []

    def action_rename(self) -> None:
        """Ask for a name and rename the note; links to it follow."""
        buffer = self._editor.buffer
        if buffer is not None:
            prompt = Prompt("The note's name; links to it follow.", buffer.name)
            self.ask(prompt, lambda name: self.run(partial(self._rename, buffer, name)))

    async def _rename(self, buffer: Buffer, name: str) -> None:
        notes = await self._workspace.rename(buffer, name)
        self.notify(f"Links were rewritten in {notes} {'note' if notes == 1 else 'notes'}.", title="Renamed")
        signs = signs_of_links(buffer.name)
        if signs:
            text = f"Programs such as Obsidian cannot link to a name with {' '.join(signs)}."
            self.notify(text, severity="warning")
        self._status.update_status()

    def action_delete(self) -> None:
        """Delete the note; it stays open."""
        buffer = self._editor.buffer
        if buffer is not None and buffer.exists:
            self.run(partial(self._delete, buffer))

    async def _delete(self, buffer: Buffer) -> None:
        await self._workspace.delete(buffer)
        self._deleted.append(buffer)
        self.notify("F9 brings it back.", title=f"Deleted {buffer.name}")
        self._status.update_status()

    def action_restore(self) -> None:
        """Bring back the note that was deleted last, and open it."""
        if self._deleted:
            self.run(partial(self._restore, self._deleted.pop()))

    async def _restore(self, buffer: Buffer) -> None:
        await self._workspace.restore(buffer)
        self.app.clear_notifications()  # one of them says that it is deleted
        self.post_message(GoTo(buffer.name))

    def action_erase(self) -> None:
        """Ask whether to erase the selected text, or without one the whole note, and erase it everywhere."""
        buffer = self._editor.buffer
        if buffer is not None:
            selected = self._editor.selected_text or None
            self.run(partial(self._with_keys, partial(self._ask_to_erase, buffer, selected)))

    async def _ask_to_erase(self, buffer: Buffer, text: str | None) -> None:
        paired = await self._workspace.check_erasable()
        question = Choice(erase_question(buffer.name, text, paired=paired), ERASE_OFFERS)
        erase = partial(self._erase, buffer, text, paired=paired)
        self.ask(question, lambda sure: self.run(partial(self._with_keys, erase)) if sure else None)

    async def _erase(self, buffer: Buffer, text: str | None, *, paired: bool) -> None:
        changes = await self._workspace.erase(buffer, text)
        if not changes:
            raise LocalError(f"“{printable(buffer.name)}” does not hold that text, and never did.")
        self.notify(
            f"Erased from {counted(changes, 'change')}. "
            + (
                "Your other devices erase it when they next sync."
                if paired
                else "This is now a new vault, with the rest of the notes."
            ),
            title=buffer.name,
            timeout=20,
        )
        self._status.update_status()

    def action_saved(self) -> None:
        """Say that saving is not needed."""
        self.notify("Everything is saved as you type.", timeout=3)
