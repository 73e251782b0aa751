"""Receiving changes from other replicas.

Rules
    - All batches of one call are stored in one transaction, or none of them.
    - A change is stored when its actor's previous change and all its deps are here; a change that arrives
      earlier waits in memory, up to a limit, if the caller allows that.
    - In a paired vault no unsigned change is accepted (`store/signing/signer.py`).
    - If none of a block's changes is here yet, the block is stored as received.
    - What was erased is erased from a change before it is stored (`store/erasure/erasing.py`).
    - During a large first sync another process builds the search index (`store/views/search_builder.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crdtnotes.changes.batch import Batch, Opened, Piece, unbatch
from crdtnotes.changes.change import Change
from crdtnotes.changes.messages import Heads, is_part, joined
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create
from crdtnotes.crdt.version import join
from crdtnotes.errors import Fork, MissingChanges, RemoteError
from crdtnotes.store import causality
from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.erasure.erasing import Erasing
from crdtnotes.store.forks.forks import Forks
from crdtnotes.store.views.documents import is_birth

if TYPE_CHECKING:
    from crdtnotes.results import Received

_NOTHING = NoteState()
# The state of a note that is not here; never modified.

MAX_WAITING = 16 * 1024 * 1024
"""The maximum size of waiting changes in bytes; beyond that the last in causal order are dropped."""


class Ingest:
    """Receives batches; call `receive` only when no transaction is open."""

    def __init__(self, core: ReplicaCore, forks: Forks, erasing: Erasing) -> None:
        self._core = core
        self._erasing = erasing
        self._log = core.log
        self._derived = core.derived
        self._forks = forks
        self._waiting: dict[tuple[int, int], tuple[Change, bytes]] = {}
        self._born: list[tuple[int, int, str]] = []  # as `SearchIndex.prepare` takes them
        self._rewrites = core.rewrites

    @property
    def waiting_bytes(self) -> int:
        """Size of the waiting changes in bytes."""
        return sum(len(data) for _, data in self._waiting.values())

    def receive(self, received: Sequence[bytes | Batch | Heads], *, wait: bool, restored: bool) -> Received:
        """See `Replica.receive`."""
        from crdtnotes.results import Received

        result = Received()
        if self._rewrites != self._core.rewrites:
            # The waiting changes belong to the log before it was rewritten; peers send them again.
            self._rewrites = self._core.rewrites
            self._waiting.clear()
        self._born = []
        before = self._streams_if_unsigned()
        try:
            self._receive(received, result, wait=wait, restored=restored)
        except Fork as fork:
            # In a paired vault, a second version that its author has not signed is a forgery, not a fork.
            with self._core.reading():
                if self._core.members.founded and fork.actor:
                    self._core.signer.proven_rank(fork.actor, fork.seq, received)
            raise
        while self._waiting and self._take_waiting(result):
            pass
        result.waiting = len(self._waiting)
        if before is not None and (began := self._log.heads.keys() - before):
            self._forks.follow_resigned(began)
        with self._core.reading():
            self._derived.search.prepare(self._born)
        return result

    def _streams_if_unsigned(self) -> set[int] | None:
        """Return the streams that are here, if changes wait for signatures; else None."""
        with self._core.reading():
            waiting = self._core.members.founded and self._core.signer.checkpoints.is_waiting
            return set(self._log.heads) if waiting else None

    def _receive(
        self, received: Sequence[bytes | Batch | Heads], result: Received, *, wait: bool, restored: bool
    ) -> None:
        early: list[tuple[Change, bytes]] = []
        with self._core.transaction(Origin.PEER):
            wait = wait and not self._core.members.founded
            self._erasing.begin()
            for item in _with_whole_heads(received):
                if isinstance(item, Heads):
                    self._core.signer.check_group(item)
                    continue
                for opened in unbatch(item):
                    if not opened.is_block or not self._take_block(opened, result):
                        early += self._take_singly(opened, result, wait=wait)
            if restored:
                self._log.grown.clear()
            self._core.signer.check_signed()
            self._erasing.answer()
            result.newly_signed = self._core.signer.apply_late_signatures()
        for change, data in early:
            self._waiting[change.actor, change.seq] = (change, data)

    def _take_singly(self, opened: Opened, result: Received, *, wait: bool) -> list[tuple[Change, bytes]]:
        """Store a piece's changes one by one; return those that are not ready, if they may `wait`."""
        early: list[tuple[Change, bytes]] = []
        for change, data in opened.changes:
            if causality.is_ready(change, self._log):
                self._take(change, data, data if opened.is_block else opened.piece, result)
                join(result.version, {change.actor: change.seq})
            elif wait:
                early.append((change, data))
            else:
                raise MissingChanges(
                    f"A peer sent {causality.label(change)} before the changes that it depends on."
                )
        return early

    def _take_block(self, opened: Opened, result: Received) -> bool:
        """Store a block as a whole; return False if parts of it are here already or not ready.

        Raises InvalidChange.
        """
        first, _ = opened.changes[0]
        actor = first.actor
        before = self._log.head(actor)
        if first.seq != before.seq + 1:
            return False
        if any(self._log.head(other).seq < seq for change, _ in opened.changes for other, seq in change.deps):
            return False
        if self._erasing.concerns(change for change, _ in opened.changes):
            return False
        if any(self._forks.is_fork(actor, change.seq) for change, _ in opened.changes):
            return False
        tip = before.hash
        notes = [self._admit(change, data, in_row=False) for change, data in opened.changes]
        self._log.write_block(tip, opened, notes)
        result.changes += len(notes)
        join(result.version, {actor: opened.changes[-1][0].seq})
        return True

    def _admit(self, change: Change, data: bytes, *, in_row: bool = True) -> int:
        """Check a ready change that is new here and apply it; return its note's row.

        The caller must then store it: in a row of its own, which can serve as a note's snapshot, or in a
        block.
        """
        horizon = causality.check_place(change, self._log)
        doc = self._derived.documents.open(change.note)
        causality.check_references(change, _NOTHING if doc is None else doc.state, horizon)
        id = self._derived.enter(change, data, doc, in_row=in_row)
        if doc is None and in_row and is_birth(change):
            self._born += [(id, self._log.tip, op.text) for op in change.ops if isinstance(op, Create)]
        if change.actor == self._core.stream.actor:
            # A peer has more changes of this actor than this file, so the file is an old copy. Receive the
            # stream, and write to a new one from now on.
            self._core.stream.begin()
        return id

    def _take(self, change: Change, data: bytes, piece: Piece, result: Received) -> None:
        """Store a ready change, which `piece` contains; raises Fork or InvalidChange."""
        head = self._log.head(change.actor)
        if change.seq <= head.seq:
            self._forks.check(change, data)
            result.known += 1
            return
        if self._forks.is_fork(change.actor, change.seq):
            self._forks.check(change, data)
        change, data, piece = self._erasing.received(change, data, piece)
        self._log.write(change, piece, self._admit(change, data))
        result.changes += 1

    def _take_waiting(self, result: Received) -> bool:
        """Store the waiting changes that are ready now; return whether to try again."""
        from crdtnotes.results import Received

        order = sorted(self._waiting.values(), key=lambda item: (item[0].start, item[0].actor))
        taken = Received()
        current, _ = order[0]
        try:
            with self._core.transaction(Origin.PEER):
                for current, data in order:
                    if causality.is_ready(current, self._log):
                        self._take(current, data, data, taken)
        except RemoteError as error:
            import logging  # takes longer to load than a vault takes to open

            logging.getLogger("crdtnotes.store").warning("dropped a change that had waited: %s", error)
            self._born.clear()  # some may not have been stored
            del self._waiting[current.actor, current.seq]
            return True
        size = 0
        for change, data in order:
            size += len(data)
            stored = change.seq <= self._log.head(change.actor).seq
            if stored:
                join(result.version, {change.actor: change.seq})
            if stored or size > MAX_WAITING:
                del self._waiting[change.actor, change.seq]
        result.changes += taken.changes
        return False


def _with_whole_heads(received: Sequence[bytes | Batch | Heads]) -> Iterator[bytes | Batch | Heads]:
    """Yield the items, with the parts of a group's signatures joined."""
    parts: list[Heads] = []
    for number, item in enumerate(received, 1):
        if not isinstance(item, Heads):
            yield item
            continue
        parts.append(item)
        if not (is_part(item) and number < len(received) and isinstance(received[number], Heads)):
            yield joined(parts)
            parts.clear()
