"""Full-text search that finds Chinese words of two characters.

It uses SQLite's FTS5 with `unicode61`, which splits at spaces. CJK characters (Han, kana, Hangul) are indexed
one by one, and a run of them is searched for as a phrase, so 系统 is found inside 分布式系统. Text is first
folded with NFKC, so full-width ＣＡＰ and CAP are equal, and so are NFC and NFD.

The index is contentless: to remove a text, exactly the text that was added must be given. So a text is
removed before its snapshot or its name changes; notes that are not in the index (`indexed` is NULL) are added
before the next search or when the program is idle. If very much text comes at once, another process builds
the index meanwhile.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from typing import TYPE_CHECKING

from crdtnotes.errors import Damaged
from crdtnotes.markup.words import fold, is_cjk, spaced
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.views.snapshots import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crdtnotes.results import Hit
    from crdtnotes.store.views.search_builder import Built, Indexing, Text

PENDING_PAGE = 200
"""Notes that are added to the index in one transaction while other work may be waiting."""

PENDING_BULK = 1000
"""Notes that are added to the index in one transaction when the caller waits for all of them."""

SNIPPET = 60
"""Most characters of context before a hit; after its beginning, twice as many."""

_PHRASES = re.compile(r'"([^"]*)"|(\S+)')
_WORDS = re.compile(r"[^\W_]+")


def terms(query: str) -> list[tuple[str, bool]]:
    """Split a query into terms `(words, whole)`; a note must contain all of them.

    Text in "double quotes" is one phrase of whole words; the last word of any other term is a prefix.
    """
    result: list[tuple[str, bool]] = []
    for quoted, plain in _PHRASES.findall(fold(query).replace("“", '"').replace("”", '"')):
        words = " ".join(_WORDS.findall(_apart(quoted or plain)))
        if words:
            result.append((words, bool(quoted)))
    return result


def literals(query: str) -> list[str]:
    """Return the terms with signs in them, such as `c++` or 📌, which a note must contain as they are."""
    found = _PHRASES.findall(fold(query).replace("“", '"').replace("”", '"'))
    parts = [(quoted or plain).strip() for quoted, plain in found]
    return [_literal(part) for part in parts if any(map(_is_sign, part))]


def _is_sign(character: str) -> bool:
    return character in "#@&%" or unicodedata.category(character)[0] == "S"


def _literal(text: str) -> str:
    return fold(text).casefold().replace("\ufe0f", "")


def match_expression(query: str) -> str:
    """Return the FTS5 expression for a query; empty if there is nothing to search for."""
    return " ".join(
        f'"{words}"' + ("" if whole or is_cjk(words[-1]) else "*") for words, whole in terms(query)
    )


class SearchIndex:
    """The index of all notes. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection, texts: Texts) -> None:
        self._conn = conn
        self._texts = texts
        self._indexing: Indexing | None = None
        self._kept: list[Text] = []
        self._kept_characters = 0

    def clear(self) -> None:
        """Remove everything from the index."""
        self.drop_prepared()
        self._conn.execute("INSERT INTO search(search) VALUES ('delete-all')")

    def take_out(self, id: int) -> None:
        """Remove a note from the index, if it is there; call this before its snapshot or name changes."""
        row = self._conn.execute(
            "SELECT indexed FROM notes WHERE id = ? AND indexed IS NOT NULL", (id,)
        ).fetchone()
        if row is not None:
            self._delete(id, row[0], self._text(id))
            self._conn.execute("UPDATE notes SET indexed = NULL WHERE id = ?", (id,))

    def _delete(self, id: int, name: str, text: str) -> None:
        self._conn.execute(
            "INSERT INTO search (search, rowid, name, text) VALUES ('delete', ?, ?, ?)",
            (id, spaced(name), spaced(text)),
        )

    def put_in_pending(self, count: int = PENDING_PAGE) -> bool:
        """Add up to `count` of the notes that are not in the index; return whether there may be more."""
        rows = self._conn.execute(
            "SELECT id, name FROM notes WHERE indexed IS NULL AND name IS NOT NULL LIMIT ?", (count,)
        ).fetchall()
        self._conn.executemany(
            "INSERT INTO search (rowid, name, text) VALUES (?, ?, ?)",
            ((id, spaced(name), spaced(self._text(id))) for id, name in rows),
        )
        self._conn.executemany("UPDATE notes SET indexed = name WHERE id = ?", [(id,) for id, _ in rows])
        return len(rows) == count

    def pending(self) -> bool:
        """Return whether some note is not in the index yet."""
        row = self._conn.execute(
            "SELECT 1 FROM notes WHERE indexed IS NULL AND name IS NOT NULL LIMIT 1"
        ).fetchone()
        return row is not None

    # -- an index that another process builds

    @property
    def is_prepared(self) -> bool:
        """Whether another process is building an index, which `prepared` will return."""
        return self._indexing is not None

    def prepare(self, born: Iterable[tuple[int, int, str]]) -> None:
        """Let another process index notes that were just stored, if very many come at once.

        `born` holds `(row, log id of the birth, text)` of each note. Call this after each transaction that
        stores changes from others.
        """
        from crdtnotes.helpers.process import spare_cores
        from crdtnotes.store.views.search_builder import (
            MIN_BULK_CHARACTERS,
            MIN_HELPER_CHARACTERS,
            Indexing,
            Text,
        )

        texts = {id: (log_id, text) for id, log_id, text in born}
        size = sum(len(text) for _, text in texts.values())
        if size < MIN_BULK_CHARACTERS and self._indexing is None:
            self._forget_kept()
            return
        rows = rows_for(self._conn, "SELECT id, name, upto, digest FROM notes", "id", texts)
        fresh = [
            Text(id, name, upto, digest, texts[id][1])
            for id, name, upto, digest in rows
            if name is not None and upto == texts[id][0]
        ]
        if self._indexing is not None:
            self._indexing.give(fresh)
            return
        self._kept += fresh
        self._kept_characters += size
        if self._kept_characters >= MIN_HELPER_CHARACTERS:
            kept = self._kept
            self._forget_kept()
            if spare_cores() and self._is_empty():
                self._indexing = Indexing.start(self._statement())
                if self._indexing is not None:
                    self._indexing.give(kept)

    def prepared(self) -> Built | None:
        """Wait for the index that another process is building, and return it; None if there is none."""
        indexing, self._indexing = self._indexing, None
        return None if indexing is None else indexing.finish()

    def drop_prepared(self) -> None:
        """Stop the other process and discard its index."""
        indexing, self._indexing = self._indexing, None
        self._forget_kept()
        if indexing is not None:
            indexing.close()

    def take_over(self, built: Built) -> None:
        """Store an index that another process has built, if it is still valid and our index is empty."""
        from crdtnotes.store.views.search_builder import Given

        rows = rows_for(self._conn, "SELECT id, uid, name, digest FROM notes", "id", built.given)
        stored = {id: (uid, Given(name, built.given[id].upto, digest)) for id, uid, name, digest in rows}
        changed = {id: uid for id, (uid, now) in stored.items() if now != built.given[id]}
        try:
            former = {id: self._texts.of_birth(uid, *built.given[id][1:]) for id, uid in changed.items()}
        except Damaged:
            return  # the log was rewritten meanwhile
        if stored.keys() != built.given.keys() or not self._is_empty():
            return
        # Tell FTS5 that all is deleted, so that it caches nothing of its tables, which are written directly.
        self.clear()
        for table, page in built.tables:
            places = ", ".join("?" * len(page[0]))
            self._conn.executemany(f"INSERT OR REPLACE INTO search_{table} VALUES ({places})", page)
        for id, text in former.items():
            self._delete(id, built.given[id].name, text.decode())
        self._conn.executemany(
            "UPDATE notes SET indexed = name WHERE id = ?", [(id,) for id in stored.keys() - changed.keys()]
        )

    def _forget_kept(self) -> None:
        self._kept, self._kept_characters = [], 0

    def _is_empty(self) -> bool:
        return self._conn.execute("SELECT 1 FROM search_docsize LIMIT 1").fetchone() is None

    def _statement(self) -> str:
        (statement,) = self._conn.execute("SELECT sql FROM sqlite_master WHERE name = 'search'").fetchone()
        return str(statement)

    # -- finding

    def find(self, query: str, limit: int) -> list[Hit]:
        """Return the best hits; matches in names weigh more than matches in texts."""
        expression, literal = match_expression(query), literals(query)
        # The index has no signs: it gives candidates. Without words all notes are read, unless the query has
        # only signs of ASCII, with which people begin to type a longer one.
        if limit < 1 or not (expression or any(not part.isascii() for part in literal)):
            return []
        rows = (
            self._conn.execute(
                """SELECT notes.id, notes.name FROM search JOIN notes ON notes.id = search.rowid
                   WHERE search MATCH ? ORDER BY bm25(search, 8.0, 1.0), notes.key LIMIT ?""",
                (expression, -1 if literal else limit),
            )
            if expression
            else self._conn.execute("SELECT id, name FROM notes WHERE name IS NOT NULL ORDER BY key")
        ).fetchall()
        wanted = _needle(query)
        hits: list[Hit] = []
        for id, name in rows:
            text = self._text(id)
            if literal:
                content = _literal(f"{name}\n{text}")
                if any(part not in content for part in literal):
                    continue
            hits.append(_hit(name, text, wanted))
            if len(hits) == limit:
                break
        return hits

    def naming(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield `(name, text)` of each note whose text may contain one of these names, by name."""
        phrases = {words for name in names if (words := " ".join(_WORDS.findall(_apart(name))))}
        if not phrases:
            return
        expression = "text : (" + " OR ".join(f'"{words}"' for words in sorted(phrases)) + ")"
        rows = self._conn.execute(
            """SELECT notes.id, notes.name FROM search JOIN notes ON notes.id = search.rowid
               WHERE search MATCH ? ORDER BY notes.key""",
            (expression,),
        ).fetchall()
        for id, name in rows:
            yield name, self._text(id)

    def _text(self, id: int) -> str:
        return self._texts.read(id).decode()


def _apart(text: str) -> str:
    return spaced(text).replace("_", " ")


def _needle(query: str) -> list[re.Pattern[str]]:
    """Return patterns that find the query's terms in a folded line."""
    patterns = []
    for words, _ in terms(query):
        parts = [re.escape(word) for word in words.split()]
        patterns.append(re.compile(r"[\W_]*".join(parts), re.IGNORECASE))
    return patterns + [re.compile(re.escape(part), re.IGNORECASE) for part in literals(query)]


def _hit(name: str, text: str, wanted: list[re.Pattern[str]]) -> Hit:
    """Return the hit for a note: the first of the lines that contain the most terms."""
    from crdtnotes.results import Hit

    best, best_score, best_at = 0, 0, 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        folded = fold(line)
        found = [match for pattern in wanted if (match := pattern.search(folded))]
        if len(found) > best_score:
            best, best_score, best_at = number, len(found), min(match.start() for match in found)
            if best_score == len(wanted):
                break
    if not best_score:
        best = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return Hit(name, best + 1, _cut(lines[best].strip("\r"), best_at))


def _cut(line: str, at: int) -> str:
    """Return the part of a line around a position."""
    start = max(0, at - SNIPPET)
    end = at + 2 * SNIPPET
    return ("…" if start else "") + line[start:end].strip() + ("…" if end < len(line) else "")
