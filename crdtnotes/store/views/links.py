"""The link graph as rows: each existing note's links, and the note that each link leads to.

`target` is stored, not looked up on reading: it is computed again for the links whose title changed its
meaning, and for the links of a note that moved. So the cost of reading backlinks is proportional to their
number.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from crdtnotes.crdt.ops import Element
from crdtnotes.markup.kinds import KIND_ALIAS, KIND_TAG
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.names import DEPENDS, Resolver
from crdtnotes.store.views.namesakes import Namesakes

MAX_CACHED_ELEMENTS = 50_000
"""The most elements whose rows and targets are kept in memory."""


class _Place(NamedTuple):
    """An element's row, the key of the title that it names, and the note to which it leads.

    That note is DEPENDS if it depends on the note that contains the link.
    """

    id: int
    title: str | None
    target: int | None


class LinkIndex:
    """The links of all notes. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection, namesakes: Namesakes) -> None:
        self._conn = conn
        self._namesakes = namesakes
        self._fresh: dict[int, dict[Element, int]] = {}  # rows to write, by note
        self._places: dict[Element, _Place] = {}
        self.changed = False
        """Whether a note's links have changed since somebody reset it."""

    def forget(self) -> None:
        """Drop the pending rows and the cache: the transaction was rolled back."""
        self._fresh.clear()
        self._places.clear()

    def refresh(self) -> None:
        """Drop the cache: another process has written, so links may lead elsewhere."""
        self._places.clear()

    def add(self, id: int, links: Mapping[Element, int]) -> None:
        """Set the links of a note that has no rows yet; the following call of `flush` writes them."""
        self._fresh[id] = dict(links)
        self.changed |= bool(links)

    def update(self, id: int, links: Mapping[Element, int]) -> bool:
        """Make a note's rows match its link set; a note that does not exist has none.

        The following call of `flush` writes the new rows. Returns whether an alias was added or removed.
        """
        before = {
            (kind, value): (element, count)
            for element, kind, value, count in self._conn.execute(
                "SELECT element, kind, value, count FROM links JOIN elements ON id = element WHERE note = ?",
                (id,),
            )
        }
        gone = [(id, before[element][0]) for element in before.keys() - links.keys()]
        self._conn.executemany("DELETE FROM links WHERE note = ? AND element = ?", gone)
        self._fresh[id] = {element: count for element, count in links.items() if element not in before}
        for element, count in links.items():
            if element in before and before[element][1] != count:
                self._conn.execute(
                    "UPDATE links SET count = ? WHERE note = ? AND element = ?",
                    (count, id, before[element][0]),
                )
        differing = before.keys() ^ links.keys()
        self.changed |= bool(differing)
        return any(kind == KIND_ALIAS for kind, _ in differing)

    def flush(self, titles: Collection[str], holders: Collection[int]) -> None:
        """Write the new rows, and resolve again the links with these titles and the links of these notes."""
        if not (titles or holders or self._fresh):
            return
        resolver = Resolver(self._conn)
        self._resolve_again(resolver, titles, holders)
        self._write_fresh(resolver)
        self._fresh.clear()
        if len(self._places) > MAX_CACHED_ELEMENTS:
            self._places.clear()

    def _resolve_again(self, resolver: Resolver, titles: Collection[str], holders: Collection[int]) -> None:
        """Resolve again the links with these titles and the links of these notes."""
        elements = list(
            rows_for(self._conn, "SELECT id, kind, value, title_key FROM elements", "title_key", titles)
        )
        resolver.prepare({title for *_, title in elements})
        # The targets of very few links depend on the note that contains them: the others are set all at once.
        places = {
            (kind, value): _Place(id, title, self._anywhere(resolver, value, title))
            for id, kind, value, title in elements
        }
        self._conn.executemany(
            "UPDATE links SET target = ? WHERE element = ? AND target IS NOT ?",
            [(target, id, target) for id, _, target in places.values() if target != DEPENDS],
        )
        self._places.update((element, place) for element, place in places.items() if element in self._places)
        singly = [id for id, _, target in places.values() if target == DEPENDS]
        rows = {
            row
            for column, values in (("element", singly), ("note", holders))
            for row in rows_for(
                self._conn,
                """SELECT note, element, value, target, title_key, name FROM links
                   JOIN elements ON elements.id = element JOIN notes ON notes.id = note""",
                column,
                values,
            )
            if row[4] is not None
        }
        resolver.prepare({row[4] for row in rows})
        self._conn.executemany(
            "UPDATE links SET target = ? WHERE note = ? AND element = ?",
            [
                (found, note, element)
                for note, element, value, target, _, name in rows
                if (found := self._lead(resolver, value, note, name)) != target
            ],
        )

    def _write_fresh(self, resolver: Resolver) -> None:
        """Write the new rows, ordered by key."""
        self._place(resolver, {element for links in self._fresh.values() for element in links})
        places = self._places
        rows: list[tuple[int, int, int, int | None]] = []
        singly: list[tuple[int, str, int, int]] = []
        titles: set[str] = set()
        for note, links in sorted(self._fresh.items()):
            own: list[tuple[int, int, int, int | None]] = []
            for element, count in links.items():
                id, title, target = places[element]
                if target == DEPENDS and title is not None:
                    singly.append((note, element[1], id, count))
                    titles.add(title)
                else:
                    own.append((note, id, count, target))
            own.sort()
            rows += own
        if singly:
            resolver.prepare(titles)
            names = dict(rows_for(self._conn, "SELECT id, name FROM notes", "id", {row[0] for row in singly}))
            rows += [
                (note, id, count, self._lead(resolver, value, note, names[note]))
                for note, value, id, count in singly
            ]
        self._conn.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", rows)

    def _place(self, resolver: Resolver, elements: Collection[Element]) -> None:
        """Make sure that these elements have rows, and cache their rows and targets."""
        unknown = {element for element in elements if element not in self._places}
        found = {
            (kind, value): (id, title)
            for id, kind, value, title in rows_for(
                self._conn,
                "SELECT id, kind, value, title_key FROM elements",
                "value",
                {value for _, value in unknown},
            )
        }
        new = sorted(unknown - found.keys())
        if new:
            (last,) = self._conn.execute("SELECT ifnull(max(id), 0) FROM elements").fetchone()
            added = [(id, *element, _title_key(element)) for id, element in enumerate(new, last + 1)]
            self._conn.executemany("INSERT INTO elements VALUES (?, ?, ?, ?)", added)
            found.update(((kind, value), (id, title)) for id, kind, value, title in added)
        resolver.prepare({title for _, title in found.values() if title is not None})
        for element, (id, title) in found.items():
            target = None if title is None else self._anywhere(resolver, element[1], title)
            self._places[element] = _Place(id, title, target)

    def _anywhere(self, resolver: Resolver, value: str, title: str) -> int | None:
        """Return the note to which a target leads in every note; DEPENDS if that depends on the note."""
        found = resolver.anywhere(value, title)
        return DEPENDS if self._namesakes.shares(found, value) else found

    def _lead(self, resolver: Resolver, value: str, holder: int, name: str) -> int | None:
        """Return the note to which a target leads in the note in a row, which shows this name."""
        return self._namesakes.meant(resolver.resolve(value, name), value, holder)

    # -- reading

    def of_note(self, id: int) -> list[tuple[str, str, int, str | None]]:
        """Return a note's links as `(kind, value, count, name of the note it leads to)`."""
        return self._conn.execute(
            """SELECT kind, value, count, notes.name FROM links JOIN elements ON elements.id = element
               LEFT JOIN notes ON notes.id = target
               WHERE note = ? AND title_key IS NOT NULL ORDER BY kind, value""",
            (id,),
        ).fetchall()

    def holders(self, id: int) -> list[tuple[int, bytes, str]]:
        """Return the notes with a link that leads to this one as `(row, uid, name)`, by name."""
        return self._conn.execute(
            """SELECT DISTINCT notes.id, uid, name FROM links JOIN notes ON notes.id = note
               WHERE target = ? ORDER BY notes.key""",
            (id,),
        ).fetchall()

    def to_note(self, id: int) -> list[tuple[str, str, int]]:
        """Return the links of other notes that lead to this one as `(name, kind, count)`."""
        return self._conn.execute(
            """SELECT name, kind, sum(count) FROM links JOIN elements ON elements.id = element
               JOIN notes ON notes.id = note
               WHERE target = ? AND note != target GROUP BY note, kind ORDER BY notes.key, kind""",
            (id,),
        ).fetchall()

    def targets_of(self, id: int) -> dict[Element, int | None]:
        """Return to which note each link of a note leads."""
        rows = self._conn.execute(
            """SELECT kind, value, target FROM links JOIN elements ON elements.id = element
               WHERE note = ? AND title_key IS NOT NULL""",
            (id,),
        )
        return {(kind, value): target for kind, value, target in rows}

    def holders_by_title(self, titles: Iterable[str]) -> list[int]:
        """Return the notes with links whose targets have one of these titles and lead to a note."""
        elements = [id for (id,) in rows_for(self._conn, "SELECT id FROM elements", "title_key", set(titles))]
        if not elements:
            return []
        rows = rows_for(self._conn, "SELECT note, target FROM links", "element", elements)
        return sorted({note for note, target in rows if target is not None})

    def values_to(self, holder: int, id: int) -> set[tuple[str, str]]:
        """Return the `(kind, value)` links of one note that lead to another."""
        return set(
            self._conn.execute(
                "SELECT kind, value FROM links JOIN elements ON id = element WHERE note = ? AND target = ?",
                (holder, id),
            )
        )

    def edges(self) -> list[tuple[str, str, str, int, str | None]]:
        """Return every link as `(name, kind, value, count, name of the note it leads to)`."""
        return self._conn.execute(
            """SELECT a.name, kind, value, count, b.name
               FROM links JOIN elements ON elements.id = element JOIN notes a ON a.id = note
               LEFT JOIN notes b ON b.id = target
               WHERE title_key IS NOT NULL ORDER BY a.key, kind, value"""
        ).fetchall()

    def tags(self) -> list[tuple[str, int]]:
        """Return every tag with the number of its notes, by tag; tags are compared without case."""
        notes: dict[str, tuple[str, set[int]]] = {}
        for value, note in self.tagged():
            notes.setdefault(name_key(value), (value, set()))[1].add(note)
        return [(value, len(ids)) for _, (value, ids) in sorted(notes.items())]

    def tagged(self) -> list[tuple[str, int]]:
        """Return each tag of each note as `(tag, row of the note)`, by tag."""
        # A cross join makes SQLite begin with the few elements that are tags.
        return self._conn.execute(
            """SELECT value, note FROM elements CROSS JOIN links ON element = elements.id
               WHERE kind = ? ORDER BY value""",
            (KIND_TAG,),
        ).fetchall()

    def tags_by_note(self) -> dict[str, list[str]]:
        """Return each tagged note's tags in order."""
        rows = self._conn.execute(
            """SELECT name, value FROM links JOIN elements ON elements.id = element
               JOIN notes ON notes.id = note WHERE kind = ?""",
            (KIND_TAG,),
        ).fetchall()
        result: dict[str, list[str]] = {}
        for name, value in rows:
            result.setdefault(name, []).append(value)
        return {name: sorted(values) for name, values in result.items()}

    def dangling(self) -> list[tuple[str, str]]:
        """Return the links that lead nowhere as `(value, name of the note that holds it)`."""
        return self._conn.execute(
            """SELECT value, name FROM links JOIN elements ON elements.id = element
               JOIN notes ON notes.id = note
               WHERE target IS NULL AND title_key IS NOT NULL ORDER BY value, notes.key"""
        ).fetchall()


def _title_key(element: Element) -> str | None:
    """Return the key of the title that a link names; None if its kind names no note."""
    kind, value = element
    return None if kind in _plain_kinds() else title_of(name_key(value))


@cache
def _plain_kinds() -> frozenset[str]:
    """Return the kinds whose values name no note."""
    from crdtnotes.markup.frontmatter import FIELDS  # reading a vault needs no grammar

    return frozenset({KIND_TAG, *(field.kind for field in FIELDS if not field.names_notes)})
