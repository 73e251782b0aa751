"""Which name each note shows, and which names lead to it.

A note's *base* name is the value of its register. If several existing notes have the same base key, the
one with the smallest id shows it and the others show `Z (2)`, `Z (3)` …, skipping every number that is
itself some note's base name. So shown names depend only on the set of ids and base names.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

from crdtnotes.errors import Damaged
from crdtnotes.markup.kinds import KIND_ALIAS
from crdtnotes.markup.names import folder_of, name_key, title_of
from crdtnotes.markup.resolve import DEPENDS as _DEPENDS
from crdtnotes.markup.resolve import Candidate, resolve, resolve_anywhere
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.note_facts import Facts

NAME, ALIAS, FORMER = 0, 1, 2
"""How a name leads to a note: as the name it shows, an alias, or a name that it once had."""

_Row = tuple[str, str, int]
"""`(key of the title, key, rank)`: one name that leads to a note."""

_STAMPED: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("SELECT group_concat(id || ' ' || name, char(10)) FROM notes WHERE name IS NOT NULL", ()),
    ("SELECT group_concat(note || ' ' || key, char(10)) FROM names WHERE rank = ?", (FORMER,)),
    (
        """SELECT group_concat(note || ' ' || value, char(10)) FROM links JOIN elements ON id = element
           WHERE kind = ?""",
        (KIND_ALIAS,),
    ),
    (
        """SELECT group_concat(note || ' ' || element || ' ' || target, char(10))
           FROM notes CROSS JOIN links ON target = notes.id WHERE name != base""",
        (),
    ),
)

_DAMAGED = "The names in the vault's file are damaged; run `crdtnotes repair`."

_NUMBERED = re.compile(r"(.+) \(\d+\)", re.DOTALL)


class NameIndex:
    """The names of all notes. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.dirty_titles: set[str] = set()
        self.dirty_holders: set[int] = set()
        self._dirty_bases: set[str] = set()
        self._dirty_notes: dict[int, Facts] = {}
        self._added: set[int] = set()  # those of the dirty notes that have no rows in the index yet
        self.changed = False
        """Whether a shown name, an alias or a former name has changed since somebody reset it."""

    def forget(self) -> None:
        """Drop the pending updates: the transaction was rolled back."""
        self.dirty_titles.clear()
        self.dirty_holders.clear()
        self._dirty_bases.clear()
        self._dirty_notes.clear()
        self._added.clear()

    def place(self, id: int, base: str, alive: bool) -> bool:
        """Set a note's base name and whether it exists; return whether either changed."""
        key = name_key(base)
        old_key, old_base, was = self._conn.execute(
            "SELECT base_key, base, alive FROM notes WHERE id = ?", (id,)
        ).fetchone()
        if (base, alive) != (old_base, bool(was)):
            self._conn.execute(
                "UPDATE notes SET base = ?, base_key = ?, alive = ? WHERE id = ?", (base, key, alive, id)
            )
            self._dirty_bases |= {old_key, key}
            return True
        return False

    def add(self, id: int, facts: Facts) -> None:
        """Set the names that lead to a note that was just added."""
        self._dirty_bases.add(name_key(facts.base))
        self._dirty_notes[id] = facts
        self._added.add(id)

    def update(self, id: int, facts: Facts) -> None:
        """Set the names that lead to a note; call `place` for the note first."""
        self._dirty_notes[id] = facts

    def flush(self, before_move: Callable[[int], None]) -> None:
        """Bring the shown names and the index up to date with the calls of `place`, `add` and `update`.

        `before_move` is called with each note whose shown name is about to change.
        """
        moved = self._show(before_move)
        shown = dict(
            rows_for(self._conn, "SELECT id, name FROM notes", "id", self._dirty_notes.keys() - moved.keys())
        )
        shown |= moved
        fresh: list[tuple[str, int, str, int]] = []
        for id, facts in self._dirty_notes.items():
            before = set() if id in self._added else self._rows(id)
            fresh += self._rewrite(id, before, _ways_to(shown[id], facts), moved=id in moved)
        for id in moved.keys() - self._dirty_notes.keys():
            before = self._rows(id)
            ways = {row for row in before if row[2] != NAME}
            name = moved[id]
            if name is not None:
                ways.add(_row(name, NAME))
            fresh += self._rewrite(id, before, ways, moved=True)
        self._conn.executemany("INSERT INTO names VALUES (?, ?, ?, ?)", sorted(fresh))
        self.changed |= bool(moved or fresh)
        self._dirty_notes.clear()
        self._added.clear()

    def resolver(self) -> "Resolver":
        """Return what resolves targets as things stand now; it serves one transaction."""
        return Resolver(self._conn)

    def is_shown(self, key: str) -> bool:
        """Whether a note shows the name with this key, according to this index."""
        row = self._conn.execute(
            "SELECT 1 FROM names WHERE title_key = ? AND key = ? AND rank = ?", (title_of(key), key, NAME)
        ).fetchone()
        return row is not None

    def titles_of_aliases(self) -> set[str]:
        """Return the keys of the titles that are aliases of notes."""
        rows = self._conn.execute("SELECT DISTINCT title_key FROM names WHERE rank = ?", (ALIAS,))
        return {title for (title,) in rows}

    def aliases(self) -> dict[int, list[str]]:
        """Return each note's aliases as they are written."""
        return _grouped(
            self._conn.execute(
                "SELECT note, value FROM links JOIN elements ON id = element WHERE kind = ? ORDER BY value",
                (KIND_ALIAS,),
            )
        )

    def stamp(self) -> bytes:
        """Return a hash (16 bytes) of shown names, aliases as written, former names, and links to namesakes.

        SQLite does nearly all of the work, during which other threads can run: in a large vault that takes a
        tenth of the time of reading the names.
        """
        stamp = blake2b(digest_size=16)
        for query, values in _STAMPED:
            (found,) = self._conn.execute(query, values).fetchone()
            stamp.update((found or "").encode(errors="surrogatepass") + b"\0")
        return stamp.digest()

    def aliases_of(self, id: int) -> list[str]:
        """Return one note's aliases as they are written."""
        rows = self._conn.execute(
            """SELECT value FROM links JOIN elements ON id = element
               WHERE note = ? AND kind = ? ORDER BY value""",
            (id, KIND_ALIAS),
        )
        return [value for (value,) in rows]

    def former(self) -> dict[int, list[str]]:
        """Return the keys of the names that each note once had."""
        return _grouped(
            self._conn.execute("SELECT note, key FROM names WHERE rank = ? ORDER BY key", (FORMER,))
        )

    def _show(self, before_move: Callable[[int], None]) -> dict[int, str | None]:
        """Recompute the shown names of every group that changed; return the notes' new names."""
        bases = self._dirty_bases | {
            match[1] for key in self._dirty_bases if (match := _NUMBERED.fullmatch(key))
        }
        self._dirty_bases = set()
        groups: dict[str, list[_Shown]] = {key: [] for key in sorted(bases)}
        for key, *note in rows_for(
            self._conn, "SELECT base_key, uid, id, base, name, alive FROM notes", "base_key", groups
        ):
            shown = _Shown(*note)
            if not isinstance(shown.uid, bytes):  # a damaged file can hold anything
                raise Damaged(_DAMAGED)
            groups[key].append(shown)
        moved: dict[int, str | None] = {}
        left: list[tuple[int]] = []
        for group in groups.values():
            for id, name, wanted in self._wanted(group):
                if name != wanted:
                    moved[id] = wanted
                    if name is not None:
                        before_move(id)
                        left.append((id,))
        # First remove all old names, then set all new ones: notes may swap names, and keys are unique.
        self._conn.executemany("UPDATE notes SET name = NULL, key = NULL WHERE id = ?", left)
        self._conn.executemany(
            "UPDATE notes SET name = ?, key = ? WHERE id = ?",
            [(name, name_key(name), id) for id, name in moved.items() if name is not None],
        )
        self.dirty_holders.update(moved)
        return moved

    def _wanted(self, group: "list[_Shown]") -> Iterator[tuple[int, str | None, str | None]]:
        """Yield `(note, present name, name to show)` for every note with one base key."""
        number = 0
        for _, id, base, shown, alive in sorted(group, key=itemgetter(0)):
            wanted = None
            if alive:
                number += 1
                if number > 1:
                    while self._is_base(name_key(f"{base} ({number})")):
                        number += 1
                wanted = base if number == 1 else f"{base} ({number})"
            yield id, shown, wanted

    def _is_base(self, key: str) -> bool:
        return (
            self._conn.execute("SELECT 1 FROM notes WHERE base_key = ? AND alive LIMIT 1", (key,)).fetchone()
            is not None
        )

    def _rows(self, id: int) -> set[_Row]:
        return set(self._conn.execute("SELECT title_key, key, rank FROM names WHERE note = ?", (id,)))

    def _rewrite(
        self, id: int, before: set[_Row], rows: set[_Row], *, moved: bool
    ) -> Iterator[tuple[str, int, str, int]]:
        """Replace the rows of a note; yield the rows to insert, after all deletions are done."""
        if before != rows:
            if before:
                self._conn.execute("DELETE FROM names WHERE note = ?", (id,))
            for title, key, rank in rows:
                yield title, id, key, rank
        if before != rows or moved:  # among several candidates their names decide, including their case
            self.dirty_titles.update(title for title, _, _ in before | rows)


class _Shown(NamedTuple):
    """A note of a group, with the name that it shows."""

    uid: bytes
    id: int
    base: str
    name: str | None
    alive: int


def _ways_to(name: str | None, facts: Facts) -> set[_Row]:
    """Return the names that lead to a note that shows this name."""
    if name is None:
        return set()
    rows = {_row(value, FORMER) for value in facts.past}
    rows.update(_row(value, ALIAS) for kind, value in facts.links if kind == KIND_ALIAS)
    rows.add(_row(name, NAME))
    return rows


def _grouped(rows: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    result: dict[int, list[str]] = {}
    for note, value in rows:
        result.setdefault(note, []).append(value)
    return result


def _row(name: str, rank: int) -> _Row:
    key = name_key(name)
    return title_of(key), key, rank


DEPENDS = -1
"""Returned by `Resolver.anywhere` if the target depends on the holder; no note has this row id."""


class Resolver:
    """Resolves link targets by the present names; caches results, so it is valid for one transaction.

    Former names of notes count only if no present name and no alias matches.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._titles: dict[str, list[_Way]] = {}
        self._anywhere: dict[str, int | None] = {}
        self._found: dict[tuple[str, str], int | None] = {}

    def resolve(self, target: str, holder: str) -> int | None:
        """Return the row of the note that `target`, written in the note `holder`, leads to."""
        title = title_of(name_key(target))
        found = self.anywhere(target, title)
        if found != DEPENDS:
            return found
        # Only the holder's folder matters.
        place = (target, folder_of(holder))
        if place in self._found:
            return self._found[place]
        found = None
        for names in _tiers(self._ways(title)):
            name = resolve(target, holder, names)
            if name is not None:
                found = names.ids[name]
                break
        self._found[place] = found
        return found

    def anywhere(self, target: str, title: str) -> int | None:
        """Return the row of the note to which `target` leads; DEPENDS if that depends on the holder.

        `title` is the key of the target's title.
        """
        if target in self._anywhere:
            return self._anywhere[target]
        found = self._anywhere[target] = _anywhere(target, self._ways(title))
        return found

    def prepare(self, titles: Iterable[str]) -> None:
        """Look up these titles together."""
        missing = [title for title in titles if title not in self._titles]
        for title in missing:
            self._titles[title] = []
        rows = rows_for(
            self._conn,
            "SELECT title_key, names.key, name, id, rank FROM names JOIN notes ON note = id",
            "title_key",
            missing,
        )
        for title, *way in rows:
            ways = self._titles.get(title)
            if ways is None:
                raise Damaged(_DAMAGED)
            ways.append(_Way(*way))

    def _ways(self, title: str) -> "list[_Way]":
        if title not in self._titles:
            self.prepare((title,))
        return self._titles[title]


class _Way(NamedTuple):
    """One name that leads to a note: its key, the note's shown name, the note's row, and the name's rank."""

    key: str
    name: str
    id: int
    rank: int


class _Names:
    """The names that lead to notes by one title."""

    __slots__ = ("_candidates", "_exact", "ids")

    def __init__(self, ways: Iterable[_Way]) -> None:
        self.ids: dict[str, int] = {}
        self._exact: dict[str, str] = {}
        self._candidates: list[Candidate] = []
        for key, name, id, rank in ways:
            self.ids[name] = id
            self._candidates.append(Candidate(key, name))
            if rank == NAME:
                self._exact[key] = name

    def exact(self, key: str) -> str | None:
        return self._exact.get(key)

    def candidates(self, title_key: str) -> Iterable[Candidate]:  # noqa: ARG002 - they all have it
        return self._candidates


def _tiers(ways: list[_Way]) -> tuple[_Names, _Names]:
    """Return the names by present names and aliases, and those by former names."""
    return (
        _Names(way for way in ways if way.rank != FORMER),
        _Names(way for way in ways if way.rank == FORMER),
    )


def _anywhere(target: str, ways: list[_Way]) -> int | None:
    if not ways:
        return None
    if "/" not in target and len({way.id for way in ways}) == 1:
        return ways[0].id  # by far the most common case
    for names in _tiers(ways):
        name = resolve_anywhere(target, names)
        if name is not None:
            return DEPENDS if name == _DEPENDS else names.ids[name]
    return None
