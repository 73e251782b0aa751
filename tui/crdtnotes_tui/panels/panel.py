"""The base class of every panel.

A new panel touches two places: its module, and `PANELS` in `panels/__init__.py`. Its place on the screen, its
key, its entries in the palette and in the help, closing, and updates follow from what the class declares.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, Flag, auto
from typing import ClassVar

from textual import work
from textual.widget import Widget

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import Failed


class Side(Enum):
    """Where a panel is shown."""

    LEFT = "left"
    RIGHT = "right"
    BELOW = "below"
    """Under the text."""
    INSTEAD = "instead"
    """In place of the text."""


class Change(Flag):
    """What can make the content of a panel outdated."""

    SHOWN = auto()
    """The panel was closed and is open now; each panel is told so."""
    NOTE = auto()
    """Another note is open."""
    NAMES = auto()
    """Notes were created, renamed or deleted, or got other aliases."""
    NOTES = auto()
    """Something was committed to the vault."""
    TEXT = auto()
    """The person edited the open note and has paused."""
    REVIEW = auto()
    """The open note was looked through for what was written apart."""
    CARET = auto()
    """The caret moved."""


class Panel(Widget):
    """A widget that shows something about the open note.

    Styles of the panel itself are its `DEFAULT_CSS`. A class that also derives from a widget of Textual names
    that one first, `class OutlinePanel(OptionList, Panel)`: Textual takes styles from the first base only.
    A panel is created without arguments; `Panes` then calls `attach`.
    """

    NAME: ClassVar[str]
    """The widget's id."""
    KEY: ClassVar[str]
    """The key that opens and closes it."""
    DESCRIPTION: ClassVar[str]
    """The description of the key in the help and the palette."""
    SIDE: ClassVar[Side]
    ON_TOP: ClassVar[bool] = False
    """Whether it lies above the other panels of its side."""
    FOLLOWS: ClassVar[Change]
    """The changes after which an open panel is updated. A closed one is never updated."""

    editor: NoteEditor
    workspace: Workspace

    def attach(self, editor: NoteEditor, workspace: Workspace) -> None:
        """Take in the text to follow and the vault to ask."""
        self.editor = editor
        self.workspace = workspace

    def update_panel(self, change: Change) -> None:
        """Bring an open panel up to date after a change; by default this runs `fetch`."""
        del change
        self._update()

    def leave(self) -> None:
        """Do what is to be done when this is closed; the text, if this was in its place, is shown next."""

    async def fetch(self, buffer: Buffer) -> None:
        """Show what belongs to the open note, asking the vault by `workspace.thread.run`.

        A later update cancels one that is under way. The sentence of a CrdtnotesError is shown to the person.
        """
        raise NotImplementedError

    @work(exclusive=True, group="update")
    async def _update(self) -> None:
        buffer = self.editor.buffer
        if buffer is not None:
            with self.errors_shown():
                await self.fetch(buffer)

    @contextmanager
    def errors_shown(self) -> Iterator[None]:
        """Show the sentence of a CrdtnotesError instead of raising it."""
        try:
            yield
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
