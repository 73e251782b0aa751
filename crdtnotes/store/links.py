"""The link graph as rows: each existing note's living links, and the note that each leads to.

`target` is kept, not looked up: it is computed again for the links whose title changed its meaning, and
for those of a note that moved. So asking for backlinks costs what there is to answer.
"""

import sqlite3
from collections.abc import Collection

from crdtnotes.crdt.note import NoteState
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.markup.outline import KIND_ALIAS, KIND_TAG
from crdtnotes.store.database import rows_for
from crdtnotes.store.names import Resolver

PLAIN_KINDS = frozenset({KIND_TAG, KIND_ALIAS})
"""Kinds whose values name no note."""


class LinkIndex:
    """Every note's links. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._fresh: list[tuple[int, str, str, int, str | None]] = []

    def forget(self) -> None:
        """Drop what waits to be derived: the transaction was rolled back."""
        self._fresh.clear()

    def update(self, id: int, state: NoteState, alive: bool) -> None:
        """Make a note's rows those of its link set; a note that does not exist has none.

        New rows are written by `settle`, which is to follow.
        """
        wanted = state.links.counts() if alive else {}
        before = {
            (kind, value): count
            for kind, value, count in self._conn.execute(
                "SELECT kind, value, count FROM links WHERE note = ?", (id,)
            )
        }
        if before == wanted:
            return
        gone = [(id, kind, value) for kind, value in before.keys() - wanted.keys()]
        if gone:
            self._conn.executemany("DELETE FROM links WHERE note = ? AND kind = ? AND value = ?", gone)
        for (kind, value), count in wanted.items():
            if (kind, value) not in before:
                title = None if kind in PLAIN_KINDS else title_of(name_key(value))
                self._fresh.append((id, kind, value, count, title))
            elif before[kind, value] != count:
                self._conn.execute(
                    "UPDATE links SET count = ? WHERE note = ? AND kind = ? AND value = ?",
                    (count, id, kind, value),
                )

    def settle(self, titles: Collection[str], holders: Collection[int]) -> None:
        """Write the new rows, and look up again where the links with these titles, and those of these
        notes, lead.
        """
        if not (titles or holders or self._fresh):
            return
        rows = {
            row
            for column, values in (("links.title_key", titles), ("note", holders))
            for row in rows_for(
                self._conn,
                "SELECT note, kind, value, target, links.title_key, name FROM links JOIN notes ON id = note",
                column,
                values,
            )
            if row[4] is not None
        }
        holding = {note for note, *_ in self._fresh}
        names = dict(rows_for(self._conn, "SELECT id, name FROM notes", "id", holding))
        resolver = Resolver(self._conn)
        resolver.prepare({row[4] for row in rows} | {row[4] for row in self._fresh if row[4] is not None})
        self._conn.executemany(
            "UPDATE links SET target = ? WHERE note = ? AND kind = ? AND value = ?",
            [
                (found, note, kind, value)
                for note, kind, value, target, _, name in rows
                if (found := resolver.resolve(value, name)) != target
            ],
        )
        self._conn.executemany(
            "INSERT INTO links VALUES (?, ?, ?, ?, ?, ?)",
            [
                (*row, None if row[4] is None else resolver.resolve(row[2], names[row[0]]))
                for row in self._fresh
            ],
        )
        self._fresh.clear()

    # -- reading

    def of_note(self, id: int) -> list[tuple[str, str, int, str | None]]:
        """Return a note's links as `(kind, value, count, name of the note it leads to)`."""
        return self._conn.execute(
            """SELECT kind, value, count, notes.name FROM links LEFT JOIN notes ON notes.id = target
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

    def values_to(self, holder: int, id: int) -> set[tuple[str, str]]:
        """Return the `(kind, value)` links of one note that lead to another."""
        return set(
            self._conn.execute("SELECT kind, value FROM links WHERE note = ? AND target = ?", (holder, id))
        )

    def edges(self) -> list[tuple[str, str, str, int, str | None]]:
        """Return every link as `(name, kind, value, count, name of the note it leads to)`."""
        return self._conn.execute(
            """SELECT a.name, kind, value, count, b.name
               FROM links JOIN notes a ON a.id = note LEFT JOIN notes b ON b.id = target
               WHERE title_key IS NOT NULL ORDER BY a.key, kind, value"""
        ).fetchall()

    def tags(self) -> list[tuple[str, int]]:
        """Return every tag with the number of its notes, by tag; case does not tell tags apart."""
        rows = self._conn.execute(
            "SELECT value, note FROM links WHERE kind = ? ORDER BY value", (KIND_TAG,)
        ).fetchall()
        notes: dict[str, tuple[str, set[int]]] = {}
        for value, note in rows:
            notes.setdefault(name_key(value), (value, set()))[1].add(note)
        return [(value, len(ids)) for _, (value, ids) in sorted(notes.items())]

    def tags_by_note(self) -> dict[str, list[str]]:
        """Return each tagged note's tags in order."""
        result: dict[str, list[str]] = {}
        for name, value in self._conn.execute(
            "SELECT name, value FROM links JOIN notes ON notes.id = note WHERE kind = ? ORDER BY value",
            (KIND_TAG,),
        ):
            result.setdefault(name, []).append(value)
        return result

    def dangling(self) -> list[tuple[str, str]]:
        """Return the links that lead nowhere as `(value, name of the note that holds it)`."""
        return self._conn.execute(
            """SELECT value, name FROM links JOIN notes ON notes.id = note
               WHERE target IS NULL AND title_key IS NOT NULL ORDER BY value, notes.key"""
        ).fetchall()

    def orphans(self) -> list[str]:
        """Return the notes that no other note links to and that link to none, by name."""
        return [
            name
            for (name,) in self._conn.execute(
                """SELECT name FROM notes WHERE alive
                   AND NOT EXISTS (SELECT 1 FROM links WHERE target = notes.id AND note != notes.id)
                   AND NOT EXISTS (SELECT 1 FROM links WHERE note = notes.id
                                   AND target IS NOT NULL AND target != notes.id)
                   ORDER BY key"""
            )
        ]
