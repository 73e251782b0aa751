"""Dictionaries for the log: what many of its changes have in common is stored once (RFC 8878, 5).

Rules
    - Only `condense` compresses with a dictionary. The frame names it. What leaves the log never needs one.
    - A dictionary is never changed. It is kept twice, each copy with its sum: were it lost, so would be all
      that needs it.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from hashlib import blake2b
from typing import Protocol

from crdtnotes.changes.batch import Packed, Piece
from crdtnotes.changes.compression import HEADER, Dictionary, decompress, dictionary_of, trained
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.store.database import batched

SIZE = 64 * 1024
"""Bytes of a dictionary, at the most."""

WORTH = 2 * 1024 * 1024
"""Bytes of compressed changes that make a dictionary worth its place."""

_SAMPLES = 1000
_SAMPLE_BYTES = 32 * 1024
_COPIES = 2
_AT_A_TIME = 256
_SUM = 8

_DAMAGED = "A dictionary of the log in the vault's file is damaged; `crdtnotes repair` saves what it can."

Progress = Callable[[int, int], None]
"""Called with the changes that were compressed anew so far, and all that are to be."""


class Host(Protocol):
    """What condensing needs of a replica."""

    @property
    def conn(self) -> sqlite3.Connection:
        """The connection to its file."""

    def transaction(self) -> AbstractContextManager[None]:
        """Hold the replica for writing."""


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


def condense(replica: Host, *, worth: int = WORTH, progress: Progress | None = None) -> int:
    """Compress the log's large changes anew, with a dictionary; return how many are smaller now.

    Only where they come to `worth` bytes. Each is read back before its row changes.
    """
    conn, dictionaries = replica.conn, Dictionaries(replica.conn)
    wanting = [
        (id, size)
        for id, size, header in conn.execute(
            "SELECT id, length(data), substr(data, 1, ?) FROM log WHERE length IS NOT NULL", (HEADER,)
        )
        if isinstance(header, bytes) and dictionary_of(header) == 0
    ]
    if sum(size for _, size in wanting) < worth:
        return 0
    ids = [id for id, _ in wanting]
    dictionary = dictionaries.latest()
    if dictionary is None:
        chosen = ids[:: len(ids) // _SAMPLES + 1]
        made = trained([data[:_SAMPLE_BYTES] for _, _, data in _changes(conn, chosen)], SIZE)
        if made is None:
            return 0
        with replica.transaction():
            dictionary = dictionaries.add(made)
    smaller = 0
    for number, some in enumerate(batched(ids, _AT_A_TIME)):
        if progress is not None:
            progress(number * _AT_A_TIME, len(ids))
        with replica.transaction():
            rows = [
                (condensed, id)
                for id, size, data in _changes(conn, some)
                if len(condensed := dictionary.compress(data)) < size
                and dictionary.decompress(condensed, len(data)) == data
            ]
            conn.executemany("UPDATE log SET data = ? WHERE id = ?", rows)
            smaller += len(rows)
    if progress is not None:
        progress(len(ids), len(ids))
    return smaller


def _changes(conn: sqlite3.Connection, ids: Iterable[object]) -> Iterator[tuple[object, int, bytes]]:
    """Yield `(log id, bytes in its row, bytes)` of these changes, but for those that need a dictionary now.

    One that cannot be read is left as it is: `check` names it.
    """
    for id in ids:
        row = conn.execute("SELECT length, data FROM log WHERE id = ?", (id,)).fetchone()
        if row is not None and isinstance(row[0], int) and isinstance(row[1], bytes):
            length, data = row
            if dictionary_of(data) == 0:
                with suppress(DecodeError):
                    content = decompress(data, length)
                    yield id, len(data), content


def _is_whole(stored: object, data: object) -> bool:
    return isinstance(data, bytes) and _sum(data) == stored


def _sum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM).digest()
