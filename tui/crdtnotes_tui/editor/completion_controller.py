"""Suggestions while a link is being typed: names first, headings after `#`, blocks after `#^`."""

from collections.abc import Sequence
from functools import partial

from textual.worker import Worker

from crdtnotes.errors import CrdtnotesError
from crdtnotes.markup.places import as_target
from crdtnotes_tui.editor.completion_list import CompletionList
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.text.link_completion import BLOCK, NAME, Typing, accepted, typing_at

MAX_SUGGESTIONS = 30

Item = tuple[str, str, str]


class CompletionController:
    """Opens, fills and closes the list of suggestions as the person types."""

    def __init__(self, editor: NoteEditor, suggestions: CompletionList, workspace: Workspace) -> None:
        self.list = suggestions
        self._editor = editor
        self._workspace = workspace
        self._closed_at: tuple[int, int] | None = None

    def text_changed(self) -> None:
        """Offer what fits the link that is being typed."""
        self._update(only_follow=False)

    def caret_moved(self) -> None:
        """Update the list if it is open; moving the caret does not open it."""
        self._update(only_follow=True)

    def _update(self, *, only_follow: bool) -> None:
        typing = self._typing()
        row = self._editor.cursor_location[0]
        if typing is None:
            self._closed_at = None
        if (
            typing is None
            or self._closed_at == (row, typing.start)
            or (only_follow and not self._editor.list_open)
        ):
            self.close()
        elif typing.stage == NAME:
            self._offer(self._names(typing.query), of_notes=True)
        else:
            offering = partial(self._offer_parts, typing)
            self._asking: Worker[None] = self._editor.run_worker(offering, exclusive=True, group="suggesting")

    def close(self) -> None:
        """Close the list."""
        if self._editor.list_open:
            self.list.post_message(CompletionList.Marked())
        self._editor.list_open = self.list.display = False

    def key(self, key: str) -> None:
        """Handle a key while the list is open."""
        if key in ("up", "down"):
            self.list.move(1 if key == "down" else -1)
        elif key == "escape":
            typing = self._typing()
            if typing is not None:
                self._closed_at = self._editor.cursor_location[0], typing.start
            self.close()
        else:
            self._accept()

    def _typing(self) -> Typing | None:
        selection = self._editor.selection
        if not selection.is_empty or self._editor.buffer is None:
            return None
        row, column = selection.end
        return typing_at(self._editor.document.get_line(row), column)

    def _names(self, query: str) -> list[Item]:
        buffer = self._editor.buffer
        if buffer is None:
            return []
        catalogue = self._workspace.catalogue
        ways = catalogue.find(query, MAX_SUGGESTIONS, self._workspace.places.recent[1:])
        items = []
        for way in ways:
            target = catalogue.spelling(way, buffer.name)
            items.append((target, way.text, way.name if way.is_alias else ""))
        return items

    async def _offer_parts(self, typing: Typing) -> None:
        buffer = self._editor.buffer
        if buffer is None:
            return
        try:
            outline = await self._workspace.outline(typing.target, buffer)
        except CrdtnotesError:
            return  # the note was deleted meanwhile; the next key asks again
        if typing != self._typing():
            return
        wanted = typing.query.casefold()
        items: list[Item]
        if typing.stage == BLOCK:
            items = [(one.id, one.id, "") for one in outline.blocks if wanted in one.id.casefold()]
        else:
            headings = [one for one in outline.headings if wanted in one.text.casefold()]
            items = [(as_target(one.text), one.text, "#" * one.level) for one in headings]
        self._offer(items[:MAX_SUGGESTIONS])

    def _offer(self, items: Sequence[Item], *, of_notes: bool = False) -> None:
        place, screen = self._editor.cursor_screen_offset, self._editor.screen.size
        self.list.offer(items, place, screen, of_notes=of_notes)
        self._editor.list_open = bool(items)

    def _accept(self) -> None:
        typing, chosen = self._typing(), self.list.chosen
        self.close()
        if typing is None or chosen is None:
            return
        row = self._editor.cursor_location[0]
        line = self._editor.document.get_line(row)
        start, end, text = accepted(line, typing, chosen)
        self._editor.replace(text, (row, start), (row, end), maintain_selection_offset=False)
