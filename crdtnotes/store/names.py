"""Which name each note shows, and what can lead to it.

A note's *base* name is what its register holds. Where several existing notes have one base key, the
one with the smallest id shows it and the others show `Z (2)`, `Z (3)` …, past every number that is
itself some note's base name. So shown names depend on nothing but the set of ids and base names.
"""

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b

from crdtnotes.errors import Damaged
from crdtnotes.markup.names import folder_of, name_key, title_of
from crdtnotes.markup.outline import KIND_ALIAS
from crdtnotes.markup.resolve import Candidate, resolve
from crdtnotes.store.database import rows_for
from crdtnotes.store.facts import Facts

NAME, ALIAS, FORMER = 0, 1, 2
"""How something leads to a note: by the name it shows, an alias, or a name that it once had."""

_Row = tuple[str, str, int]
"""`(key of the title, key, rank)`: one way in which something leads to a note."""

_STAMPED: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("SELECT group_concat(id || ' ' || name, char(10)) FROM notes WHERE name IS NOT NULL", ()),
    ("SELECT group_concat(note || ' ' || key, char(10)) FROM names WHERE rank = ?", (FORMER,)),
    (
        """SELECT group_concat(note || ' ' || value, char(10)) FROM links JOIN elements ON id = element
           WHERE kind = ?""",
        (KIND_ALIAS,),
    ),
)

_NUMBERED = re.compile(r"(.+) \(\d+\)", re.DOTALL)


class NameIndex:
    """The names of all notes. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.dirty_titles: set[str] = set()
        self.dirty_holders: set[int] = set()
        self._dirty_bases: set[str] = set()
        self._dirty_notes: dict[int, Facts] = {}

    def forget(self) -> None:
        """Drop what waits to be derived: the transaction was rolled back."""
        self.dirty_titles.clear()
        self.dirty_holders.clear()
        self._dirty_bases.clear()
        self._dirty_notes.clear()

    def place(self, id: int, base: str, alive: bool) -> bool:
        """Take in a note's present name and existence; return whether either changed."""
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

    def add(self, key: str) -> None:
        """Take in that a note with this key of its base name has come."""
        self._dirty_bases.add(key)

    def update(self, id: int, facts: Facts) -> None:
        """Take in what leads to a note, of which `place` or `add` has been told."""
        self._dirty_notes[id] = facts

    def settle(self, before_move: Callable[[int], None]) -> None:
        """Bring the shown names and the index up to date with what `update` took in.

        `before_move` is called with each note whose shown name is about to change.
        """
        moved = self._show(before_move)
        for id, facts in self._dirty_notes.items():
            self._index(id, facts, moved=id in moved)
        for id in moved - self._dirty_notes.keys():
            self._index_shown(id)
        self._dirty_notes.clear()

    def is_shown(self, key: str) -> bool:
        """Whether a note shows the name with this key, by this index."""
        row = self._conn.execute(
            "SELECT 1 FROM names WHERE title_key = ? AND key = ? AND rank = ?", (title_of(key), key, NAME)
        ).fetchone()
        return row is not None

    def aliases(self) -> dict[int, list[str]]:
        """Return each note's aliases as they are written."""
        return _grouped(
            self._conn.execute(
                "SELECT note, value FROM links JOIN elements ON id = element WHERE kind = ? ORDER BY value",
                (KIND_ALIAS,),
            )
        )

    def stamp(self) -> bytes:
        """Return what differs whenever a shown name, an alias as it is written, or a former name does.

        SQLite does nearly all of it, and meanwhile other threads go on: in a large vault that is a tenth of
        what reading the names takes.
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

    def _show(self, before_move: Callable[[int], None]) -> set[int]:
        """Recompute the shown names of every group that changed; return the notes whose name moved."""
        bases = self._dirty_bases | {
            match[1] for key in self._dirty_bases if (match := _NUMBERED.fullmatch(key))
        }
        self._dirty_bases = set()
        moved = {
            id: wanted for key in sorted(bases) for id, shown, wanted in self._group(key) if shown != wanted
        }
        for id in moved:
            before_move(id)
        # First all away, then all anew: names may trade places, and keys are unique.
        self._conn.executemany(
            "UPDATE notes SET name = NULL, key = NULL WHERE id = ?", [(id,) for id in moved]
        )
        self._conn.executemany(
            "UPDATE notes SET name = ?, key = ? WHERE id = ?",
            [(name, name_key(name), id) for id, name in moved.items() if name is not None],
        )
        self.dirty_holders.update(moved)
        return set(moved)

    def _group(self, key: str) -> list[tuple[int, str | None, str | None]]:
        """Return `(note, name now, name to show)` for every note with this base key."""
        rows = self._conn.execute(
            "SELECT id, base, name, alive FROM notes WHERE base_key = ? ORDER BY uid", (key,)
        ).fetchall()
        result: list[tuple[int, str | None, str | None]] = []
        number = 0
        for id, base, shown, alive in rows:
            wanted = None
            if alive:
                number += 1
                if number > 1:
                    while self._is_base(name_key(f"{base} ({number})")):
                        number += 1
                wanted = base if number == 1 else f"{base} ({number})"
            result.append((id, shown, wanted))
        return result

    def _is_base(self, key: str) -> bool:
        return (
            self._conn.execute("SELECT 1 FROM notes WHERE base_key = ? AND alive LIMIT 1", (key,)).fetchone()
            is not None
        )

    def _index(self, id: int, facts: Facts, *, moved: bool) -> None:
        """Write what leads to a note."""
        (name,) = self._conn.execute("SELECT name FROM notes WHERE id = ?", (id,)).fetchone()
        rows: set[_Row] = set()
        if name is not None:
            aliases = [value for kind, value in facts.links if kind == KIND_ALIAS]
            for rank, values in ((FORMER, facts.past), (ALIAS, aliases), (NAME, (name,))):
                rows |= {_row(value, rank) for value in values}
        self._write(id, rows, moved=moved)

    def _index_shown(self, id: int) -> None:
        """Write what leads to a note of which only the shown name moved."""
        (name,) = self._conn.execute("SELECT name FROM notes WHERE id = ?", (id,)).fetchone()
        rows = {row for row in self._rows(id) if row[2] != NAME}
        if name is not None:
            rows.add(_row(name, NAME))
        self._write(id, rows, moved=True)

    def _rows(self, id: int) -> set[_Row]:
        return set(self._conn.execute("SELECT title_key, key, rank FROM names WHERE note = ?", (id,)))

    def _write(self, id: int, rows: set[_Row], *, moved: bool) -> None:
        before = self._rows(id)
        if before != rows:
            self._conn.execute("DELETE FROM names WHERE note = ?", (id,))
            self._conn.executemany(
                "INSERT INTO names VALUES (?, ?, ?, ?)", [(title, id, key, rank) for title, key, rank in rows]
            )
        if before != rows or moved:  # where several notes answer, their names decide, down to the case
            self.dirty_titles.update(title for title, _, _ in before | rows)


def _grouped(rows: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    result: dict[int, list[str]] = {}
    for note, value in rows:
        result.setdefault(note, []).append(value)
    return result


def _row(name: str, rank: int) -> _Row:
    key = name_key(name)
    return title_of(key), key, rank


class Resolver:
    """Resolves targets as things stand; remembers what it found, so it serves one transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._titles: dict[str, _Tiers] = {}
        self._plain: dict[str, int | None] = {}
        self._found: dict[tuple[str, str], int | None] = {}

    def resolve(self, target: str, holder: str) -> int | None:
        """Return the row of the note that `target`, written in the note `holder`, leads to.

        Names that notes once had count only where no present name and no alias matches.
        """
        if target in self._plain:
            return self._plain[target]
        # Of the holder only its folder matters, and that only where several notes might be meant.
        place = (target, folder_of(holder))
        if place in self._found:
            return self._found[place]
        present, former = self._tiers(target)
        if "/" not in target and len(present.ids) <= 1 and len(former.ids) <= 1:
            only = next(iter(present.ids.values() or former.ids.values()), None)
            self._plain[target] = only
            return only
        found = None
        for tier in (present, former):
            name = resolve(target, holder, tier) if tier.ids else None
            if name is not None:
                found = tier.ids[name]
                break
        self._found[place] = found
        return found

    def prepare(self, titles: Collection[str]) -> None:
        """Look these titles up together."""
        self._titles.update(dict.fromkeys(titles, _NOBODY))
        rows = rows_for(
            self._conn,
            "SELECT title_key, names.key, rank, id, name FROM names JOIN notes ON note = id",
            "title_key",
            titles,
        )
        for title, key, rank, id, name in rows:
            tiers = self._titles.get(title)
            if tiers is None:
                raise Damaged("The names in the vault's file are damaged; `crdtnotes repair` mends them.")
            if tiers is _NOBODY:
                tiers = self._titles[title] = _Names(), _Names()
            tiers[rank == FORMER].add(Candidate(key, name), rank, id)

    def _tiers(self, target: str) -> "_Tiers":
        title = title_of(name_key(target))
        if title not in self._titles:
            self.prepare((title,))
        return self._titles[title]


class _Names:
    """What leads to notes by one title."""

    __slots__ = ("_candidates", "_exact", "ids")

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self._exact: dict[str, str] = {}
        self._candidates: list[Candidate] = []

    def add(self, candidate: Candidate, rank: int, id: int) -> None:
        self.ids[candidate.name] = id
        self._candidates.append(candidate)
        if rank == NAME:
            self._exact[candidate.key] = candidate.name

    def exact(self, key: str) -> str | None:
        return self._exact.get(key)

    def candidates(self, title_key: str) -> Iterable[Candidate]:  # noqa: ARG002 - they all have it
        return self._candidates


_Tiers = tuple[_Names, _Names]
# What leads there by present names and aliases, and what by former names.

_NOBODY: _Tiers = (_Names(), _Names())
