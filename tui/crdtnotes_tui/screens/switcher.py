"""The quick switcher: opens or creates a note by a few letters of its name."""

from collections.abc import Sequence
from typing import NamedTuple

from crdtnotes.errors import InvalidName
from crdtnotes.markup.names import clean_name, name_key
from crdtnotes.markup.pinyin import pinyin_ranks
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.screens.picker import Answer, Picker

MAX_NOTES = 60


class Chosen(NamedTuple):
    """A note to open; `new` if it must be created."""

    name: str
    new: bool


class Switcher(Picker[Chosen]):
    """Finds notes by name, title and alias; recent ones come first."""

    question = "Open or make a note …"

    def __init__(self, catalogue: Catalogue, recent: Sequence[str]) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._recent = recent

    async def answers(self, query: str) -> Sequence[Answer[Chosen]]:
        """Return the matching notes, and the note that could be created."""
        ways = self._catalogue.find(query, MAX_NOTES, self._recent)
        found = [Answer(Chosen(way.name, False), way.text, way.name if way.is_alias else "") for way in ways]
        try:
            name = clean_name(query)
        except InvalidName:
            return found
        if name in self._catalogue:
            return found
        new = Answer(Chosen(name, True), name, "make this note")
        exact = any(name_key(query) in (way.key, way.title) for way in ways)
        # If a name only contains the letters in this order, creating the note comes first.
        key = name_key(query)
        spelled = pinyin_ranks(key, ((way.key, way.title) for way in ways))
        near = exact or any(key in way.key or way.key in spelled for way in ways)
        return [*found, new] if near else [new, *found]
