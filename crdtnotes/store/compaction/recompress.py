"""Large changes of the log are compressed again, with a dictionary of what many of them have in common."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress

from crdtnotes.changes.compression import HEADER, decompress, dictionary_of, trained
from crdtnotes.errors import DecodeError
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.file.database import batched
from crdtnotes.store.log.dictionaries import SIZE, Dictionaries

MIN_LOG_BYTES = 2 * 1024 * 1024
"""Bytes of compressed changes from which on a dictionary saves more than it takes."""

_SAMPLES = 1000
_SAMPLE_BYTES = 32 * 1024
_AT_A_TIME = 256


def recompress(
    replica: ReplicaCore, *, at_least: int = MIN_LOG_BYTES, progress: Progress = no_progress
) -> int:
    """Compress the log's large changes anew, with a dictionary; return how many are smaller now.

    Only where they come to `at_least` bytes. Each is read back before its row changes. `progress` counts the
    changes that were compressed again.
    """
    conn, dictionaries = replica.conn, Dictionaries(replica.conn)
    wanting = [
        (id, size)
        for id, size, header in conn.execute(
            "SELECT id, length(data), substr(data, 1, ?) FROM log WHERE length IS NOT NULL", (HEADER,)
        )
        if isinstance(header, bytes) and dictionary_of(header) == 0
    ]
    if sum(size for _, size in wanting) < at_least:
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
