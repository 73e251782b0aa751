"""The names of all notes: what a link leads to, and what a few letters may mean."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crdtnotes import NoteNames
from crdtnotes.markup.names import fits, name_key, title_of
from crdtnotes.markup.resolve import Candidate, resolve
from crdtnotes_tui.notes.matching import best


class Way(NamedTuple):
    """One way to a note, its name or an alias, as `text` for a person; `weight` is when the note changed."""

    key: str
    title: str
    text: str
    name: str
    weight: float

    @property
    def is_alias(self) -> bool:
        """Whether this is not the note's own name."""
        return self.text != self.name


class Catalogue:
    """The names, titles and aliases at one moment. It is not changed after it was made."""

    def __init__(self, notes: Sequence[NoteNames] = ()) -> None:
        self.notes = notes
        self.ways: list[Way] = []
        self._present = _Ways()
        self._former = _Ways()
        for note in notes:
            key = name_key(note.name)
            self.ways.append(Way(key, title_of(key), note.name, note.name, note.modified))
            self._present.add(key, note.name)
            self._present.names[key] = note.name
            for alias in note.aliases:
                alias_key = name_key(alias)
                self.ways.append(Way(alias_key, title_of(alias_key), alias, note.name, note.modified))
                self._present.add(alias_key, note.name)
            for former in note.former:
                self._former.add(former, note.name)

    def __contains__(self, name: str) -> bool:
        return name_key(name) in self._present.names

    def resolve(self, target: str, holder: str) -> str | None:
        """Return the name of the note that a target, written in the note `holder`, leads to."""
        if not fits(target):
            return None
        return resolve(target, holder, self._present) or resolve(target, holder, self._former)

    def find(self, query: str, limit: int, recent: Sequence[str] = ()) -> list[Way]:
        """Return the best ways for a query, a note only once; recent notes first where nothing is asked."""
        found: dict[str, Way] = {}
        if not query.strip():
            for name in recent:
                full = self._present.names.get(name_key(name))
                if full is not None and full not in found:
                    found[full] = Way("", "", full, full, 0)
            ways = best("", (way for way in self.ways if not way.is_alias), limit)
        else:
            ways = best(query, self.ways, 3 * limit)
        for way in ways:
            found.setdefault(way.name, way)
        return list(found.values())[:limit]

    def spelling(self, way: Way, holder: str) -> str:
        """Return the shortest target that, written in `holder`, leads where a way leads."""
        if way.is_alias and self.resolve(way.text, holder) == way.name:
            return way.text
        title = title_of(way.name)
        return title if self.resolve(title, holder) == way.name else way.name


class _Ways:
    """Ways by the key of their title, as `resolve` asks for them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._titles: dict[str, list[Candidate]] = {}

    def add(self, key: str, name: str) -> None:
        self._titles.setdefault(title_of(key), []).append(Candidate(key, name))

    def exact(self, key: str) -> str | None:
        return self.names.get(key)

    def candidates(self, title_key: str) -> Iterable[Candidate]:
        return self._titles.get(title_key, ())
