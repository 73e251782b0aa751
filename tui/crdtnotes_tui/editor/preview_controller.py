"""Previews of the link under the caret, on demand, and of the highlighted suggestion."""

from functools import partial

from textual.worker import Worker

from crdtnotes.errors import CrdtnotesError
from crdtnotes.vault import Vault
from crdtnotes_tui.editor.completion_list import CompletionList
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.preview import Preview
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.text.excerpt import excerpt


class PreviewController:
    """Opens and closes the preview as the caret and the list of suggestions change."""

    def __init__(self, editor: NoteEditor, suggestions: CompletionList, workspace: Workspace) -> None:
        self.preview = Preview()
        self._editor = editor
        self._list = suggestions
        self._workspace = workspace
        self._link_at: tuple[int, int] | None = None
        self._asking: Worker[None] | None = None

    def toggle(self) -> None:
        """Open the preview of the link under the caret, or close it."""
        if self._link_at is not None:
            self.close()
            return
        link = self._editor.link_at(self._editor.cursor_location)
        if link is not None:
            self._link_at = self._editor.cursor_location[0], link.start
            self._ask(link.target, link.heading, link.block)

    def caret_moved(self) -> None:
        """Close the preview of a link once the caret has left it."""
        if self._link_at is None:
            return
        link = self._editor.link_at(self._editor.cursor_location)
        if link is None or (self._editor.cursor_location[0], link.start) != self._link_at:
            self.close()

    def suggestion_marked(self) -> None:
        """Open the preview of the highlighted suggestion."""
        self._link_at = None
        chosen = self._list.chosen
        if chosen is None or not self._list.of_notes:
            self.close()
        else:
            self._ask(chosen, None, None)

    def close(self) -> None:
        """Close the preview."""
        self._link_at = None
        self.preview.display = False
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self, target: str, heading: str | None, block: str | None) -> None:
        opening = partial(self._open, target, heading, block)
        self._asking = self._editor.run_worker(opening, exclusive=True, group="preview")

    async def _open(self, target: str, heading: str | None, block: str | None) -> None:
        holder = self._editor.buffer
        if holder is None:
            return
        name = self._workspace.catalogue.resolve(target, holder.name) if target else holder.name
        if name is None:
            self.preview.set_content(target, ["There is no such note yet; following the link makes it."])
        else:
            try:
                # This is the text of the snapshot: nothing is decoded or merged for it.
                lines = await self._workspace.thread.run(lambda vault: _read(vault, name, heading, block))
            except CrdtnotesError:
                return  # the note was deleted after its name was resolved
            self.preview.set_content(name, lines)
        self._place()

    def _place(self) -> None:
        screen = self._editor.screen.size
        if self._link_at is not None:
            self.preview.under(self._editor.cursor_screen_offset, screen)
        elif self._list.display:
            left, top = self._list.place
            self.preview.beside(left, left + self._list.cells, top, screen)


def _read(vault: Vault, name: str, heading: str | None, block: str | None) -> list[str]:
    return excerpt(vault.note(name).text, heading, block)
