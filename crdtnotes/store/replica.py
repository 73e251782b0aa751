"""One replica: its file, its transactions, and what it takes in from others.

One transaction holds the changes, what is derived from them and the heads. It takes the file's write
lock first and then looks whether another process has written, so counters and seqs are never used
twice. If it fails, nothing of it happened and everything in memory is read anew.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from crdtnotes.changes.batch import Opened, Piece, batches, cost, unbatch
from crdtnotes.changes.change import Change, chain
from crdtnotes.changes.codec import KNOWN_KINDS
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.changes.relabel import moved_actor
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import (
    Busy,
    Damaged,
    DiskFull,
    Fork,
    LocalError,
    MissingChanges,
    NotAVault,
    NotCovered,
    ReadOnly,
    RemoteError,
    StoreError,
)
from crdtnotes.markup.names import name_key
from crdtnotes.store import causality, memory, packing
from crdtnotes.store.circle import Circle
from crdtnotes.store.covering import Covering
from crdtnotes.store.covers import Group
from crdtnotes.store.database import create_file, open_file, plain_errors, writing
from crdtnotes.store.dictionaries import condense
from crdtnotes.store.digest import digest
from crdtnotes.store.documents import Document, Documents, is_birth
from crdtnotes.store.facts import of_state, shown_base
from crdtnotes.store.fork import Division, Rank, divide, fork_entry, forks_in, rank
from crdtnotes.store.links import LinkIndex
from crdtnotes.store.log import Log
from crdtnotes.store.memory import Remembered
from crdtnotes.store.names import NameIndex
from crdtnotes.store.search import PENDING_BULK, SearchIndex
from crdtnotes.store.stream import OwnStream, new_token, random_actor
from crdtnotes.trust.identity import Identity, own_identity

_NOTHING = NoteState()
# What is known of a note that is not here; never changed.

logger = logging.getLogger("crdtnotes.store")

LAG = 64
"""A note's snapshot lags by at most this many changes …"""

SMALL = 16_384
"""… and not at all while its text has at most this many characters: then storing it costs little."""

MAX_WAITING = 16 * 1024 * 1024
"""Bytes of changes that wait for others; beyond that the last in causal order are let go."""

DERIVE_EVERY = 500
"""Changes of a log that is written anew, after which what is derived follows: so memory stays bounded."""


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


class Replica:
    """A replica's file, open. For one thread; other processes may have the same file open."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        actors: Callable[[], int] | None = None,
        identity: Callable[[], Identity] | None = None,
    ) -> None:
        """Open a replica; raises VaultNotFound, NotAVault, NewerVault, ReadOnly or Damaged.

        `actors` gives the name of each stream that this replica begins; by default a random one. `identity`
        gives this device's keys, by default those of the user's data folder; they are asked for once a
        paired vault is written.
        """
        self.new_actor = actors or random_actor
        self.path = path
        self.read_only = read_only
        self.db = open_file(path, read_only=read_only)
        self.conn = self.db.conn
        try:
            with plain_errors(path):
                self.log = Log(self.conn)
                self.documents = Documents(self.conn, self.log)
                self.names = NameIndex(self.conn)
                self.links = LinkIndex(self.conn)
                self.search = SearchIndex(self.conn, self.documents.texts)
                self._waiting: dict[tuple[int, int], tuple[Change, bytes]] = {}
                self._touched: dict[bytes, Document] = {}
                self._actors: set[int] = set()
                self._depth = 0
                self._data_version = -1
                self.epoch = 0
                self._forks: dict[tuple[int, int], Rank] = {}
                self.stream = OwnStream(self.conn, self.log, path, self.new_actor)
                meta = dict(self.conn.execute("SELECT key, value FROM meta").fetchall())
                if not {"vault", "device", "actor", "kinds"} <= meta.keys():
                    raise NotAVault(f"{path} is not a complete crdtnotes vault.")
                self.vault_id = bytes(meta["vault"])
                self.device = str(meta["device"])
                self.circle = Circle(self.conn, self.vault_id)
                self.covering = Covering(self.conn, self.log, self.circle, identity or own_identity)
                self._look()
                if not read_only:
                    self.stream.check()
                if not read_only and int(meta["kinds"]) < KNOWN_KINDS:
                    self._read_newer()
        except BaseException:
            self.db.close()
            raise

    @classmethod
    def create(
        cls, path: Path, device: str, vault: bytes | None = None, actors: Callable[[], int] | None = None
    ) -> "Replica":
        """Make a new replica, of a new vault or of the vault with this id; raises VaultExists."""
        actor, token = (actors or random_actor)(), new_token()
        meta = {
            "vault": vault or secrets.token_bytes(16),
            "device": device,
            "actor": actor,
            "token": token,
            "kinds": KNOWN_KINDS,
        }
        create_file(path, meta)
        memory.remember(path, Remembered(token, actor, 0))
        return cls(path, actors=actors)

    def close(self) -> None:
        """Store what lags behind and pack what is worth it, where that can be done now; close the file."""
        try:
            self.settle_texts_if_possible()
            self._pack_if_possible()
        finally:
            self.stream.close()
            self.db.close()

    @property
    def actor(self) -> int:
        """The stream that this replica writes."""
        return self.stream.actor

    # -- reading

    def look(self) -> None:
        """Notice what other processes have written."""
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Notice what other processes have written, and turn SQLite's errors into ours."""
        with plain_errors(self.path):
            if self._depth == 0:
                self._look()
            yield

    @contextmanager
    def steady(self) -> Iterator[None]:
        """See one state of the file throughout: no other process can commit meanwhile."""
        if self._depth:
            yield
            return
        with plain_errors(self.path):
            self.conn.execute("BEGIN")
            try:
                self.conn.execute("SELECT 1 FROM meta").fetchone()  # takes the lock
                self._look()
                yield
            finally:
                self.conn.rollback()

    def row_by_key(self, key: str) -> int | None:
        """Return the row of the note that shows the name with this key; raises Damaged.

        An index that is damaged must not lead to another note, or past the one that is meant.
        """
        row = self.conn.execute("SELECT id, name FROM notes WHERE key = ?", (key,)).fetchone()
        if row is None:
            if self.names.is_shown(key):
                raise Damaged(f"The names in {self.path} are damaged; `crdtnotes repair` mends them.")
            return None
        id, name = row
        if not isinstance(id, int) or not isinstance(name, str) or name_key(name) != key:
            raise Damaged(f"The names in {self.path} are damaged; `crdtnotes repair` mends them.")
        return id

    def uid_of(self, row: int) -> bytes:
        """Return the id of the note in a row."""
        found = self.conn.execute("SELECT uid FROM notes WHERE id = ?", (row,)).fetchone()
        if found is None:
            raise Damaged(f"A note in {self.path} is not where its name leads; `crdtnotes repair` mends it.")
        return bytes(found[0])

    def peers(self) -> list[dict[str, object]]:
        """Return the peers that this replica has synchronised with, the latest first."""
        rows = self.conn.execute("SELECT device, address, seen FROM peers ORDER BY seen DESC, device")
        return [{"device": device, "address": address, "seen": seen} for device, address, seen in rows]

    def record_peer(self, device: str, address: str, seen: int) -> None:
        """Remember when (wall time in ms) this replica was in step with a peer."""
        with self.transaction():
            self.conn.execute("INSERT OR REPLACE INTO peers VALUES (?, ?, ?)", (device, address, seen))

    def _look(self) -> None:
        (version,) = self.conn.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self.log.refresh()
            meta = dict(self.conn.execute("SELECT key, value FROM meta"))
            if not isinstance(meta.get("actor"), int):
                raise Damaged(f"{self.path} is damaged; `crdtnotes repair` mends it.")
            self.stream.look(meta["actor"], meta.get("token"))
            self._forks = forks_in(meta)
            epoch = meta.get("epoch", 0)
            if epoch != self.epoch:
                # The log was written anew, or that was undone; what is in memory goes with the old one.
                self.epoch = epoch
                self.documents.forget()
            if meta["vault"] != self.vault_id:
                self.vault_id = bytes(meta["vault"])
                self.circle.forget(self.vault_id)
            self.covering.forget()
            self._data_version = version

    def version(self) -> Version:
        """Return which changes are here."""
        self.look()
        return self.log.version()

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the end of each actor's stream: `{actor: (seq, hash of the chain)}`."""
        self.look()
        return {actor: (head.seq, head.hash) for actor, head in self.log.heads.items() if head.seq}

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the hash of an actor's stream at a seq; None if that is not known here."""
        with self.reading():
            digest = self.log.hash_at(actor, seq)
        if digest is None and (actor, seq) in self._forks:
            return self._forks[actor, seq][1]
        return digest

    def changes_since(self, version: Mapping[int, int]) -> Iterator[bytes | Heads]:
        """Return batches of the changes that are here now and beyond `version`, in causal order.

        In a paired vault they come in groups, each followed by what covers it; what is bare is left out, and
        who lacks it cannot take what follows. They are read in pages as they are asked for; no lock is held
        between pages.
        """
        with self.steady():
            if not self.circle.founded:
                return self._guarded(batches(self.log.missing(version)))
            groups = self.covering.covers.groups(version)
        return self._guarded(self._in_groups(version, groups))

    def _in_groups(self, version: Mapping[int, int], groups: list[Group]) -> Iterator[bytes | Heads]:
        sent = dict(version)
        for group in groups:
            yield from batches(self.log.missing(sent, group.upto))
            yield group.heads
            join(sent, group.upto)

    def _guarded(self, items: Iterator[bytes | Heads]) -> Iterator[bytes | Heads]:
        with plain_errors(self.path):
            yield from items

    def digest(self) -> str:
        """Return a hash of the changes that are here and of the notes that they show."""
        self.settle_texts_if_possible()
        with self.steady():
            lagging = {uid: doc for uid in self.documents.stale() if (doc := self.documents.open(uid))}
            return digest(self.conn, self.log, {uid: doc.digest() for uid, doc in lagging.items()})

    # -- writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the replica for writing; all that is done inside is committed as one, or not at all."""
        if self._depth:
            self._refuse_if_undone()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        try:
            with writing(self.db, self.path):
                self.db.refuse_if_replaced(self.path)
                self._depth = 1
                self._look()
                self.log.grown.clear()
                yield
                self.derive()
                self.covering.cover_own(self.actor)
                self.log.save_heads(self._actors)
        except BaseException:
            self.documents.forget()
            self.names.forget()
            self.links.forget()
            self.circle.forget()
            self.stream.forget()
            self._touched.clear()
            self._data_version = -1
            raise
        finally:
            self._depth = 0
            self._actors.clear()
        self.stream.committed()
        self.documents.trim()

    def integrate(self, change: Change, data: bytes, doc: Document) -> None:
        """Log a change that the document holds already."""
        self._refuse_if_undone()
        log_id = self.log.advance(change, data)
        self.log.write(change, data, doc.id)
        self._actors.add(change.actor)
        doc.note(change, log_id)
        self._touched[doc.uid] = doc
        self.covering.cover_much(self.actor)

    def bear(self, change: Change, data: bytes) -> None:
        """Log a birth of a note that is not here, and the note with it."""
        self._refuse_if_undone()
        self.log.write(change, data, self._bear(change, data))
        self.covering.cover_much(self.actor)

    def _bear(self, change: Change, data: bytes) -> int:
        log_id = self.log.advance(change, data)
        self._actors.add(change.actor)
        id, facts = self.documents.add_born(change, log_id)
        self.names.add(name_key(facts.base))
        self.names.update(id, facts)
        self.links.add(id, facts.links)
        return id

    def derive(self) -> None:
        """Bring everything derived up to date with what was integrated in this transaction."""
        self._refuse_if_undone()
        for doc in self._touched.values():
            moved = self.names.place(doc.id, shown_base(doc.state), doc.state.exists)
            if doc.links_changed or moved:
                facts = of_state(doc.state)
                self.names.update(doc.id, facts)
                self.links.update(doc.id, facts.links if facts.alive else {})
                doc.links_changed = False
            self.conn.execute(
                "UPDATE notes SET head = ?, modified = ?, newer = ? WHERE id = ?",
                (doc.upto, doc.modified, doc.state.newer, doc.id),
            )
        self.names.settle(self.search.take_out)
        self.links.settle(self.names.dirty_titles, self.names.dirty_holders)
        self.names.dirty_titles.clear()
        self.names.dirty_holders.clear()
        for doc in self._touched.values():
            if doc.text_changed and (
                len(doc.state.text) <= SMALL or doc.upto - doc.saved > LAG or not doc.saved
            ):
                self._save(doc)
        self._touched.clear()

    def _save(self, doc: Document) -> None:
        self.search.take_out(doc.id)
        self.documents.save(doc)

    def _refuse_if_undone(self) -> None:
        """Stop a transaction that SQLite rolled back by itself, as it may where a disk is full.

        Whoever caught that error and went on would else write without a transaction.
        """
        if not self.conn.in_transaction:
            raise StoreError(f"What was being written to {self.path} was undone by an error before.")

    def settle_texts_if_possible(self) -> None:
        """Store the snapshots that lag behind, unless that cannot be done now.

        They may lag: that is no reason for reading or closing to fail. (Inside a transaction it is: SQLite
        may have undone it.)
        """
        if not self.read_only:
            with suppress(*(() if self._depth else (Busy, DiskFull, ReadOnly))):
                self.settle_texts()

    def _pack_if_possible(self) -> None:
        """Pack the log where that is worth while, unless it cannot be done now; what is damaged stays."""
        if not self.read_only:
            with suppress(Busy, DiskFull, ReadOnly, Damaged):
                if packing.is_due(self):
                    packing.pack(self, least=packing.DUE)

    def settle_texts(self) -> None:
        """Store the snapshots that lag behind the log."""
        with self.reading():
            stale = self.documents.stale()
        if stale:
            with self.transaction():
                for uid in self.documents.stale():
                    if (doc := self.documents.open(uid)) is not None:
                        self._save(doc)

    def compact(self, progress: packing.Progress | None = None) -> None:
        """Make the file small: pack the log, compress it anew, tidy the search index, give back free pages.

        Whatever interrupts it leaves the file whole. It needs as much free room as the file takes.
        """
        self.settle_texts()
        packing.pack(self, progress=progress)
        condense(self, progress=progress)
        with plain_errors(self.path):
            self.conn.execute("INSERT INTO search (search) VALUES ('optimize')")
            self.conn.execute("VACUUM")

    def settle_search(self) -> None:
        """Put into the search index what is not there yet."""
        with self.reading():
            pending = self.search.pending()
        while pending:
            with self.transaction():
                pending = self.search.put_in_pending(PENDING_BULK)

    def _read_newer(self) -> None:
        """Read anew the notes that hold operations which an older crdtnotes did not know."""
        with self.transaction():
            rows = self.conn.execute("SELECT id, uid FROM notes WHERE newer").fetchall()
            for id, uid in rows:
                self.search.take_out(id)
                self.conn.execute("DELETE FROM texts WHERE note = ?", (id,))
                self.conn.execute("UPDATE notes SET upto = 0 WHERE id = ?", (id,))
                if (doc := self.documents.open(uid)) is not None:
                    self._touched[uid] = doc
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'kinds'", (KNOWN_KINDS,))

    # -- what covers the log

    @property
    def founded(self) -> bool:
        """Whether the vault was paired, so that changes are taken in only with what covers them."""
        with self.reading():
            return self.circle.founded

    def settle_own_stream(self) -> None:
        """See to it, before a change is made, that it goes to a stream for which this device can sign."""
        self.stream.claim()
        actor = self.covering.own_stream(self.actor)
        if actor != self.actor:
            self.stream.begin(actor)

    def bare(self) -> Version:
        """Return the streams of which not all is covered here, with the seq up to which it is."""
        with self.reading():
            return self.covering.covers.bare()

    def unsigned(self) -> int:
        """Return how many changes wait here for their authors' signatures; see `store/covers.py`."""
        return sum(self.log.head(actor).seq - seq for actor, seq in self.bare().items())

    def covers_of(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return, cut by cut, what covers these streams up to at most the seqs that are given."""
        with self.reading():
            return self.covering.covers.of_streams(streams)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return what proves this replica's branch of a stream from `first` on; nothing if it is not here."""
        with self.steady():
            return self.covering.proof(actor, first)

    def mend_covers(self) -> None:
        """Make what covers the log fit it, when parts of either were lost."""
        with self.transaction():
            if self.circle.founded:
                self.covering.mend()

    # -- devices

    def admit(self, certificate: bytes, name: str) -> None:
        """Let a device belong to the vault; the first time, this one founds the circle of devices.

        Raises NotPaired if this device does not belong to the vault, BadIdentity, or TooLarge.
        """
        with self.transaction():
            if not self.circle.founded:
                self.circle.found(self.covering.identity, self.device, self.heads())
                self.covering.cover_past()
            self.circle.admit(self.covering.identity, certificate, name)

    def revoke(self, device: bytes) -> None:
        """End a device's belonging to the vault; raises NotPaired if it or this one does not belong to it."""
        with self.transaction():
            self.circle.revoke(self.covering.identity, device)

    def begin_anew(self) -> None:
        """Make a new vault of this one, to which no device belongs: all have to be paired anew."""
        with self.transaction():
            self.circle.leave()
            self.covering.clear()
            self.vault_id = secrets.token_bytes(16)
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'vault'", (self.vault_id,))
            self.circle.forget(self.vault_id)

    def adopt(self, root: bytes, records: list[bytes]) -> None:
        """Take the root and the records of the device that this one was paired with.

        Raises DecodeError; LocalError if this replica holds what the founder does not answer for.
        """
        with self.transaction():
            joins = not self.circle.founded
            self.circle.adopt(root, records)
            self._wait_for_signatures(joins=joins)
            self.circle.answer_for_gone(lambda: self.covering.identity)

    def _wait_for_signatures(self, *, joins: bool) -> None:
        """If this replica has just joined, wait for the signatures of what it has already."""
        if joins and self.circle.founded:
            self.covering.begin_waiting()

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the records about devices that are here; zeros for none."""
        with self.reading():
            return self.circle.digest()

    def records(self) -> list[bytes]:
        """Return the records about devices, each after its signer's."""
        with self.reading():
            return self.circle.records()

    def take_records(self, records: list[bytes]) -> int:
        """Keep the records that are new here and whose signers belong to the vault; returns how many.

        Raises DecodeError, and keeps nothing, for what is no record.
        """
        with self.transaction():
            joins = not self.circle.founded
            new = self.circle.take(records)
            self._wait_for_signatures(joins=joins)
            if new:
                self.circle.answer_for_gone(lambda: self.covering.identity)
            return new

    def is_member(self, device: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        with self.reading():
            return self.circle.membership().is_active(device)

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        with self.reading():
            return {id: member.certificate for id, member in self.circle.membership().active.items()}

    def note_contact(self, device: bytes, address: str | None, version: Mapping[int, int]) -> None:
        """Remember that a device is here now and what it has, and where it was dialled."""
        now = time.time_ns() // 1_000_000
        with self.transaction():
            self.circle.note_seen(device, now, version)
            if address is not None:
                self.circle.note_address(device, address, now)

    # -- receiving

    def cost(self, batch: bytes) -> int:
        """Return what it costs to take in a batch, in bytes of text; raises DecodeError."""
        return cost(batch)

    def receive(
        self, received: Sequence[bytes | Heads], *, wait: bool = False, restored: bool = False
    ) -> Received:
        """Take in batches from another replica, in one transaction, and in a paired vault what covers them.

        Changes that are here already are passed over. One that comes before what it depends on waits
        in memory if `wait`, else it makes the whole fail. Raises a RemoteError, and keeps nothing,
        when a byte of the batches is wrong or a change is not covered. `restored` batches are from a file
        that was this replica's: they come without what covers them, which `mend_covers` sees to.
        """
        if self._depth:
            raise LocalError("Changes of others cannot be taken in while a transaction is open.")
        result = Received()
        try:
            self._receive(received, result, wait=wait, restored=restored)
        except Fork as fork:
            # Another version of a change is one only if its author has signed it; else it is a forgery.
            if self.founded and fork.actor:
                self.covering.proven_rank(fork.actor, fork.seq, received)
            raise
        while self._waiting and self._take_waiting(result):
            pass
        result.waiting = len(self._waiting)
        return result

    def _receive(
        self, received: Sequence[bytes | Heads], result: Received, *, wait: bool, restored: bool
    ) -> None:
        early: list[tuple[Change, bytes]] = []
        with self.transaction():
            wait = wait and not self.circle.founded
            for item in received:
                if isinstance(item, Heads):
                    self.covering.cover_group(item)
                    continue
                for opened in unbatch(item):
                    if not opened.is_block or not self._take_block(opened, result):
                        early += self._take_singly(opened, result, wait=wait)
            if restored:
                self.log.grown.clear()
            self.covering.check_covered()
            result.covered = self.covering.settle()
        for change, data in early:
            self._waiting[change.actor, change.seq] = (change, data)

    def _take_singly(self, opened: Opened, result: Received, *, wait: bool) -> list[tuple[Change, bytes]]:
        """Integrate a piece's changes one by one; return those that are not ready, if these may `wait`."""
        early: list[tuple[Change, bytes]] = []
        for change, data in opened.changes:
            if causality.is_ready(change, self.log):
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
        before = self.log.head(actor)
        if first.seq != before.seq + 1:
            return False
        if any(self.log.head(other).seq < seq for change, _ in opened.changes for other, seq in change.deps):
            return False
        if any((actor, change.seq) in self._forks for change, _ in opened.changes):
            return False
        tip = before.hash
        notes = [self._admit(change, data, in_row=False) for change, data in opened.changes]
        self.log.write_block(tip, opened, notes)
        result.changes += len(notes)
        join(result.version, {actor: opened.changes[-1][0].seq})
        return True

    def _admit(self, change: Change, data: bytes, *, in_row: bool = True) -> int:
        """Check a ready change that is new here and apply it; return its note's row.

        It is yet to be stored: in a row of its own, which can serve as a note's snapshot, or in a block.
        """
        horizon = causality.check_place(change, self.log)
        doc = self.documents.open(change.note)
        causality.check_references(change, _NOTHING if doc is None else doc.state, horizon)
        id = self._enter(change, data, doc, in_row=in_row)
        if change.actor == self.actor:
            # A peer knows more of this actor than this file: it is an old copy. The stream is taken in,
            # and what is written here from now on is a new one.
            self.stream.begin()
        return id

    def _enter(self, change: Change, data: bytes, doc: Document | None, *, in_row: bool = True) -> int:
        """Move the log to a change and apply it to its note, if that is here; return the note's row.

        For `in_row` see `_admit`.
        """
        if doc is None and in_row and is_birth(change):
            return self._bear(change, data)
        doc = doc or self.documents.add(change.note)
        doc.apply(change, self.log.advance(change, data))
        doc.bare &= in_row
        self._actors.add(change.actor)
        self._touched[doc.uid] = doc
        return doc.id

    def _take(self, change: Change, data: bytes, piece: Piece, result: Received) -> None:
        """Integrate a ready change, which lies in `piece`; raises Fork or InvalidChange."""
        head = self.log.head(change.actor)
        if change.seq <= head.seq:
            self._check_branch(change, data)
            result.known += 1
            return
        if (change.actor, change.seq) in self._forks:
            self._check_branch(change, data)
        self.log.write(change, piece, self._admit(change, data))
        result.changes += 1

    def _check_branch(self, change: Change, data: bytes) -> None:
        """Refuse a change under whose number another one stands here; raises Fork."""
        found = chain(self.log.hash_at(change.actor, change.seq - 1) or b"", data)
        if found != self.hash_at(change.actor, change.seq):
            raise Fork(
                f"There are two different versions of {causality.label(change)}: "
                "a device was copied or restored from a backup.",
                change.actor,
                change.seq,
            )

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        with self.reading():
            return rank(self.log, actor, seq) or self._forks.get((actor, seq))

    def give_way(self, actor: int, first: int, standing: Rank, proof: Sequence[bytes | Heads] = ()) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to one of the rank `standing`.

        What it holds is written again in other streams, so no text is lost (`store/fork.py`); the other
        branch is still to come. In a paired vault `proof` must show that the stream's device has signed that
        one. Returns a sentence for a person. Raises NotCovered where it does not, and Fork where nobody can
        sign what would be written again.
        """
        with self.transaction():
            founded = self.circle.founded
            if founded and self.covering.proven_rank(actor, first, proof) != standing:
                raise NotCovered(f"A peer showed another change {first} of {actor:016x} than it had said.")
            if self.log.head(actor).seq >= first:
                division = divide(self.log, actor, first, self.covering.move if founded else moved_actor)
                self._rewrite(division)
                self._cover_rewritten(actor, first)
            self.conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", fork_entry(actor, first, standing))
            self._forks[actor, first] = standing
        sentence = (
            f"A device was copied or restored from a backup: from change {first} of {actor:016x} on there "
            "were two versions. One stands; what the other holds was written again, and nothing is lost."
        )
        if self.bare():
            sentence += " What other devices wrote there reaches others once these have signed it again."
        logger.warning(sentence)
        return sentence

    def _cover_rewritten(self, actor: int, first: int) -> None:
        """See to what covers a log that was written anew; raises Fork where that cannot be sent to others."""
        self.log.grown.clear()
        if self.circle.founded and self.covering.mend() > MAX_GROUP_BYTES:
            raise Fork(
                f"From change {first} of {actor:016x} on there are two versions, and too much was built on "
                "them to be written again. Export the notes of this device (crdtnotes export), join with a "
                "new replica, and import them there.",
                actor,
                first,
            )

    def _rewrite(self, division: Division) -> None:
        """Write the log anew, and all that is derived from it."""
        self.log.clear()
        for table in ("notes", "texts", "names", "links"):
            self.conn.execute(f"DELETE FROM {table}")
        self.search.clear()
        self.documents.forget()
        self._waiting.clear()
        self.epoch += 1
        self.conn.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (self.epoch,))
        for number, (change, data) in enumerate(division.stay + division.moved, 1):
            self.log.write(change, data, self._enter(change, data, self.documents.open(change.note)))
            if number % DERIVE_EVERY == 0:
                self.derive()
                self.documents.trim()
        if self.actor in division.cut:
            self.stream.begin()
        for place, standing in list(self._forks.items()):
            if place[1] > self.log.head(place[0]).seq + 1:
                # Which version stood there was said of a stream that went on as this one no longer does.
                self.conn.execute("DELETE FROM meta WHERE key = ?", fork_entry(*place, standing)[:1])
                del self._forks[place]

    def _take_waiting(self, result: Received) -> bool:
        """Integrate what need not wait any longer; return whether to try again."""
        order = sorted(self._waiting.values(), key=lambda item: (item[0].start, item[0].actor))
        taken = Received()
        current, _ = order[0]
        try:
            with self.transaction():
                for current, data in order:
                    if causality.is_ready(current, self.log):
                        self._take(current, data, data, taken)
        except RemoteError as error:
            logger.warning("dropped a change that had waited: %s", error)
            del self._waiting[current.actor, current.seq]
            return True
        size = 0
        for change, data in order:
            size += len(data)
            stored = change.seq <= self.log.head(change.actor).seq
            if stored:
                join(result.version, {change.actor: change.seq})
            if stored or size > MAX_WAITING:
                del self._waiting[change.actor, change.seq]
        result.changes += taken.changes
        return False
