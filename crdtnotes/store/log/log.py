"""The log: every change that this replica has, in its author's bytes, chained by hash.

A change is stored in a row of its own, compressed if it is large, or with others in a block (`blocks.py`).
Log ids number changes in the order in which they came, which is a causal order; a change keeps its id.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush, merge
from itertools import chain as concatenated
from typing import Any

from msgspec import Struct

from crdtnotes.changes.batch import Opened, Packed, Piece, open_piece
from crdtnotes.changes.change import NO_HASH, Change, chain, chained
from crdtnotes.crdt.version import Version
from crdtnotes.errors import Damaged, DecodeError, InvalidChange
from crdtnotes.store.log.blocks import Block, Blocks, Entry
from crdtnotes.store.log.dep_index import DepIndex
from crdtnotes.store.log.dictionaries import Dictionaries
from crdtnotes.store.log.erased import ErasedTips
from crdtnotes.store.log.leaves import Leaves
from crdtnotes.store.log.recent import RecentChanges
from crdtnotes.store.log.rows import PAGE, Next, Rows, shrunk

_DAMAGED = "A change in the vault's log is damaged; run `crdtnotes repair`."


class Head(Struct):
    """The end of one actor's stream: its last seq, its highest counter, the chain's hash."""

    seq: int = 0
    last: int = 0
    hash: bytes = NO_HASH


class Log:
    """The streams of all actors. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.erased = ErasedTips(conn)
        self.blocks = Blocks(conn)
        self.dictionaries = Dictionaries(conn)
        self.rows = Rows(conn, self.dictionaries, self.erased)
        self.heads: dict[int, Head] = {}
        self.tip = 0
        self._moved: set[int] = set()
        self.grown: dict[int, int] = {}
        """The bytes by which each stream has grown since the caller last cleared this."""
        self._ids: dict[int, int] = {}
        self.recent = RecentChanges()
        """The last changes that this process stored."""
        self._seen: dict[int, dict[int, tuple[int, int]]] = {}
        self._leaves = Leaves(conn)
        self.dep_index = DepIndex(conn)

    def refresh(self) -> None:
        """Read the heads again: another process may have written."""
        before = dict(self.heads) if self._leaves.computed else {}
        self.heads.clear()
        self._moved.clear()
        self._ids.clear()
        self._seen.clear()
        self.blocks.forget()
        self.recent.clear()
        self.erased.refresh()
        for id, actor, seq, last, tip in self._conn.execute("SELECT id, actor, seq, last, hash FROM actors"):
            if not (isinstance(actor, int) and isinstance(seq, int) and isinstance(last, int)):
                raise Damaged("The log of the vault's file is damaged; run `crdtnotes repair`.")
            self._ids[actor] = id
            self.heads[actor] = Head(seq, last, tip)
        if self._leaves.computed:
            if any(self.head(actor).seq < head.seq for actor, head in before.items()):
                self._leaves.forget()
            self._leaves.grow([actor for actor, head in self.heads.items() if before.get(actor) != head])
        (self.tip,) = self._conn.execute(
            "SELECT max((SELECT ifnull(max(id), 0) FROM log), (SELECT ifnull(max(id), 0) FROM blocks))"
        ).fetchone()

    def forget(self) -> None:
        """Note that a transaction was rolled back; `refresh` must follow before the log is used again."""
        self._leaves.forget()

    def leaves(self) -> frozenset[int]:
        """Return the actors whose last change no other change depends on (`leaves.py`)."""
        return self._leaves.of(self.heads)

    def version(self) -> Version:
        """Return the version vector."""
        return {actor: head.seq for actor, head in self.heads.items() if head.seq}

    def head(self, actor: int) -> Head:
        """Return the end of an actor's stream; for an unknown actor, the state before its first change."""
        return self.heads.get(actor) or Head()

    def row_of(self, actor: int) -> int:
        """Return the row id of an actor that is known here."""
        return self._ids[actor]

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
        place = self._place(actor, seq)
        return None if place is None else place[0]

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the chain's hash at a seq; None if that is not here."""
        if seq == 0:
            return NO_HASH
        head = self.head(actor)
        if seq == head.seq:
            return head.hash
        place = self._place(actor, seq)
        return None if place is None else place[1]

    def _place(self, actor: int, seq: int) -> tuple[int, bytes] | None:
        """Return the highest counter and the chain's hash at a seq."""
        row = self._ids.get(actor)
        if row is None:
            return None
        found = self._conn.execute(
            "SELECT last, hash FROM log WHERE actor = ? AND seq = ?", (row, seq)
        ).fetchone()
        if found is not None:
            return int(found[0]), bytes(found[1])
        return self.blocks.place(row, seq)

    # -- writing

    def advance(self, change: Change, data: bytes) -> int:
        """Advance the log to a change that follows its actor's last one; return its log id.

        The caller must then store it with `write` or `write_block`. Raises InvalidChange for an erased change
        that belongs nowhere.
        """
        if change.is_erased and chain(self.head(change.actor).hash, data) not in self.erased:
            raise InvalidChange(f"Change {change.seq} of {change.actor:016x} was not erased by a device.")
        head = self.heads.get(change.actor)
        if head is None:
            head = self.heads[change.actor] = Head()
        head.seq = change.seq
        head.last = change.last
        head.hash = self.chain(head.hash, change, data)
        self._moved.add(change.actor)
        self.grown[change.actor] = self.grown.get(change.actor, 0) + len(data)
        if change.actor not in self._ids:
            id = self._ids[change.actor] = len(self._ids) + 1
            self._conn.execute(
                "INSERT INTO actors VALUES (?, ?, ?, ?, ?)",
                (id, change.actor, head.seq, head.last, head.hash),
            )
        self.tip += 1
        if change.deps:
            self._record_deps(change)
        self._leaves.advance(change.actor, change.deps, self.heads)
        return self.tip

    def write(self, change: Change, piece: Piece, note: int) -> None:
        """Store the change that the log was last advanced to: its bytes, compressed or not."""
        size = len(piece.data) if isinstance(piece, Packed) else len(piece)
        self.recent.add(self.tip, note, change, size)
        small = shrunk(piece)
        length, data = (small.length, small.data) if isinstance(small, Packed) else (None, small)
        head = self.heads[change.actor]
        self._conn.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.tip, self._ids[change.actor], change.seq, note, head.last, head.hash, length, data),
        )

    def write_block(self, before: bytes, opened: Opened, notes: list[int]) -> None:
        """Store the changes that the log was last advanced to as the block in which they came.

        `before` is the chain's hash before the block.
        """
        if not isinstance(opened.piece, Packed):
            raise TypeError("A single change is not a block.")
        entries: list[Entry] = []
        first = self.tip - len(opened.changes) + 1
        tip = before
        for id, (change, data) in enumerate(opened.changes, first):
            tip = self.chain(tip, change, data)
            entries.append(Entry(id, change, data, tip))
            self.recent.add(id, notes[id - first], change, len(data))
        self.blocks.add(self._ids[entries[0].change.actor], before, entries, opened.piece, notes)

    def chain(self, before: bytes, change: Change, data: bytes) -> bytes:
        """Return the hash of a stream up to a change, erased or not; `before` is the hash before it."""
        return chained(before, change, data, self.erased)

    def _record_deps(self, change: Change) -> None:
        seen = self.seen(change.actor)
        for actor, seq in change.deps:
            last = self.last_at(actor, seq) or 0
            seen[actor] = (seq, last)
            self._conn.execute(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", (change.actor, actor, seq, last)
            )
        author = self._ids[change.actor]
        self.dep_index.record(
            (self.tip, author, change.seq, self._ids[actor], seq) for actor, seq in change.deps
        )

    def clear(self) -> None:
        """Delete every change; the caller must rewrite the log in the same transaction."""
        for table in ("log", "blocks", "block_notes", "actors", "seen"):
            self._conn.execute(f"DELETE FROM {table}")
        self.dep_index.clear()
        self.heads.clear()
        self._moved.clear()
        self._ids.clear()
        self._seen.clear()
        self._leaves.forget()
        self.recent.clear()
        self.blocks.forget()
        self.tip = 0

    def save_heads(self) -> None:
        """Store the heads of the streams that have moved; called once a transaction."""
        self._conn.executemany(
            "UPDATE actors SET seq = ?, last = ?, hash = ? WHERE id = ?",
            [
                (head.seq, head.last, head.hash, self._ids[actor])
                for actor in self._moved
                for head in (self.heads[actor],)
            ],
        )
        self._moved.clear()

    # -- reading

    def change_at(self, id: int) -> Change | None:
        """Return the change with a log id if it is stored in a row of its own, else None; raises Damaged.

        Its hash is not checked.
        """
        row = self._conn.execute("SELECT length, data FROM log WHERE id = ?", (id,)).fetchone()
        return None if row is None else self.rows.open(*row)[0]

    def of_notes(self, notes: Mapping[bytes, int]) -> dict[bytes, list[tuple[int, Change]]]:
        """Return the `(log id, change)` of several notes, given by their ids and rows; raises Damaged.

        Each block is decoded once, however many of these notes have changes in it.
        """
        found: dict[bytes, dict[int, Change]] = {uid: {} for uid in notes}
        blocks: dict[int, Block] = {}
        for uid, note in notes.items():
            found[uid] = {id: self._verified(*row) for id, *row in self._rows_of_note(note, 0)}
            blocks.update({block.id: block for block in self.blocks.of_note(note, 0)})
        for block in blocks.values():
            for entry in self.blocks.entries(block):
                if entry.change.note in found:
                    found[entry.change.note][entry.id] = entry.change
        return {uid: sorted(changes.items(), key=_log_id) for uid, changes in found.items()}

    def of_note(self, note: int, uid: bytes, after: int) -> Iterator[tuple[int, Change]]:
        """Yield `(log id, change)` of a note's changes that came after a log id; raises Damaged."""
        # Rows first: a change that another process packs between the two queries is read twice, not missed.
        rows = self._rows_of_note(note, after)
        by_actor: dict[int, list[Block]] = {}
        for block in self.blocks.of_note(note, after):
            by_actor.setdefault(block.actor, []).append(block)
        seen = after
        for id, change in merge(
            ((id, self._verified(*row)) for id, *row in rows),
            *(self._packed_of_note(blocks, uid) for blocks in by_actor.values()),
            key=_log_id,
        ):
            if id > seen:
                yield id, change
                seen = id

    def _rows_of_note(self, note: int, after: int) -> list[tuple[Any, ...]]:
        """Return the rows of a note's changes that are not packed: their log ids, then what proves them."""
        return self._conn.execute(
            """SELECT log.id, log.actor, log.seq, log.length, log.data, log.hash, former.hash FROM log
               LEFT JOIN log former ON former.actor = log.actor AND former.seq = log.seq - 1
               WHERE log.note = ? AND log.id > ? ORDER BY log.id""",
            (note, after),
        ).fetchall()

    def _verified(
        self, actor: int, seq: int, length: int | None, data: bytes, stored: bytes, before: bytes | None
    ) -> Change:
        """Return the change in a row if the chain proves it; `before` is the hash before it, if known."""
        if before is None:
            place = self.blocks.place(actor, seq - 1) if seq > 1 else (0, NO_HASH)
            before = b"" if place is None else place[1]
        change, data = self.rows.open(length, data)
        self.rows.verify(before, data, stored)
        return change

    def _packed_of_note(self, blocks: list[Block], uid: bytes) -> Iterator[tuple[int, Change]]:
        for block in blocks:
            for entry in self.blocks.entries(block):
                if entry.change.note == uid:
                    yield entry.id, entry.change

    def entries(self, damaged: Callable[[str], None]) -> Iterator[Entry]:
        """Yield all changes in the order of their log ids; `damaged` is called for each unreadable one."""
        yield from merge(*(self._entries(actor, damaged) for actor in self._ids), key=_log_id)

    def _entries(self, actor: int, damaged: Callable[[str], None]) -> Iterator[Entry]:
        row = self._ids[actor]
        blocks = concatenated(self.blocks.of_actor(row), (None,))
        after = 0
        for block in blocks:
            until = self.heads[actor].seq + 1 if block is None else block.seq
            while page := self._conn.execute(
                """SELECT log.id, seq, uid, hash, length, data FROM log LEFT JOIN notes ON notes.id = note
                   WHERE actor = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?""",
                (row, after, until, PAGE),
            ).fetchall():
                after = page[-1][1]
                for id, _, uid, tip, length, data in page:
                    try:
                        change, data = self.rows.open(length, data)
                    except Damaged as error:
                        damaged(f"Entry {id} of the log cannot be read: {error}")
                        continue
                    if change.note != uid:
                        damaged(f"Entry {id} of the log is filed under another note than the one it edits.")
                    yield Entry(id, change, data, tip)
            if block is not None:
                try:
                    entries = block.entries()
                    if {entry.change.note for entry in entries} != self.blocks.notes(block):
                        damaged(
                            f"Changes {block.seq} to {block.until} of {actor:016x} are filed under other "
                            "notes than the ones they edit."
                        )
                    yield from entries
                except Damaged as error:
                    damaged(f"Changes {block.seq} to {block.until} of {actor:016x} cannot be read: {error}")
                after = block.until

    def missing(self, version: Mapping[int, int], upto: Mapping[int, int] | None = None) -> Iterator[Piece]:
        """Return an iterator over the pieces of `ordered`."""
        return (item.piece for item in self.ordered(version, upto))

    def ordered(self, version: Mapping[int, int], upto: Mapping[int, int] | None = None) -> Iterator[Next]:
        """Return an iterator over the changes beyond `version`, in causal order; blocks are kept as stored.

        It ends at `upto`, by default at the present version; `upto` must include the dependencies of all its
        changes. The cost is proportional to the missing changes. Reads in pages; changes that come meanwhile
        are not included.

        The dependencies of a change have only smaller counters. So pieces are ordered by the highest counter
        of a single change and the first counter of a block: whatever depends on a change in the block
        comes after it. The dependencies of a block come before it if only its first change has deps. Any
        other block is yielded whole only if everything else that is still to come has larger counters than
        all of it; otherwise its changes are yielded one by one.

        Changes that leave the log are verified: wrong bytes would cause a fork at the receiver.
        """
        ends = self.version() if upto is None else upto
        streams = [
            self._stream(actor, version.get(actor, 0), seq)
            for actor, seq in ends.items()
            if seq > version.get(actor, 0)
        ]
        return self._in_order(streams)

    def opened(self, version: Mapping[int, int]) -> Iterator[tuple[Change, bytes]]:
        """Yield the changes beyond `version` with their bytes, in causal order; raises Damaged."""
        for piece in self.missing(version):
            try:
                yield from open_piece(piece)
            except DecodeError as error:
                raise Damaged(f"A change in the vault's file is damaged: {error}") from None

    def _in_order(self, streams: list[Iterator[Next]]) -> Iterator[Next]:
        heap: list[tuple[int, int, Next]] = []

        def look_at(number: int) -> None:
            """Put the next piece of a stream among the candidates."""
            if (following := next(streams[number], None)) is not None:
                heappush(heap, (following.key, number, following))

        for number in range(len(streams)):
            look_at(number)
        while heap:
            _, number, item = heappop(heap)
            block = item.block
            if block is not None and not block.closed and heap and heap[0][0] <= block.last:
                streams[number] = concatenated(
                    self._singly(item.actor, block, 0, block.until), streams[number]
                )
            else:
                if block is not None:
                    self.blocks.entries(block)
                yield item
            look_at(number)

    def _singly(self, actor: int, block: Block, after: int, upto: int) -> Iterator[Next]:
        """Yield the changes `after+1 … upto` of a block one by one."""
        for entry in self.blocks.entries(block):
            if after < entry.change.seq <= upto:
                yield Next(entry.change.last, actor, entry.change.seq, entry.data)

    def _stream(self, actor: int, after: int, upto: int) -> Iterator[Next]:
        """Yield one actor's changes `after+1 … upto`, in order; rows are verified."""
        row = self._ids[actor]
        tip = self.hash_at(actor, after) or b""
        while after < upto:
            page = self.rows.page(row, actor, after, upto, tip)
            if page:
                yield from (item for _, item in page)
                after, tip = page[-1][1].seq, page[-1][0]
                continue
            block = self.blocks.holding(row, after + 1)
            if block is None:
                raise Damaged(_DAMAGED)
            if block.seq == after + 1 and block.before != tip:
                raise Damaged(_DAMAGED)
            if block.seq == after + 1 and block.until <= upto:
                yield Next(block.start, actor, block.until, block.packed, block)
            else:
                yield from self._singly(actor, block, after, upto)
            after, tip = block.until, block.hash


def _log_id(entry: tuple[int, Change] | Entry) -> int:
    return entry[0]
