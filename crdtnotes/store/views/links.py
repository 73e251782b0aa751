"""The link graph as rows: each existing note's living links, and the note that each leads to.

`target` is kept, not looked up: it is computed again for the links whose title changed its meaning, and
for those of a note that moved. So asking for backlinks costs what there is to answer.
"""

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

from crdtnotes.crdt.ops import Element
from crdtnotes.markup.frontmatter import FIELDS, KIND_ALIAS, KIND_TAG
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.names import DEPENDS, Resolver

PLAIN_KINDS = frozenset({KIND_TAG, *(field.kind for field in FIELDS if not field.names_notes)})
"""Kinds whose values name no note."""

KEPT = 50_000
"""Elements whose places are kept in mind."""


class _Place(NamedTuple):
    """An element's row, the key of the title that it names, and the note to which it leads in any note.

    That note is DEPENDS where it matters who holds the link.
    """

    id: int
    title: str | None
    target: int | None


ORPHAN = """
    alive AND NOT EXISTS (SELECT 1 FROM links WHERE target = notes.id AND note != notes.id)
    AND NOT EXISTS (SELECT 1 FROM links WHERE note = notes.id AND target != notes.id)"""
"""What is true of a row of `notes` that no other note links to and that links to none."""


class LinkIndex:
    """Every note's links. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._fresh: dict[int, dict[Element, int]] = {}  # rows to write, by note
        self._places: dict[Element, _Place] = {}
        self.changed = False
        """Whether a note's links have changed since somebody reset it."""

    def forget(self) -> None:
        """Drop what waits to be derived: the transaction was rolled back."""
        self._fresh.clear()
        self._places.clear()

    def look(self) -> None:
        """Notice that another process has written: links may lead elsewhere."""
        self._places.clear()

    def add(self, id: int, links: Mapping[Element, int]) -> None:
        """Take in the links of a note that has none here yet; `settle`, which is to follow, writes them."""
        self._fresh[id] = dict(links)
        self.changed |= bool(links)

    def update(self, id: int, links: Mapping[Element, int]) -> bool:
        """Make a note's rows those of its link set; a note that does not exist has none.

        New rows are written by `settle`, which is to follow. Returns whether an alias came or went.
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

    def settle(self, titles: Collection[str], holders: Collection[int]) -> None:
        """Write the new rows, and look up again where the links with these titles, and those of these
        notes, lead.
        """
        if not (titles or holders or self._fresh):
            return
        resolver = Resolver(self._conn)
        self._look_again(resolver, titles, holders)
        self._write_fresh(resolver)
        self._fresh.clear()
        if len(self._places) > KEPT:
            self._places.clear()

    def _look_again(self, resolver: Resolver, titles: Collection[str], holders: Collection[int]) -> None:
        """Look up again where links with these titles, and those of these notes, lead."""
        elements = list(
            rows_for(self._conn, "SELECT id, kind, value, title_key FROM elements", "title_key", titles)
        )
        resolver.prepare({title for *_, title in elements})
        # Where a link leads depends on the note that holds it for very few: the others are set all at once.
        places = {
            (kind, value): _Place(id, title, resolver.anywhere(value, title))
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
                if (found := resolver.resolve(value, name)) != target
            ],
        )

    def _write_fresh(self, resolver: Resolver) -> None:
        """Write the new rows, in the order of their keys."""
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
                (note, id, count, resolver.resolve(value, names[note])) for note, value, id, count in singly
            ]
        self._conn.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", rows)

    def _place(self, resolver: Resolver, elements: Collection[Element]) -> None:
        """See to it that these elements have rows, and that these and where they lead are at hand."""
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
            target = None if title is None else resolver.anywhere(element[1], title)
            self._places[element] = _Place(id, title, target)

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
        """Return every tag with the number of its notes, by tag; case does not tell tags apart."""
        notes: dict[str, tuple[str, set[int]]] = {}
        for value, note in self.tagged():
            notes.setdefault(name_key(value), (value, set()))[1].add(note)
        return [(value, len(ids)) for _, (value, ids) in sorted(notes.items())]

    def tagged(self) -> list[tuple[str, int]]:
        """Return each tag of each note as `(tag, row of the note)`, by tag."""
        # Said as a cross join, so that SQLite begins with the few elements that are tags.
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
    """Return the key of the title that a link names; None for what names no note."""
    kind, value = element
    return None if kind in PLAIN_KINDS else title_of(name_key(value))
