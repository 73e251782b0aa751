"""The editor: Textual's TextArea over a note's buffer.

Every local edit passes through `NoteDocument.replace_range`. Edits of others arrive through `patched`, which
keeps the caret, the selection and the visible lines in place.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import (
    Edit,
    EditResult,
    Location,
    Selection,
)

from crdtnotes.crdt import Patch
from crdtnotes.markup.rewrite import bracket_edits
from crdtnotes.markup.wikilink import WikiLink
from crdtnotes_tui.editor.line_actions import LineActions
from crdtnotes_tui.editor.navigating import Navigator
from crdtnotes_tui.editor.no_history import NoHistory
from crdtnotes_tui.editor.note_painting import NotePainting
from crdtnotes_tui.editor.wrapping import Wrapping
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.document import NoteDocument
from crdtnotes_tui.notes.transform import follow, follow_range
from crdtnotes_tui.text.list_editing import is_task, on_enter
from crdtnotes_tui.text.styling import links_in

_EDITS = frozenset({"enter", "tab", "backspace", "delete"})
"""Keys that edit, besides those that type a character."""

_REWRAP_ALL_FROM = 16
"""From this many patches on, all lines are wrapped again, not only those that each patch touched."""


class NoteEditor(NotePainting, LineActions):
    """Edits the note of a buffer."""

    BINDINGS = [
        Binding(
            "ctrl+right_square_bracket,f12,alt+enter",
            "act",
            "Follow the link or tick the task",
            tooltip="creates the note of the link",
            id="act",
        ),
        Binding("ctrl+z", "undo", "Undo", id="undo"),
        Binding("ctrl+y", "redo", "Redo", id="redo"),
    ]

    @dataclass
    class Followed(Message):
        """The person follows a link."""

        link: WikiLink

    @dataclass
    class KeyForList(Message):
        """A key for the open list of suggestions: up, down, accept or close."""

        key: str

    @dataclass
    class Refused(Message):
        """The person wants to edit, and this device may only read."""

    @dataclass
    class OthersWrote(Message):
        """Somebody else changed the note."""

    def __init__(self, id: str | None = None) -> None:
        self._next_document: NoteDocument | None = None
        super().__init__(id=id)
        self.free_keys({"f6", "f7"})
        self.history = NoHistory(self._end_undo_group)
        self.cursor_blink = False
        self.indent_width = 4
        self.list_open = False

    # -- which note

    def show(self, buffer: Buffer, position: int | None = None) -> None:
        """Show a buffer, with the caret at a position; for None, at its last position, or else at the end."""
        if self.buffer is not None:
            self.buffer.left_at = self.caret
            self.buffer.view = None
        if position is None:
            position = buffer.left_at
        self.buffer = buffer
        self.marks = ()
        buffer.view = self
        self.disabled = False
        self._install(buffer.document)
        self.caret_to(len(buffer.document.text) if position is None else position)

    def replaced(self) -> None:
        """Take the new document of the buffer."""
        if self.buffer is not None:
            position = self.caret
            self._install(self.buffer.document)
            self.caret_to(position)

    def _install(self, document: NoteDocument) -> None:
        self._next_document = document
        self._set_document("", None)

    def _set_document(self, text: str, language: str | None) -> None:  # noqa: ARG002
        document, self._next_document = self._next_document or NoteDocument(text), None
        self.document = document
        self._wrapping = self.wrapped_document = Wrapping(document, tab_width=self.indent_width)
        self._strips.clear()
        self.navigator = Navigator(self._wrapping)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()
        self.repaint_all()

    @property
    def caret(self) -> int:
        """The caret's position in the text."""
        return self.note_document.get_index_from_location(self.cursor_location)

    def caret_to(self, position: int) -> None:
        """Put the caret at the position in the text nearest to this one."""
        document = self.note_document
        self.move_cursor(document.get_location_from_index(min(max(0, position), len(document.text))))
        self.scroll_cursor_visible()

    # -- edits of others

    def patched(self, patches: Sequence[Patch], *, own: bool) -> None:
        """Apply patches to the document; the caret, the selection and the visible lines stay in place.

        After an undo or redo of the person's own (`own`), the caret goes to the restored text.
        """
        document = self.note_document
        start, end = map(document.get_index_from_location, self.selection)
        above, top = self._place_on_screen()
        for patch in patches:
            backward = end < start
            low, high = (end, start) if backward else (start, end)
            if low == high:
                low = high = follow(high, patch, behind=True)
            else:
                low, high = follow_range(low, high, patch)
            start, end = (high, low) if backward else (low, high)
            top = follow(top, patch, behind=False)
            replaced = document.patch(patch)
            self.marks = [one.past(patch) for one in self.marks]
            if len(patches) < _REWRAP_ALL_FROM:
                self.wrapped_document.wrap_range(*replaced)
        if own:
            start = end = patches[-1].start + len(patches[-1].inserted)
        if len(patches) >= _REWRAP_ALL_FROM:
            self.wrapped_document.wrap(self.wrap_width, self.indent_width)
        self._build_highlight_map()
        locate = document.get_location_from_index
        selection = Selection(locate(start), locate(end))
        # The selection comes before the size: when a scrollbar disappears, TextArea scrolls to the caret.
        if own:
            self.selection = selection
            self._refresh_size()
            self.record_cursor_width()
            self.post_message(self.Changed(self))
        else:
            self.set_reactive(TextArea.selection, selection)  # without scrolling to it
            self._refresh_size()
            self._stay(above, locate(top))
            self.post_message(self.OthersWrote())
        self.refresh()

    def _place_on_screen(self) -> tuple[int | None, int]:
        """Return the caret's screen line (None if it is not visible) and the position of the top line."""
        scrolled = self.scroll_offset.y
        self._recompute_cursor_offset()  # type: ignore[no-untyped-call]
        above = self._cursor_offset[1] - scrolled
        top = self._wrapping.first_shown(scrolled)
        visible = 0 <= above < max(1, self.size.height)
        return above if visible else None, self.note_document.get_index_from_location(top)

    def _stay(self, above: int | None, top: Location) -> None:
        """Scroll so that the visible text does not move."""
        self._recompute_cursor_offset()  # type: ignore[no-untyped-call]
        row = self._wrapping.top_of(top) if above is None else self._cursor_offset[1] - above
        if row != self.scroll_offset.y:
            self.scroll_to(y=row, animate=False, force=True, immediate=True)
        self.record_cursor_width()
        self.place_cursor()

    def place_cursor(self) -> None:
        """Put the terminal's cursor, where input methods open, at the caret if this has the focus."""
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset

    # -- edits of the person

    def action_undo(self) -> None:
        """Undo the person's own last edit."""
        if self.buffer is not None and not self.read_only:
            self.buffer.undo()

    def action_redo(self) -> None:
        """Redo it."""
        if self.buffer is not None and not self.read_only:
            self.buffer.redo()

    def alike(self) -> AbstractContextManager[None]:
        """Let the edits made inside be the same whoever makes them."""
        return super().alike() if self.buffer is None else self.buffer.alike()

    def _end_undo_group(self) -> None:
        if self.buffer is not None:
            self.buffer.end_group()

    def undo(self) -> None:
        """As `action_undo`."""
        self.action_undo()

    def redo(self) -> None:
        """As `action_redo`."""
        self.action_redo()

    def edit(self, edit: Edit) -> EditResult:
        """Make a local edit; full-width link brackets become ASCII ones when they are closed.

        While the editor is `read_only`, because this device may only read the vault, it is refused.
        """
        if self.read_only:
            self.post_message(self.Refused())
            return EditResult(end_location=self.cursor_location, replaced_text="")
        if self.marks:
            document = self.note_document
            start, end = map(document.get_index_from_location, (edit.top, edit.bottom))
            self.marks = [one.past(Patch(start, end - start, edit.text)) for one in self.marks]
        result = super().edit(edit)
        if edit.text.endswith(("】", "］")):
            self._normalise(result.end_location[0])
        return result

    def replace_pieces(self, pieces: Sequence[Patch]) -> None:
        """Replace pieces of the text, given in ascending order, in one undo step; the same whoever does it.

        The caret goes behind the last piece.
        """
        if not pieces or self.buffer is None or self.read_only:
            return
        document = self.note_document
        locate = document.get_location_from_index
        caret = pieces[-1].start + pieces[-1].removed
        with self.buffer.one_group(), self.buffer.alike():
            for patch in reversed(pieces):
                end = patch.start + patch.removed
                document.replace_range(locate(patch.start), locate(end), patch.inserted)
                self.marks = [one.past(patch) for one in self.marks]
                caret = follow(caret, patch, behind=False)
        self.wrapped_document.wrap(self.wrap_width, self.indent_width)
        self._build_highlight_map()
        self.selection = Selection.cursor(locate(caret))
        self._refresh_size()
        self.record_cursor_width()
        self.post_message(self.Changed(self))
        self.refresh()

    def _normalise(self, row: int) -> None:
        for start, removed, inserted in reversed(bracket_edits(self.document.get_line(row))):
            self.replace(inserted, (row, start), (row, start + removed))

    def _replace_via_keyboard(self, insert: str, start: Location, end: Location) -> EditResult | None:
        if insert == "\n" and start == end:
            row, column = start
            enter = on_enter(self.document.get_line(row), column)
            if enter is not None:
                start, insert = (row, enter.start), enter.text
        return super()._replace_via_keyboard(insert, start, end)

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        if self.read_only and (key in _EDITS or (event.is_printable and not key.startswith("alt+"))):
            self.post_message(self.Refused())
        if self.list_open and key in ("up", "down", "enter", "tab", "escape"):
            self.post_message(self.KeyForList(key))
        elif key.startswith("alt+") and event.is_printable:
            # The terminal sends the letter too, but Alt and a letter is never text.
            await self._run_binding(key)
        elif not (key == "tab" and self.indent(1)):
            if event.is_printable or key in ("enter", "tab"):
                return
            if not await self._run_binding(key) and key != "escape":
                return
        event.prevent_default()
        event.stop()

    async def _on_paste(self, event: events.Paste) -> None:
        """Refuse it if this device may only read; otherwise TextArea inserts it."""
        if self.read_only and event.text:
            self.post_message(self.Refused())

    async def _run_binding(self, key: str) -> bool:
        """Run the binding of a key now; return whether there is one.

        Textual would pass the key up to the app first, and letters typed meanwhile would overtake it.
        """
        for binding in self._bindings.key_to_bindings.get(key, ()):
            if binding.id is None:  # other keys can be changed by the person's key map
                return await self.app.run_action(binding.action, self)
        active = self.screen.active_bindings.get(key)
        return active is not None and await self.app.run_action(active.binding.action, active.node)

    async def drained(self) -> None:
        """Wait until every key that has arrived is handled."""
        done = asyncio.Event()
        self.call_later(done.set)
        await done.wait()

    async def idle(self, seconds: float) -> None:
        """Wait until nothing was typed, and the caret has not moved, for this long."""
        before: object = None
        while before != (now := (self.buffer, self.note_document.revision, self.selection)):
            before = now
            await asyncio.sleep(seconds)

    def link_at(self, location: Location) -> WikiLink | None:
        """Return the link at a location."""
        row, column = location
        if self._blocks_now()[row] is not None:
            return None
        links = links_in(self.document.get_line(row))
        return next((link for link in links if link.start <= column <= link.end), None)

    def action_act(self) -> None:
        """Follow the link under the caret; on a task's line elsewhere, tick or untick the task."""
        link = self.link_at(self.cursor_location)
        if link is not None:
            self.post_message(self.Followed(link))
        elif is_task(self.document.get_line(self.cursor_location[0])):
            self.action_toggle_task()

    async def _on_click(self, event: events.Click) -> None:
        # At a triple click, Textual would select what is around the editor: the find bar, for example.
        event.prevent_default()
        location = self.get_target_document_location(event)
        if event.ctrl:
            link = self.link_at(location)
            if link is not None:
                self.post_message(self.Followed(link))
        elif event.chain == 2:
            self.select_word(location)
        elif event.chain == 3:
            self.select_line(location[0])

    def on_resize(self) -> None:
        """Keep the caret visible when a panel opens or the terminal is resized."""
        self.call_after_refresh(self.scroll_cursor_visible)

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:  # noqa: ARG002
        """Return None: highlighting brackets is of little use in prose and would search the whole text."""
        return None
