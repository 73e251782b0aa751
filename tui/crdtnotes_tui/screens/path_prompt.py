"""Asks for the path of a file or a folder, and completes it."""

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from crdtnotes.graph.labels import printable
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.screens.modal import Modal
from crdtnotes_tui.text.path_completion import complete_path, full_path

MAX_SHOWN = 6
"""Names that are listed below the line."""


class PathPrompt(Modal[str | None]):
    """A question for a path; its result is the path, with `~` replaced, or None."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("tab", "complete", "Complete the path", show=False, priority=True),
    ]

    def __init__(self, question: str, path: str = "", *, folders_only: bool = True) -> None:
        super().__init__()
        self._question = question
        self._path = path
        self._folders_only = folders_only
        self._names = Static(id="path-names", markup=False)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="prompt"):
            yield Label(self._question, markup=False)
            yield LineInput(self._path, select_on_focus=False, id="question")
            yield self._names

    def on_mount(self) -> None:
        """Show what there is to choose from."""
        self._look(self._path)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show how the path may go on."""
        self._look(event.value)

    @work(exclusive=True, group="names")
    async def _look(self, typed: str) -> None:
        found = await asyncio.to_thread(complete_path, typed, folders_only=self._folders_only)
        shown = "  ".join(map(printable, found.names[:MAX_SHOWN]))
        more = len(found.names) - MAX_SHOWN
        if not found.names:
            shown = "No folder here begins with that." if self._folders_only and typed[-1:] != "/" else ""
        self._names.update(f"{shown}  and {more:,} more" if more > 0 else shown)

    @work(exclusive=True, group="complete")
    async def action_complete(self) -> None:
        """Complete the path as far as it is certain."""
        line = self.query_one(LineInput)
        typed = line.value
        found = await asyncio.to_thread(complete_path, typed, folders_only=self._folders_only)
        if line.value == typed and found.text != typed:
            line.value = found.text
            line.cursor_position = len(found.text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the path."""
        self.dismiss(full_path(event.value) or None)
