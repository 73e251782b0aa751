"""Dictionaries for the log: what many of its changes have in common is stored once (RFC 8878, 5).

Rules
    - Only `compaction/recompress.py` compresses with a dictionary. The frame names it. What leaves the log
      never needs one.
    - A dictionary is never changed. It is kept twice, each copy with its sum: were it lost, so would be all
      that needs it.
"""

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b

from crdtnotes.changes.batch import Packed, Piece
from crdtnotes.changes.compression import Dictionary, dictionary_of
from crdtnotes.errors import Damaged

SIZE = 64 * 1024
"""Bytes of a dictionary, at the most."""

_COPIES = 2
_SUM = 8

_DAMAGED = "A dictionary of the log in the vault's file is damaged; `crdtnotes repair` saves what it can."


class Dictionaries:
    """The dictionaries of one file. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[int, Dictionary] = {}

    def plain(self, piece: Packed) -> Piece:
        """Return a change for whose bytes no dictionary is needed; raises DecodeError or Damaged."""
        id = dictionary_of(piece.data)
        return piece if id == 0 else self.get(id).decompress(piece.data, piece.length)

    def get(self, id: int) -> Dictionary:
        """Return the dictionary with this number, from whichever copy is whole; raises Damaged."""
        if id not in self._known:
            self._known[id] = self._read(id)
        return self._known[id]

    def _read(self, id: int) -> Dictionary:
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
        """Return the dictionary that was made last; None where there is none."""
        row = self._conn.execute("SELECT id FROM dictionaries ORDER BY rowid DESC LIMIT 1").fetchone()
        return None if row is None else self.get(row[0])

    def add(self, data: bytes) -> Dictionary:
        """Store a dictionary."""
        dictionary = Dictionary(data)
        self._known[dictionary.id] = dictionary
        self._conn.executemany(
            "INSERT OR IGNORE INTO dictionaries VALUES (?, ?, ?, ?)",
            [(dictionary.id, copy, _sum(data), data) for copy in range(_COPIES)],
        )
        return dictionary

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each copy that is not whole."""
        for id, copy, stored, data in self._conn.execute("SELECT id, copy, sum, data FROM dictionaries"):
            if not _is_whole(stored, data):
                yield f"Copy {copy} of the log's dictionary {id} is damaged."


def _is_whole(stored: object, data: object) -> bool:
    return isinstance(data, bytes) and _sum(data) == stored


def _sum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM).digest()
