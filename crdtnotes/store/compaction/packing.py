"""Packing the log: runs of one actor's small changes become blocks (`store/log/blocks.py`).

Rules
    - What is packed is settled: each change is in its note's snapshot, so that a block is opened only by
      who asks for history, or lags behind.
    - A change that serves as a bare note's snapshot (`store/views/documents.py`) stays in its row.
    - A block is read back, and every change's bytes and hash compared, before the rows are gone for good:
      block, rows and what tells of them change in one transaction, so a crash leaves the one or the other.
    - A small block at the end of a stream is packed anew with what follows it.
    - A block ends where a lasting signature covers its stream (`store/signing/checkpoints.py`), so that it
      can be sent as it is stored.
"""

import sqlite3
from collections.abc import Iterator

from crdtnotes.changes import block
from crdtnotes.changes.batch import Form, Packed
from crdtnotes.changes.change import NO_HASH
from crdtnotes.changes.codec import decode
from crdtnotes.changes.compression import SMALL, compress
from crdtnotes.changes.limits import MAX_BLOCK_BYTES
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.log.blocks import Block, Entry

LEAST = 64
"""Fewer changes than this in a row are not worth a block."""

MOST = 8192
"""Changes in a block: opening one takes some 20 µs each."""

DUE = 1024
"""Changes in a row at a stream's end that make packing them worth while while nobody asked for it."""

SMALL_CHANGE = 1024
"""Bytes up to which a change goes into a block."""

MOST_IN_COLUMNS = 2
"""Columns take less room than the changes, or at the worst up to so many times as much: where each of many
insertions goes to the beginning of a text, its place there takes a few bytes, and one in the change."""

_BYTES = MAX_BLOCK_BYTES // MOST_IN_COLUMNS
# What the changes of a block come to, at most.

_CANDIDATES = """log INDEXED BY log_small JOIN notes ON notes.id = note
    WHERE length IS NULL AND length(data) <= ? AND log.id <= upto
    AND EXISTS (SELECT 1 FROM texts WHERE texts.note = log.note)"""
# Small changes that are settled, each in a row that is nobody's snapshot.


def pack(replica: ReplicaCore, *, least: int = LEAST, progress: Progress = no_progress) -> int:
    """Pack what can be packed, a transaction for each block; return how many changes went into blocks.

    `progress` counts the changes that were looked at.
    """
    with replica.reading():
        actors = list(replica.log.heads)
        total = sum(head.seq for head in replica.log.heads.values())
    packed = done = 0
    for actor in actors:
        after = 0
        while True:
            with replica.transaction():
                run = _next_run(replica, actor, after, least)
                if run is None:
                    break
                packed += _store(replica, actor, run)
            after = run[-1][0].change.seq
            progress(done + after, total)
        done += replica.log.head(actor).seq
    progress(total, total)
    return packed


def is_due(replica: ReplicaCore) -> bool:
    """Return whether some stream has so many changes that are not packed that it is worth while."""
    with replica.reading():
        found = replica.conn.execute(
            f"SELECT 1 FROM {_CANDIDATES} GROUP BY actor HAVING count(*) >= ? LIMIT 1", (SMALL_CHANGE, DUE)
        ).fetchone()
    return found is not None


_Run = list[tuple[Entry, int]]
"""Consecutive changes, each with the row of its note."""


def _next_run(replica: ReplicaCore, actor: int, after: int, least: int) -> _Run | None:
    """Return the next changes beyond a seq that are to be one block; None where there are no more."""
    row = replica.log.row_of(actor)
    ends = replica.signer.checkpoints.ends(actor)
    run: _Run = []
    size = 0
    for entry, note in _candidates(replica.conn, row, after):
        full = len(run) >= MOST or size > _BYTES or (bool(run) and run[-1][0].change.seq in ends)
        if run and (full or entry.change.seq != run[-1][0].change.seq + 1):
            if len(run) >= least:
                break
            run, size = [], 0
        run.append((entry, note))
        size += len(entry.data)
    return run if len(run) >= least else None


def _candidates(conn: sqlite3.Connection, actor: int, after: int) -> Iterator[tuple[Entry, int]]:
    """Yield an actor's small and settled changes that lie in rows, with the rows of their notes."""
    for id, note, tip, data in conn.execute(
        f"SELECT log.id, note, hash, data FROM {_CANDIDATES} AND actor = ? AND seq > ? ORDER BY seq",
        (SMALL_CHANGE, actor, after),
    ):
        try:
            change = decode(data)
        except DecodeError as error:
            raise Damaged(f"A change in the vault's file is damaged: {error}") from None
        if block.packable(change):
            yield Entry(id, change, data, tip), note


def _store(replica: ReplicaCore, actor: int, run: _Run) -> int:
    """Put a run into a block, with the small block before it if there is one; return the run's length."""
    conn, log = replica.conn, replica.log
    row = log.row_of(actor)
    first, end = run[0][0], run[-1][0]
    entries = [entry for entry, _ in run]
    notes = {note for _, note in run}
    before = log.hash_at(actor, first.change.seq - 1) or NO_HASH
    former = log.blocks.holding(row, first.change.seq - 1)
    if (
        former is not None
        and former.until not in replica.signer.checkpoints.ends(actor)
        and _fits_before(former, entries)
    ):
        entries = former.entries() + entries
        notes |= {
            note for (note,) in conn.execute("SELECT note FROM block_notes WHERE block = ?", (former.id,))
        }
        before = former.before
        log.blocks.remove(former)
    data = block.pack([entry.change for entry in entries])
    packed = Packed(Form.BLOCK, len(data), compress(data, SMALL))
    conn.execute(
        "DELETE FROM log WHERE actor = ? AND seq BETWEEN ? AND ?", (row, first.change.seq, end.change.seq)
    )
    log.blocks.add(row, before, entries, packed, notes)
    # Read back from the file: log ids, bytes and hashes, those of each change.
    stored = log.blocks.holding(row, end.change.seq)
    if stored is None or log.blocks.entries(stored) != entries:
        raise Damaged("Changes could not be packed so that they come back as they were; nothing was packed.")
    return len(run)


def _fits_before(former: Block, entries: list[Entry]) -> bool:
    """Whether a block is small enough to be packed anew with the changes that follow it."""
    count = former.until - former.seq + 1
    size = former.packed.length + MOST_IN_COLUMNS * sum(len(entry.data) for entry in entries)
    return count < MOST // 2 and count + len(entries) <= MOST and size <= MAX_BLOCK_BYTES
