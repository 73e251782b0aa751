"""Which of several notes with one name a link means: the one whose renaming wrote the link.

Two people can rename two notes to one name, apart; then one note shows the name and the others show it with
a number (`names`). A link of that name leads to the first. But where a rename wrote it, the target is a value
with the rank of that Rename (docs/crdt.md, "Values"), so it is known which note it means.

The rule. Consider a link whose target spells a name that several existing notes have in their registers, and
that would lead to the one that shows it. It leads to the note M instead if some visible value in its holder
has the rank of the Rename that gave M this name, and none has that of the Rename that gave it to another of
these notes. All of this depends only on the states of the notes.
"""

import sqlite3
from contextlib import suppress
from typing import NamedTuple

from crdtnotes.crdt.ids import Id
from crdtnotes.errors import Damaged
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.documents import Document, Documents


class _Group(NamedTuple):
    """Existing notes with one name in their registers: its key, and their rows and ids."""

    key: str
    notes: list[tuple[int, bytes]]


class Namesakes:
    """The notes that share their names, as things stand now; `refresh` reads them again."""

    def __init__(self, conn: sqlite3.Connection, documents: Documents) -> None:
        self._conn = conn
        self._documents = documents
        self._groups: dict[int, _Group] = {}  # by the row of the note that shows the name
        self._given: dict[int, dict[Id, int]] = {}
        self._ranks: dict[int, set[Id]] = {}
        self.keys: set[str] = set()
        """The keys of the names that several notes have."""

    def refresh(self) -> None:
        """Read which notes share a name."""
        self._given.clear()
        self._ranks.clear()
        self._groups.clear()
        self.keys = {key for (key,) in self._conn.execute("SELECT base_key FROM notes WHERE name != base")}
        groups: dict[str, _Group] = {}
        firsts: dict[str, int] = {}
        for key, id, uid, base, name in rows_for(
            self._conn, "SELECT base_key, id, uid, base, name FROM notes", "base_key", self.keys
        ):
            if name is not None:
                groups.setdefault(key, _Group(key, [])).notes.append((id, uid))
                if name == base:
                    firsts[key] = id
        self._groups.update((first, groups[key]) for key, first in firsts.items())

    def shares(self, note: int | None, target: str) -> bool:
        """Whether a link with this target that leads to the note in a row may mean another of its name."""
        group = None if note is None else self._groups.get(note)
        return group is not None and _spells(target, group.key)

    def meant(self, note: int | None, target: str, holder: int) -> int | None:
        """Return the note that a link in a holder means, where it would lead to `note`; all are rows."""
        if note is None or not self.shares(note, target):
            return note
        given = self._given.get(note)
        if given is None:
            given = self._given[note] = self._namings(self._groups[note])
        meant = {given[rank] for rank in self._ranks_in(holder) if rank in given}
        return meant.pop() if len(meant) == 1 else note

    def elsewhere(self) -> dict[int, list[tuple[str, str]]]:
        """Return the links of each note that lead to a note other than the one that shows their name.

        They are pairs of the target as written and the name that the note shows.
        """
        found: dict[int, list[tuple[str, str]]] = {}
        # Cross joins make SQLite begin with the few notes that share a name.
        for holder, value, key, name in self._conn.execute(
            """SELECT DISTINCT links.note, value, base_key, name FROM notes
               CROSS JOIN links ON target = notes.id CROSS JOIN elements ON elements.id = element
               WHERE name != base ORDER BY value"""
        ):
            if _spells(value, key):
                found.setdefault(holder, []).append((value, name))
        return found

    def _namings(self, group: _Group) -> dict[Id, int]:
        """Return the ids of the Renames that gave the notes of a group their names."""
        found: dict[Id, int] = {}
        for row, uid in group.notes:
            if (doc := self._open(uid)) is not None:
                found[doc.state.name.id] = row
        return found

    def _ranks_in(self, holder: int) -> set[Id]:
        """Return the ranks of the visible values in a note."""
        ranks = self._ranks.get(holder)
        if ranks is None:
            ranks = self._ranks[holder] = set()
            row = self._conn.execute("SELECT uid FROM notes WHERE id = ?", (holder,)).fetchone()
            doc = None if row is None else self._open(bytes(row[0]))
            if doc is not None:
                values = doc.state.values
                ranks.update(
                    cell.values[cell.standing].rank for cell in values.cells.values() if values.visible(cell)
                )
        return ranks

    def _open(self, uid: bytes) -> Document | None:
        # A damaged note must not keep others from being written; its own links lead where names say.
        with suppress(Damaged):
            return self._documents.open(uid)
        return None


def _spells(target: str, key: str) -> bool:
    """Whether a link target spells the name with this key: the whole name, an ending of it, or its title."""
    spelled = name_key(target)
    if spelled.startswith(("./", "../")):
        return title_of(spelled) == title_of(key)
    return f"/{key}".endswith("/" + spelled.lstrip("/"))
