"""The log: every change that this replica has, as the bytes its author made, chained by hash."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge

from crdtnotes.changes.change import NO_HASH, Change, chain
from crdtnotes.crdt.version import Version

PAGE = 256
"""Changes read at a time: no cursor stays open, so that no reader keeps a writer waiting."""

PAGE_BYTES = 1024 * 1024
"""A page ends earlier once it has this many bytes."""


@dataclass(slots=True)
class Head:
    """The end of one actor's stream: its last seq, its highest counter, the chain's hash."""

    seq: int = 0
    last: int = 0
    hash: bytes = NO_HASH


class Log:
    """The streams of all actors. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.heads: dict[int, Head] = {}
        self.tip = 0
        self._ids: dict[int, int] = {}
        self._seen: dict[int, dict[int, tuple[int, int]]] = {}

    def refresh(self) -> None:
        """Read the heads again: another process may have written."""
        self.heads.clear()
        self._ids.clear()
        self._seen.clear()
        for id, actor, seq, last, tip in self._conn.execute("SELECT id, actor, seq, last, hash FROM actors"):
            self._ids[actor] = id
            self.heads[actor] = Head(seq, last, tip)
        (self.tip,) = self._conn.execute("SELECT ifnull(max(id), 0) FROM log").fetchone()

    def version(self) -> Version:
        """Return the version vector."""
        return {actor: head.seq for actor, head in self.heads.items() if head.seq}

    def head(self, actor: int) -> Head:
        """Return the end of an actor's stream; of an unknown actor's, the state before its first change."""
        return self.heads.get(actor) or Head()

    def seen(self, author: int) -> dict[int, tuple[int, int]]:
        """Return what an author had seen at its last change: `{actor: (seq, highest counter)}`."""
        known = self._seen.get(author)
        if known is None:
            known = self._seen[author] = {
                actor: (seq, last)
                for actor, seq, last in self._conn.execute(
                    "SELECT actor, seq, last FROM seen WHERE author = ?", (author,)
                )
            }
        return known

    def last_at(self, actor: int, seq: int) -> int | None:
        """Return the highest counter of an actor's stream up to a seq; None if that is not here."""
        head = self.head(actor)
        if seq == head.seq:
            return head.last
        row = self._row("last", actor, seq)
        return None if row is None else int(row)

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the chain's hash at a seq; None if that is not here."""
        if seq == 0:
            return NO_HASH
        head = self.head(actor)
        if seq == head.seq:
            return head.hash
        return self._row("hash", actor, seq)

    def _row(self, column: str, actor: int, seq: int) -> bytes | None:
        row = self._conn.execute(
            f"SELECT {column} FROM log WHERE actor = ? AND seq = ?", (self._ids.get(actor), seq)
        ).fetchone()
        return None if row is None else row[0]

    def append(self, change: Change, data: bytes, note: int) -> int:
        """Store a change that follows its actor's last one; return its log id."""
        head = self.heads.get(change.actor)
        if head is None:
            head = self.heads[change.actor] = Head()
        head.seq = change.seq
        head.last = change.last
        head.hash = chain(head.hash, data)
        id = self._ids.get(change.actor)
        if id is None:
            id = self._ids[change.actor] = len(self._ids) + 1
            self._conn.execute(
                "INSERT INTO actors VALUES (?, ?, ?, ?, ?)",
                (id, change.actor, head.seq, head.last, head.hash),
            )
        self.tip += 1
        self._conn.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.tip, id, change.seq, note, head.last, head.hash, data),
        )
        if change.deps:
            self._record_deps(change)
        return self.tip

    def _record_deps(self, change: Change) -> None:
        seen = self.seen(change.actor)
        for actor, seq in change.deps:
            last = self.last_at(actor, seq) or 0
            seen[actor] = (seq, last)
            self._conn.execute(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", (change.actor, actor, seq, last)
            )

    def save_heads(self, actors: set[int]) -> None:
        """Write the heads of these actors' streams, once a transaction."""
        self._conn.executemany(
            "UPDATE actors SET seq = ?, last = ?, hash = ? WHERE id = ?",
            [
                (head.seq, head.last, head.hash, self._ids[actor])
                for actor in actors
                for head in (self.heads[actor],)
            ],
        )

    def of_note(self, note: int, after: int) -> Iterator[tuple[int, bytes]]:
        """Yield `(log id, bytes)` of a note's changes that came after a log id."""
        yield from self._conn.execute(
            "SELECT id, data FROM log WHERE note = ? AND id > ? ORDER BY id", (note, after)
        ).fetchall()

    def missing(self, version: Mapping[int, int]) -> Iterator[bytes]:
        """Return an iterator over the bytes of the changes beyond `version`, in causal order.

        Cost follows what is missing. Reads in pages; changes that come meanwhile are not included.
        """
        streams = [
            self._stream(self._ids[actor], version.get(actor, 0), head.seq)
            for actor, head in self.heads.items()
            if head.seq > version.get(actor, 0)
        ]
        return (data for _, data in merge(*streams))

    def _stream(self, actor: int, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
        """Yield `(log id, bytes)` of one actor's changes `after+1 … upto`, in order of both."""
        while after < upto:
            page: list[tuple[int, bytes]] = []
            size = 0
            cursor = self._conn.execute(
                "SELECT id, seq, data FROM log WHERE actor = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
                (actor, after, upto, PAGE),
            )
            for id, seq, data in cursor:
                page.append((id, data))
                size += len(data)
                after = seq
                if size > PAGE_BYTES:
                    break
            cursor.close()
            if not page:
                return
            yield from page
