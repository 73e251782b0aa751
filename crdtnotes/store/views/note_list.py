"""The notes that exist, as rows: to count, to list, and to look one up.

A note that was deleted has a row, but shows no name; nothing here returns it.
"""

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from crdtnotes.store.file.database import rows_for


class NoteRow(NamedTuple):
    """What a note shows of itself: its row, its name, the name in its register, when it changed.

    `name` differs from `base` where several notes have one name; `modified` is wall time in ms since 1970,
    by the author's clock.
    """

    id: int
    name: str
    base: str
    modified: int


class NoteFigures(NamedTuple):
    """A note in a listing: its name, when it changed, its size and how it is linked.

    `characters` counts code points, `size` bytes of UTF-8, both as of the note's snapshot; `links` counts
    distinct targets, `backlinks` the notes that link to it.
    """

    name: str
    modified: int
    characters: int
    size: int
    links: int
    backlinks: int


class NoteList:
    """Every note that exists. It only reads."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def count(self) -> int:
        """Return how many notes there are."""
        (count,) = self._conn.execute("SELECT count(*) FROM notes WHERE name IS NOT NULL").fetchone()
        return int(count)

    def find(self, uid: bytes) -> NoteRow | None:
        """Return the note with this id; None where it was deleted or never was here."""
        row = self._conn.execute(
            "SELECT id, name, base, modified FROM notes WHERE uid = ? AND name IS NOT NULL", (uid,)
        ).fetchone()
        return None if row is None else NoteRow(*row)

    def latest(self) -> bytes | None:
        """Return the id of the note that changed last, by its author's clock."""
        row = self._conn.execute(
            "SELECT uid FROM notes WHERE name IS NOT NULL ORDER BY modified DESC, key LIMIT 1"
        ).fetchone()
        return None if row is None else bytes(row[0])

    def rows(self) -> list[NoteRow]:
        """Return every note, in the order of names."""
        found = self._conn.execute(
            "SELECT id, name, base, modified FROM notes WHERE name IS NOT NULL ORDER BY key"
        )
        return [NoteRow(*row) for row in found]

    def figures(self) -> list[NoteFigures]:
        """Return every note with its figures, in the order of names."""
        return self._figures("alive")

    def orphans(self) -> list[NoteFigures]:
        """Return the notes that neither link to another note nor are linked to, in the order of names."""
        return self._figures(_ORPHAN)

    def _figures(self, condition: str) -> list[NoteFigures]:
        return [NoteFigures(*row) for row in self._conn.execute(_FIGURES.format(condition=condition))]

    def names(self) -> list[str]:
        """Return the name of every note, in the order of names."""
        rows = self._conn.execute("SELECT name FROM notes WHERE name IS NOT NULL ORDER BY key")
        return [name for (name,) in rows]

    def names_below(self, folder: str) -> list[str]:
        """Return the names of the notes in a folder, whose key this is, and in the folders below it."""
        start = f"{folder}/"
        rows = self._conn.execute(
            "SELECT name FROM notes WHERE key > ? AND key < ? ORDER BY key", (start, start + "\U0010ffff")
        )
        return [name for (name,) in rows]

    def names_of(self, ids: Collection[int]) -> list[str]:
        """Return the names of the notes in these rows, in the order of names."""
        return [name for _, name in sorted(rows_for(self._conn, "SELECT key, name FROM notes", "id", ids))]


_ORPHAN = """
    alive AND NOT EXISTS (SELECT 1 FROM links WHERE target = notes.id AND note != notes.id)
    AND NOT EXISTS (SELECT 1 FROM links WHERE note = notes.id AND target != notes.id)"""

_FIGURES = """
SELECT name, modified, characters, size,
       (SELECT count(*) FROM links JOIN elements ON elements.id = element
        WHERE links.note = notes.id AND title_key IS NOT NULL),
       (SELECT count(DISTINCT links.note) FROM links WHERE links.target = notes.id)
FROM notes WHERE name IS NOT NULL AND {condition} ORDER BY key"""
