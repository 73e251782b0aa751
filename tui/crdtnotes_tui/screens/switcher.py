"""The quick switcher: opens or creates a note by a few letters of its name."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from textual import work
from textual.binding import Binding

from crdtnotes.errors import InvalidName
from crdtnotes.markup.names import clean_name
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.screens.picker import Answer, Picker

MAX_NOTES = 60

MAKE_KEY = "^n"
"""The key that creates a note, as it is shown."""


class Chosen(NamedTuple):
    """A note to open; `new` if it must be created."""

    name: str
    new: bool


class Switcher(Picker[Chosen]):
    """Finds notes by name, title and alias; recent ones come first."""

    BINDINGS = [Binding("ctrl+n", "make", "Make the note that is typed", show=False)]

    question = "Open or make a note …"

    def __init__(self, known: Callable[[], Awaitable[Catalogue]], recent: Sequence[str]) -> None:
        """`known` returns the names of the notes; soon after the start it waits until they are read."""
        super().__init__()
        self._known = known
        self._recent = recent

    async def answers(self, query: str) -> Sequence[Answer[Chosen]]:
        """Return the matching notes, and the note that could be created."""
        catalogue = await self._known()
        ways = catalogue.find(query, MAX_NOTES, self._recent)
        found = [Answer(Chosen(way.name, False), way.text, way.name if way.is_alias else "") for way in ways]
        try:
            name = clean_name(query)
        except InvalidName:
            return found
        if name in catalogue:
            return found
        how = f"{MAKE_KEY} makes this note" if found else "make this note"
        return [*found, Answer(Chosen(name, True), name, how)]

    @work(group="picking")
    async def action_make(self) -> None:
        """Create the note that is typed, whatever is highlighted; open it if there is one."""
        with suppress(InvalidName):
            name = clean_name(self.typed)
            self.dismiss(Chosen(name, name not in await self._known()))
