"""What a replica takes in from others.

Rules
    - All that comes at once is taken in within one transaction, or nothing of it.
    - A change is taken in when its actor's previous one and all its deps are here; one that comes earlier
      waits in memory, bounded, where that is allowed.
    - In a paired vault nothing is kept that is not covered (`store/signing/signer.py`).
    - A block of which nothing is here is stored as it came.
    - During a large first sync another process builds the search index (`store/views/search_builder.py`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from crdtnotes.changes.batch import Batch, Opened, Piece, unbatch
from crdtnotes.changes.change import Change
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import Fork, MissingChanges, RemoteError
from crdtnotes.store import causality
from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.forks.forks import Forks
from crdtnotes.store.views.documents import is_birth

_NOTHING = NoteState()
# What is known of a note that is not here; never changed.

logger = logging.getLogger("crdtnotes.store")

MAX_WAITING = 16 * 1024 * 1024
"""Bytes of changes that wait for others; beyond that the last in causal order are let go."""


@dataclass(slots=True)
class Received:
    """What became of batches: changes stored, changes that were here already, changes that wait.

    `version` is the version of those that are stored, as far as they were in the batches. `covered`: some of
    what was here before is covered only now.
    """

    changes: int = 0
    known: int = 0
    waiting: int = 0
    covered: bool = False
    version: Version = field(default_factory=dict)


class Ingest:
    """Takes in batches; `receive` is called when no transaction is open."""

    def __init__(self, core: ReplicaCore, forks: Forks) -> None:
        self._core = core
        self._log = core.log
        self._derived = core.derived
        self._forks = forks
        self._waiting: dict[tuple[int, int], tuple[Change, bytes]] = {}
        self._born: list[tuple[int, int, str]] = []  # as `SearchIndex.prepare` takes them
        self._epoch = core.epoch

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the changes that wait for others."""
        return sum(len(data) for _, data in self._waiting.values())

    def receive(self, received: Sequence[bytes | Batch | Heads], *, wait: bool, restored: bool) -> Received:
        """See `Replica.receive`."""
        result = Received()
        if self._epoch != self._core.epoch:
            # What waited was said of a log that was written anew since; it is sent again.
            self._epoch = self._core.epoch
            self._waiting.clear()
        self._born = []
        try:
            self._receive(received, result, wait=wait, restored=restored)
        except Fork as fork:
            # Another version of a change is one only if its author has signed it; else it is a forgery.
            with self._core.reading():
                if self._core.members.founded and fork.actor:
                    self._core.signer.proven_rank(fork.actor, fork.seq, received)
            raise
        while self._waiting and self._take_waiting(result):
            pass
        result.waiting = len(self._waiting)
        with self._core.reading():
            self._derived.search.prepare(self._born)
        return result

    def _receive(
        self, received: Sequence[bytes | Batch | Heads], result: Received, *, wait: bool, restored: bool
    ) -> None:
        early: list[tuple[Change, bytes]] = []
        with self._core.transaction(Origin.PEER):
            wait = wait and not self._core.members.founded
            for item in received:
                if isinstance(item, Heads):
                    self._core.signer.cover_group(item)
                    continue
                for opened in unbatch(item):
                    if not opened.is_block or not self._take_block(opened, result):
                        early += self._take_singly(opened, result, wait=wait)
            if restored:
                self._log.grown.clear()
            self._core.signer.check_covered()
            result.covered = self._core.signer.settle()
        for change, data in early:
            self._waiting[change.actor, change.seq] = (change, data)

    def _take_singly(self, opened: Opened, result: Received, *, wait: bool) -> list[tuple[Change, bytes]]:
        """Integrate a piece's changes one by one; return those that are not ready, if these may `wait`."""
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
        """Integrate a block as a whole; return False where parts of it are here already or are not ready.

        Raises InvalidChange.
        """
        first, _ = opened.changes[0]
        actor = first.actor
        before = self._log.head(actor)
        if first.seq != before.seq + 1:
            return False
        if any(self._log.head(other).seq < seq for change, _ in opened.changes for other, seq in change.deps):
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

        It is yet to be stored: in a row of its own, which can serve as a note's snapshot, or in a block.
        """
        horizon = causality.check_place(change, self._log)
        doc = self._derived.documents.open(change.note)
        causality.check_references(change, _NOTHING if doc is None else doc.state, horizon)
        id = self._derived.enter(change, data, doc, in_row=in_row)
        if doc is None and in_row and is_birth(change):
            self._born += [(id, self._log.tip, op.text) for op in change.ops if isinstance(op, Create)]
        if change.actor == self._core.stream.actor:
            # A peer knows more of this actor than this file: it is an old copy. The stream is taken in,
            # and what is written here from now on is a new one.
            self._core.stream.begin()
        return id

    def _take(self, change: Change, data: bytes, piece: Piece, result: Received) -> None:
        """Integrate a ready change, which lies in `piece`; raises Fork or InvalidChange."""
        head = self._log.head(change.actor)
        if change.seq <= head.seq:
            self._forks.check(change, data)
            result.known += 1
            return
        if self._forks.is_fork(change.actor, change.seq):
            self._forks.check(change, data)
        self._log.write(change, piece, self._admit(change, data))
        result.changes += 1

    def _take_waiting(self, result: Received) -> bool:
        """Integrate what need not wait any longer; return whether to try again."""
        order = sorted(self._waiting.values(), key=lambda item: (item[0].start, item[0].actor))
        taken = Received()
        current, _ = order[0]
        try:
            with self._core.transaction(Origin.PEER):
                for current, data in order:
                    if causality.is_ready(current, self._log):
                        self._take(current, data, data, taken)
        except RemoteError as error:
            logger.warning("dropped a change that had waited: %s", error)
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
