"""Packed parts of the log: each run of one actor's small changes is one compressed block.

A block's changes keep their log ids and their exact bytes. Blocks are never modified, only replaced by
larger ones.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import msgspec

from crdtnotes.changes.batch import Form, Packed, open_piece
from crdtnotes.changes.change import Change, chain
from crdtnotes.errors import Damaged, DecodeError

MAX_OPEN_BLOCKS = 2
"""Blocks that stay decoded in memory."""

_COLUMNS = "blocks.id, actor, seq, until, start, last, before, hash, closed, ids, length, data"

_ids_encoder = msgspec.msgpack.Encoder()
_ids_decoder = msgspec.msgpack.Decoder(list[int])


class Entry(NamedTuple):
    """One change in the log: its log id, the change, its bytes, and the chain's hash there."""

    id: int
    change: Change
    data: bytes
    hash: bytes


class Block(NamedTuple):
    """A block as it is stored: changes `seq … until` of the actor with this row id.

    `id` is the log id of its last change. `start` is the first counter in it, `last` the highest; `before`
    and `hash` are the chain's hashes before and after it. `closed`: only its first change has deps.
    """

    id: int
    actor: int
    seq: int
    until: int
    start: int
    last: int
    before: bytes
    hash: bytes
    closed: bool
    ids: bytes
    packed: Packed

    def entries(self) -> list[Entry]:
        """Return the changes; raises Damaged if they are not the ones that were packed."""
        count = self.until - self.seq + 1
        try:
            opened = open_piece(self.packed)
            ids = _ids_decoder.decode(self.ids) if self.ids else range(self.id - count + 1, self.id + 1)
        except (DecodeError, msgspec.DecodeError) as error:
            raise Damaged(f"A packed part of the log is damaged ({error})") from None
        result: list[Entry] = []
        tip = self.before
        if len(opened) != count or len(ids) != count:
            raise Damaged("A packed part of the log is damaged: it does not contain the expected changes.")
        for id, (change, data) in zip(ids, opened, strict=True):
            tip = chain(tip, data)
            result.append(Entry(id, change, data, tip))
        if tip != self.hash:
            raise Damaged("A packed part of the log is damaged: its hash does not match.")
        if not self._describes(result):
            raise Damaged("A packed part of the log is damaged: its description does not match its changes.")
        return result

    def _describes(self, entries: list[Entry]) -> bool:
        """Whether the block's other columns match these changes."""
        changes = [entry.change for entry in entries]
        return (
            changes[0].seq == self.seq
            and (changes[0].start, changes[-1].last) == (self.start, self.last)
            and self.closed != any(change.deps for change in changes[1:])
            and entries[-1].id == self.id
            and all(former.id < latter.id for former, latter in pairwise(entries))
        )


class Blocks:
    """The blocks of a replica. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._open: OrderedDict[int, tuple[Block, list[Entry]]] = OrderedDict()

    def forget(self) -> None:
        """Drop the decoded blocks: another process may have replaced them."""
        self._open.clear()

    def entries(self, block: Block) -> list[Entry]:
        """Return the changes of a block; raises Damaged if the block, as just read, is not intact."""
        known, entries = self._open.get(block.id, (None, []))
        if known != block:
            entries = block.entries()
            self._open[block.id] = (block, entries)
            while len(self._open) > MAX_OPEN_BLOCKS:
                self._open.popitem(last=False)
        self._open.move_to_end(block.id)
        return entries

    def holding(self, actor: int, seq: int) -> Block | None:
        """Return the block that contains this change of the actor with this row id; None if none does."""
        for block in self._read("WHERE actor = ? AND until >= ? ORDER BY until LIMIT 1", (actor, seq)):
            if block.seq <= seq:
                return block
        return None

    def place(self, actor: int, seq: int) -> tuple[int, bytes] | None:
        """Return the highest counter and the chain's hash at a packed change; None if it is in no block."""
        block = self.holding(actor, seq)
        if block is None:
            return None
        if block.until == seq:
            return block.last, block.hash
        entry = self.entries(block)[seq - block.seq]
        return entry.change.last, entry.hash

    def notes(self, block: Block) -> set[bytes]:
        """Return the ids of the notes that `block_notes` lists for a block."""
        return {
            uid
            for (uid,) in self._conn.execute(
                "SELECT uid FROM block_notes LEFT JOIN notes ON notes.id = note WHERE block = ?", (block.id,)
            )
        }

    def of_note(self, note: int, after: int) -> list[Block]:
        """Return the blocks with changes of a note that end after a log id, ordered by id."""
        return list(
            self._read(
                "JOIN block_notes ON block = blocks.id WHERE note = ? AND block > ? ORDER BY block",
                (note, after),
            )
        )

    def of_actor(self, actor: int) -> Iterator[Block]:
        """Yield an actor's blocks in order, one read at a time."""
        after = 0
        while block := next(
            self._read("WHERE actor = ? AND until > ? ORDER BY until LIMIT 1", (actor, after)), None
        ):
            yield block
            after = block.until

    def add(
        self, actor: int, before: bytes, entries: list[Entry], packed: Packed, notes: Iterable[int]
    ) -> None:
        """Store a block of these changes, which edit the notes with these row ids."""
        first, end = entries[0], entries[-1]
        count = len(entries)
        consecutive = end.id - first.id == count - 1
        self._conn.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                end.id,
                actor,
                first.change.seq,
                end.change.seq,
                first.change.start,
                end.change.last,
                before,
                end.hash,
                not any(entry.change.deps for entry in entries[1:]),
                b"" if consecutive else _ids_encoder.encode([entry.id for entry in entries]),
                packed.length,
                packed.data,
            ),
        )
        self._conn.executemany(
            "INSERT INTO block_notes VALUES (?, ?)", [(note, end.id) for note in sorted(set(notes))]
        )

    def remove(self, block: Block) -> None:
        """Remove a block: its changes are stored elsewhere from now on."""
        self._conn.execute("DELETE FROM block_notes WHERE block = ?", (block.id,))
        self._conn.execute("DELETE FROM blocks WHERE id = ?", (block.id,))
        self._open.pop(block.id, None)

    def _read(self, where: str, values: tuple[int, ...]) -> Iterator[Block]:
        for id, actor, seq, until, start, last, before, tip, closed, ids, length, data in self._conn.execute(
            f"SELECT {_COLUMNS} FROM blocks {where}", values
        ).fetchall():
            numbers = (id, actor, seq, until, start, last, closed, length)
            if not (
                all(isinstance(number, int) for number in numbers)
                and all(isinstance(value, bytes) for value in (before, tip, ids, data))
            ):
                raise Damaged("A packed part of the log is damaged: a column has the wrong type.")
            packed = Packed(Form.BLOCK, length, data)
            yield Block(id, actor, seq, until, start, last, before, tip, bool(closed), ids, packed)
