"""Packing the log: runs of one actor's small changes become blocks (`store/log/blocks.py`).

Rules
    - Only changes that are in their note's snapshot are packed, so that a block is opened only to read
      history, or by a reader that lags behind.
    - A change that serves as the snapshot of a birth-only note (`store/views/documents.py`) stays in its row.
    - A block is read back, and the bytes and hash of every change are compared, before the rows are deleted
      for good. The block, the rows and the tables that refer to them change in one transaction, so a crash
      leaves the one or the other.
    - The changes of a block are of one format.
    - A small block at the end of a stream is packed again together with the changes that follow it.
    - A block ends where its stream is signed at a lasting checkpoint (`store/signing/checkpoints.py`), so
      that it can be sent as it is stored.
"""

import sqlite3
from collections.abc import Iterator

from crdtnotes.changes import block
from crdtnotes.changes.batch import Form, Packed
from crdtnotes.changes.change import NO_HASH, Change
from crdtnotes.changes.codec import decode
from crdtnotes.changes.compression import SMALL, compress
from crdtnotes.changes.limits import MAX_BLOCK_BYTES
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.log.blocks import Block, Entry

MIN_BLOCK_CHANGES = 64
"""The fewest consecutive changes that are packed into a block."""

MAX_BLOCK_CHANGES = 8192
"""The most changes in a block: opening a block takes some 20 µs for each."""

MAX_SMALL_CHANGE_BYTES = 1024
"""The largest change, in bytes, that goes into a block."""

MAX_COLUMN_GROWTH = 2
"""Columns take less room than the changes, or at worst this many times as much: if each of many insertions
goes to the beginning of a text, its position takes a few bytes in a column, and one in the change."""

_BYTES = MAX_BLOCK_BYTES // MAX_COLUMN_GROWTH
# The most bytes of changes in a block.

_CANDIDATES = """log INDEXED BY log_small JOIN notes ON notes.id = note
    WHERE length IS NULL AND length(data) <= ? AND log.id <= upto
    AND EXISTS (SELECT 1 FROM texts WHERE texts.note = log.note)"""
# Small changes that are in a stored snapshot, each in a row that does not itself serve as one.


def pack(replica: ReplicaCore, *, least: int = MIN_BLOCK_CHANGES, progress: Progress = no_progress) -> int:
    """Pack all changes that can be packed, one transaction a block; return how many went into blocks.

    `progress` counts the changes processed.
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


def is_due(replica: ReplicaCore, least: int) -> bool:
    """Return whether some stream has at least this many changes that could be packed."""
    with replica.reading():
        found = replica.conn.execute(
            f"SELECT 1 FROM {_CANDIDATES} GROUP BY actor HAVING count(*) >= ? LIMIT 1",
            (MAX_SMALL_CHANGE_BYTES, least),
        ).fetchone()
    return found is not None


_Run = list[tuple[Entry, int]]
"""Consecutive changes, each with the row of its note."""


def _next_run(replica: ReplicaCore, actor: int, after: int, least: int) -> _Run | None:
    """Return the next changes beyond a seq that are to become one block; None if there are no more."""
    row = replica.log.row_of(actor)
    ends = replica.signer.checkpoints.lasting_ends(actor)
    run: _Run = []
    size = 0
    for entry, note in _candidates(replica.conn, row, after):
        full = len(run) >= MAX_BLOCK_CHANGES or size > _BYTES or (bool(run) and run[-1][0].change.seq in ends)
        if run and (full or not _continues(run[-1][0].change, entry.change)):
            if len(run) >= least:
                break
            run, size = [], 0
        run.append((entry, note))
        size += len(entry.data)
    return run if len(run) >= least else None


def _continues(last: Change, change: Change) -> bool:
    """Whether a change can follow another one in a block: the next of the stream, in the same format."""
    return change.seq == last.seq + 1 and change.format == last.format


def _candidates(conn: sqlite3.Connection, actor: int, after: int) -> Iterator[tuple[Entry, int]]:
    """Yield an actor's changes that can be packed, with the rows of their notes."""
    for id, note, tip, data in conn.execute(
        f"SELECT log.id, note, hash, data FROM {_CANDIDATES} AND actor = ? AND seq > ? ORDER BY seq",
        (MAX_SMALL_CHANGE_BYTES, actor, after),
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
        and former.until not in replica.signer.checkpoints.lasting_ends(actor)
        and _fits_before(former, entries)
        and (earlier := log.blocks.entries(former))[-1].change.format == first.change.format
    ):
        entries = earlier + entries
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
    # Read the block back from the file and compare the log id, bytes and hash of each change.
    stored = log.blocks.holding(row, end.change.seq)
    if stored is None or log.blocks.entries(stored) != entries:
        raise Damaged("Packed changes did not read back as they were, so nothing was packed.")
    return len(run)


def _fits_before(former: Block, entries: list[Entry]) -> bool:
    """Whether a block is small enough to be packed again together with the changes that follow it."""
    count = former.until - former.seq + 1
    size = former.packed.length + MAX_COLUMN_GROWTH * sum(len(entry.data) for entry in entries)
    return (
        count < MAX_BLOCK_CHANGES // 2
        and count + len(entries) <= MAX_BLOCK_CHANGES
        and size <= MAX_BLOCK_BYTES
    )
