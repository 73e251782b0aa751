"""Compression dictionaries for the log: content that many changes share is stored once (RFC 8878, 5).

Rules
    - Only `compaction/recompress.py` compresses with a dictionary. The frame names it. Changes that leave the
      log never need one.
    - A dictionary is never modified. It is stored twice, each copy with its checksum, because without it
      all changes that need it would be lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from crdtnotes.changes.batch import Packed, Piece
from crdtnotes.errors import Damaged

if TYPE_CHECKING:
    from crdtnotes.changes.compression import Dictionary

SIZE = 64 * 1024
"""The most bytes in a dictionary."""

_COPIES = 2
_SUM = 8

_DAMAGED = "A dictionary of the log in the vault's file is damaged; `crdtnotes repair` saves what it can."


class Dictionaries:
    """The dictionaries of one file. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[int, Dictionary] = {}

    def plain(self, piece: Packed) -> Piece:
        """Return the change in a form that needs no dictionary; raises DecodeError or Damaged."""
        from crdtnotes.changes.compression import dictionary_of

        id = dictionary_of(piece.data)
        return piece if id == 0 else self.get(id).decompress(piece.data, piece.length)

    def get(self, id: int) -> Dictionary:
        """Return the dictionary with this number, from whichever copy is intact; raises Damaged."""
        if id not in self._known:
            self._known[id] = self._read(id)
        return self._known[id]

    def _read(self, id: int) -> Dictionary:
        from crdtnotes.changes.compression import Dictionary

        for copy in range(_COPIES):
            try:
                row = self._conn.execute(
                    "SELECT sum, data FROM dictionaries WHERE id = ? AND copy = ?", (id, copy)
                ).fetchone()
            except sqlite3.OperationalError:
                raise  # busy, or no such table
            except sqlite3.DatabaseError:
                continue  # its pages are damaged
            if row is not None and _is_whole(*row):
                return Dictionary(row[1])
        raise Damaged(_DAMAGED)

    def latest(self) -> Dictionary | None:
        """Return the newest dictionary; None if there is none."""
        row = self._conn.execute("SELECT id FROM dictionaries ORDER BY rowid DESC LIMIT 1").fetchone()
        return None if row is None else self.get(row[0])

    def add(self, data: bytes) -> Dictionary:
        """Store a dictionary."""
        from crdtnotes.changes.compression import Dictionary

        dictionary = Dictionary(data)
        self._known[dictionary.id] = dictionary
        self._conn.executemany(
            "INSERT OR IGNORE INTO dictionaries VALUES (?, ?, ?, ?)",
            [(dictionary.id, copy, _sum(data), data) for copy in range(_COPIES)],
        )
        return dictionary

    def clear(self) -> None:
        """Delete all dictionaries: nothing in the log is compressed with them any more."""
        self._known.clear()
        self._conn.execute("DELETE FROM dictionaries")

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each damaged copy."""
        for id, copy, stored, data in self._conn.execute("SELECT id, copy, sum, data FROM dictionaries"):
            if not _is_whole(stored, data):
                yield f"Copy {copy} of the log's dictionary {id} is damaged."


def _is_whole(stored: object, data: object) -> bool:
    return isinstance(data, bytes) and _sum(data) == stored


def _sum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM).digest()
