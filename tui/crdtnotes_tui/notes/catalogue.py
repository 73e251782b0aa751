"""The names of all notes: resolves link targets, and finds names by a few letters."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crdtnotes import NoteNames
from crdtnotes.markup.names import fits, name_key, title_of
from crdtnotes.markup.resolve import Candidate, resolve
from crdtnotes_tui.notes.matching import best

_ALIAS_BEHIND = 1e15
"""How much an alias weighs less than a name; more than any time in ms."""


class Way(NamedTuple):
    """A name or alias of a note, displayed as `text`; `weight` is the time of the note's last change."""

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
    """The names, titles and aliases of all notes at one time; immutable."""

    def __init__(self, notes: Sequence[NoteNames] = ()) -> None:
        self.notes = notes
        self.ways: list[Way] = []
        self._present = _Ways()
        self._former = _Ways()
        self._elsewhere: dict[tuple[str, str], str] = {}
        for note in notes:
            key = name_key(note.name)
            self.ways.append(Way(key, title_of(key), note.name, note.name, note.modified))
            self._present.add(key, note.name)
            self._present.names[key] = note.name
            for alias in note.aliases:
                alias_key = name_key(alias)
                # Of two names that match equally well, a note's own one comes first.
                self.ways.append(
                    Way(alias_key, title_of(alias_key), alias, note.name, note.modified - _ALIAS_BEHIND)
                )
                self._present.add(alias_key, note.name)
            self._elsewhere.update(((note.name, target), name) for target, name in note.elsewhere)
            for former in note.former:
                self._former.add(former, note.name)

    def __contains__(self, name: str) -> bool:
        return name_key(name) in self._present.names

    def resolve(self, target: str, holder: str) -> str | None:
        """Return the name of the note that a target in the note `holder` leads to; None if it dangles."""
        if not fits(target):
            return None
        if (meant := self._elsewhere.get((holder, target.strip()))) is not None:
            return meant
        return resolve(target, holder, self._present) or resolve(target, holder, self._former)

    def find(self, query: str, limit: int, recent: Sequence[str] = ()) -> list[Way]:
        """Return the best ways for a query, one per note; for an empty query, recent notes come first."""
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
        """Return the shortest target that, written in `holder`, leads to the note of a way."""
        if way.is_alias and self.resolve(way.text, holder) == way.name:
            return way.text
        title = title_of(way.name)
        return title if self.resolve(title, holder) == way.name else way.name


class _Ways:
    """Ways by the key of their title, as `resolve` needs them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._titles: dict[str, list[Candidate]] = {}

    def add(self, key: str, name: str) -> None:
        self._titles.setdefault(title_of(key), []).append(Candidate(key, name))

    def exact(self, key: str) -> str | None:
        return self.names.get(key)

    def candidates(self, title_key: str) -> Iterable[Candidate]:
        return self._titles.get(title_key, ())
