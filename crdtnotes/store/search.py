"""Full-text search that finds Chinese words of two characters.

SQLite's FTS5 with `unicode61`, which cuts at spaces. CJK characters (Han, kana, Hangul) are indexed one
by one and a run of them is asked for as a phrase, so 系统 is found inside 分布式系统. Text is folded
with NFKC before, so full-width ＣＡＰ and CAP are one, and so are NFC and NFD.

The index is contentless: to take a text out, the very text that was put in must be given. So a text is
taken out before its snapshot or its name changes; notes that are not in (`indexed` is NULL) are put in
when a search or an idle moment comes.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crdtnotes.markup.words import CJK, fold, spaced
from crdtnotes.store.texts import Texts

PENDING_PAGE = 200
"""Notes that are put into the index at a time where somebody may want to write meanwhile."""

PENDING_BULK = 1000
"""Notes at a time where nobody waits but for all of them."""

SNIPPET = 60
"""Characters of context around a hit, at the most, on each side."""

_CHARACTER = re.compile(f"[{CJK}]")
_PHRASES = re.compile(r'"([^"]*)"|(\S+)')
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A note that a search found: its name, the 1-based line where the words are, and that line."""

    note: str
    line: int
    snippet: str


def terms(query: str) -> list[tuple[str, bool]]:
    """Cut a query into terms `(words, whole)`; a note must hold all of them.

    What stands in "double quotes" is one whole phrase; any other last word of a term may go on.
    """
    result: list[tuple[str, bool]] = []
    for quoted, plain in _PHRASES.findall(fold(query).replace("“", '"').replace("”", '"')):
        words = " ".join(_WORDS.findall(_apart(quoted or plain)))
        if words:
            result.append((words, bool(quoted)))
    return result


def match_expression(query: str) -> str:
    """Return the FTS5 expression for a query; empty when there is nothing to look for."""
    return " ".join(
        f'"{words}"' + ("" if whole or _CHARACTER.match(words[-1]) else "*") for words, whole in terms(query)
    )


class SearchIndex:
    """The index of all notes. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, texts: Texts) -> None:
        self._conn = conn
        self._texts = texts

    def clear(self) -> None:
        """Take everything out."""
        self._conn.execute("INSERT INTO search(search) VALUES ('delete-all')")

    def take_out(self, id: int) -> None:
        """Take a note out of the index, if it is in; to be done before its snapshot or name changes."""
        row = self._conn.execute(
            "SELECT indexed FROM notes WHERE id = ? AND indexed IS NOT NULL", (id,)
        ).fetchone()
        if row is not None:
            self._conn.execute(
                "INSERT INTO search (search, rowid, name, text) VALUES ('delete', ?, ?, ?)",
                (id, spaced(row[0]), spaced(self._text(id))),
            )
            self._conn.execute("UPDATE notes SET indexed = NULL WHERE id = ?", (id,))

    def put_in_pending(self, count: int = PENDING_PAGE) -> bool:
        """Put in so many of the notes that are not in; return whether there may be more."""
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

    def find(self, query: str, limit: int) -> list[Hit]:
        """Return the best hits, names weighing more than texts."""
        expression = match_expression(query)
        if not expression:
            return []
        rows = self._conn.execute(
            """SELECT notes.id, notes.name FROM search JOIN notes ON notes.id = search.rowid
               WHERE search MATCH ? ORDER BY bm25(search, 8.0, 1.0), notes.key LIMIT ?""",
            (expression, limit),
        ).fetchall()
        wanted = _needle(query)
        return [_hit(name, self._text(id), wanted) for id, name in rows]

    def naming(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield `(name, text)` of each note whose text may hold one of these names, by name."""
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
    return patterns


def _hit(name: str, text: str, wanted: list[re.Pattern[str]]) -> Hit:
    """Return where in a note the terms are: the line that holds most of them, the first of those."""
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
