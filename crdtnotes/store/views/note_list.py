"""The notes that exist, as rows: to count, to list, and to look one up.

A note that was deleted has a row, but shows no name; nothing here returns it.
"""

import sqlite3
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.claimed_times import MAX_AHEAD_MS, shown_times


class NoteRow(NamedTuple):
    """What a note shows of itself: its row, its name, the name in its register, when it changed.

    `name` differs from `base` where several notes have one name; `modified` is wall time in ms since 1970,
    by the author's clock, if that can be believed (`claimed_times`).
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


def wall_time() -> int:
    """Return the time of this machine's clock in ms since 1970."""
    return time.time_ns() // 1_000_000


class NoteList:
    """Every note that exists. It only reads."""

    def __init__(self, conn: sqlite3.Connection, now: Callable[[], int] = wall_time) -> None:
        """`now` returns the wall time, against which claimed times are compared."""
        self._conn = conn
        self._now = now

    def deleted(self, key: str) -> list[bytes]:
        """Return the ids of the deleted notes whose last name has this key, the latest first."""
        return [
            uid
            for (uid,) in self._conn.execute(
                "SELECT uid FROM notes WHERE base_key = ? AND NOT alive ORDER BY modified DESC, id", (key,)
            )
        ]

    def count(self) -> int:
        """Return how many notes there are."""
        (count,) = self._conn.execute("SELECT count(*) FROM notes WHERE name IS NOT NULL").fetchone()
        return int(count)

    def find(self, uid: bytes) -> NoteRow | None:
        """Return the note with this id; None where it was deleted or never was here."""
        row = self._conn.execute(
            "SELECT id, name, base, modified, head FROM notes WHERE uid = ? AND name IS NOT NULL", (uid,)
        ).fetchone()
        if row is None:
            return None
        id, name, base, modified, head = row
        limit = self._now() + MAX_AHEAD_MS
        if modified > limit:
            (before,) = self._conn.execute(
                "SELECT max(modified) FROM notes WHERE head < ? AND modified <= ? AND name IS NOT NULL",
                (head, limit),
            ).fetchone()
            modified = max(before or 1, 1) - 1
        return NoteRow(id, name, base, modified)

    def names_by_id(self) -> dict[bytes, str]:
        """Return the name of each note by the note's id."""
        return dict(self._conn.execute("SELECT uid, name FROM notes WHERE name IS NOT NULL"))

    def latest(self) -> bytes | None:
        """Return the id of the note that changed last, by its author's clock if that can be believed."""
        row = self._conn.execute(
            """SELECT uid FROM notes WHERE name IS NOT NULL
               ORDER BY modified <= ? DESC, iif(modified <= ?, modified, head) DESC, key LIMIT 1""",
            [self._now() + MAX_AHEAD_MS] * 2,
        ).fetchone()
        return None if row is None else bytes(row[0])

    def rows(self) -> list[NoteRow]:
        """Return every note, in the order of names."""
        found = self._conn.execute(
            "SELECT head, modified, id, name, base FROM notes WHERE name IS NOT NULL ORDER BY key"
        ).fetchall()
        times = shown_times([(head, modified) for head, modified, *_ in found], self._now())
        return [
            NoteRow(id, name, base, modified)
            for (_, _, id, name, base), modified in zip(found, times, strict=True)
        ]

    def figures(self) -> list[NoteFigures]:
        """Return every note with its figures, in the order of names."""
        return self._figures("alive")

    def orphans(self) -> list[NoteFigures]:
        """Return the notes that neither link to another note nor are linked to, in the order of names."""
        return self._figures(_ORPHAN)

    def _figures(self, condition: str) -> list[NoteFigures]:
        found = self._conn.execute(_FIGURES.format(condition=condition)).fetchall()
        times = shown_times([(head, modified) for head, modified, *_ in found], self._now())
        return [
            NoteFigures(name, modified, *rest)
            for (_, _, name, *rest), modified in zip(found, times, strict=True)
        ]

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
SELECT head, modified, name, characters, size,
       (SELECT count(*) FROM links JOIN elements ON elements.id = element
        WHERE links.note = notes.id AND title_key IS NOT NULL),
       (SELECT count(DISTINCT links.note) FROM links WHERE links.target = notes.id)
FROM notes WHERE name IS NOT NULL AND {condition} ORDER BY key"""
