"""Keys that work on lines and on the whole text: indent, tick tasks, select, go to both ends."""

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext

from textual.binding import Binding

from crdtnotes_tui.editor.caret_motion import CaretMotion
from crdtnotes_tui.text.list_editing import indent_of, toggled


class LineActions(CaretMotion):
    """A TextArea with these keys."""

    BINDINGS = [
        Binding("alt+k,ctrl+space", "toggle_task", "Tick the task, or make it one", id="task"),
        Binding("shift+tab", "outdent", "Outdent", show=False, id="outdent"),
        Binding("ctrl+a", "select_all", "Select all", show=False, id="select-all"),
        Binding("ctrl+home,alt+less_than_sign", "note_start", "Start of the note", show=False, id="start"),
        Binding("ctrl+end,alt+greater_than_sign", "note_end", "End of the note", show=False, id="end"),
        Binding("ctrl+shift+home", "note_start(True)", "Select to the start of the note", show=False),
        Binding("ctrl+shift+end", "note_end(True)", "Select to the end of the note", show=False),
    ]

    def free_keys(self, keys: Collection[str]) -> None:
        """Let these keys no longer be those of TextArea, so that they are free for commands."""
        bound = self._bindings.key_to_bindings
        for key in keys:
            if all(binding.id is None for binding in bound.get(key, ())):
                bound.pop(key, None)

    def alike(self) -> AbstractContextManager[None]:
        """Let the edits made inside be those of a command, which are the same whoever gives it."""
        return nullcontext()

    def action_outdent(self) -> None:
        """Outdent the lines of the selection."""
        self.indent(-1)

    def indent(self, direction: int) -> bool:
        """Indent or outdent the lines of the selection; return False if Tab should insert spaces instead."""
        (first, _), (last, _) = sorted(self.selection)
        several = first != last
        rows = [
            row
            for row in range(first, last + 1)
            if several or indent_of(self.document.get_line(row)) is not None
        ]
        if not rows and direction > 0:
            return False
        with self.alike():
            for row in rows or range(first, last + 1):
                line = self.document.get_line(row)
                width = indent_of(line) or self.indent_width
                if direction > 0:
                    self.insert(" " * width, (row, 0))
                else:
                    spaces = len(line) - len(line.lstrip(" \t"))
                    self.delete((row, 0), (row, min(spaces, width)))
        return True

    def action_toggle_task(self) -> None:
        """Tick or untick the task of the caret's line, or turn the list item into a task."""
        row, _ = self.cursor_location
        edit = toggled(self.document.get_line(row))
        if edit is not None:
            start, end, text = edit
            with self.alike():
                self.replace(text, (row, start), (row, end))

    def action_note_start(self, select: bool = False) -> None:
        """Go to the start of the note, or select to there."""
        self.move_cursor(self.document.start, select=select)

    def action_note_end(self, select: bool = False) -> None:
        """Go to the end of the note, or select to there."""
        self.move_cursor(self.document.end, select=select)
