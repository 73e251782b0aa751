"""One replica: its file and its transactions.

One transaction holds the changes, what is derived from them and the heads. It takes the file's write
lock first and then checks whether another process has written, so counters and seqs are never used
twice. If it fails, nothing of it is stored and everything in memory is read again.

The parts: `documents`, `names`, `links` and `search` are derived from the log, `ingest` receives changes from
others, `forks` resolves forks, `devices` are the members of the vault.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from crdtnotes.changes.batch import batches, cost
from crdtnotes.changes.change import Change, Rank
from crdtnotes.changes.codec import KNOWN_KINDS
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import (
    Busy,
    Damaged,
    DiskFull,
    LocalError,
    NotAVault,
    ReadOnly,
    StoreError,
)
from crdtnotes.markup.names import name_key
from crdtnotes.store import local_state
from crdtnotes.store.compaction import packing
from crdtnotes.store.compaction.recompress import recompress
from crdtnotes.store.devices import Devices
from crdtnotes.store.digest import digest
from crdtnotes.store.file.database import create_file, open_file, plain_errors, writing
from crdtnotes.store.forks.forks import Forks
from crdtnotes.store.ingest import Ingest, Received
from crdtnotes.store.local_state import StreamRecord
from crdtnotes.store.log.log import Log
from crdtnotes.store.own_stream import OwnStream, new_token, random_actor
from crdtnotes.store.signing.checkpoints import Group
from crdtnotes.store.signing.members import Members
from crdtnotes.store.signing.signer import Signer
from crdtnotes.store.views.derived import Derived
from crdtnotes.store.views.documents import Document
from crdtnotes.store.views.search import PENDING_BULK
from crdtnotes.trust.identity import Identity, own_identity


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

        `actors` returns the actor for each stream that this replica begins; by default a random one.
        `identity` returns this device's keys, by default those of the user's data folder; it is called when a
        paired vault is first written.
        """
        self.new_actor = actors or random_actor
        self.path = path
        self.read_only = read_only
        self.db = open_file(path, read_only=read_only)
        self.conn = self.db.conn
        try:
            with plain_errors(path):
                self.log = Log(self.conn)
                self._derived = Derived(self.conn, self.log)
                self.documents = self._derived.documents
                self.names = self._derived.names
                self.links = self._derived.links
                self.search = self._derived.search
                self._depth = 0
                self._data_version = -1
                self.stream = OwnStream(self.conn, self.log, path, self.new_actor)
                meta = dict(self.conn.execute("SELECT key, value FROM meta").fetchall())
                if not {"vault", "device", "actor", "kinds"} <= meta.keys():
                    raise NotAVault(f"{path} is not a complete crdtnotes vault.")
                self.device = str(meta["device"])
                self.members = Members(self.conn, bytes(meta["vault"]))
                self.signer = Signer(self.conn, self.log, self.members, identity or own_identity)
                self.devices = Devices(self)
                self.forks = Forks(self, self._derived)
                self.ingest = Ingest(self, self._derived, self.forks)
                self._refresh()
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
        local_state.remember(path, StreamRecord(token, actor, 0))
        return cls(path, actors=actors)

    def close(self) -> None:
        """Store lagging snapshots and pack the log if due, unless that fails now; close the file."""
        try:
            self.flush_snapshots_if_possible()
            self.put_in_prepared()
            self._pack_if_possible()
        finally:
            self.search.drop_prepared()
            self.stream.close()
            self.db.close()

    @property
    def actor(self) -> int:
        """The stream that this replica writes."""
        return self.stream.actor

    @property
    def vault_id(self) -> bytes:
        """The id of the vault."""
        return self.members.vault

    @property
    def epoch(self) -> int:
        """How often the log was rewritten because of a fork."""
        with self.reading():
            return self.forks.epoch

    # -- reading

    def refresh(self) -> None:
        """Refresh after commits of other processes."""
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Refresh after commits of other processes, and convert SQLite's errors to ours."""
        with plain_errors(self.path):
            if self._depth == 0:
                self._refresh()
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
                self._refresh()
                yield
            finally:
                self.conn.rollback()

    def row_by_key(self, key: str) -> int | None:
        """Return the row of the note that shows the name with this key; raises Damaged.

        A damaged index must not lead to another note, or hide the right one.
        """
        row = self.conn.execute("SELECT id, name FROM notes WHERE key = ?", (key,)).fetchone()
        if row is None:
            if self.names.is_shown(key):
                raise Damaged(f"The names in {self.path} are damaged; run `crdtnotes repair`.")
            return None
        id, name = row
        if not isinstance(id, int) or not isinstance(name, str) or name_key(name) != key:
            raise Damaged(f"The names in {self.path} are damaged; run `crdtnotes repair`.")
        return id

    def uid_of(self, row: int) -> bytes:
        """Return the id of the note in a row."""
        found = self.conn.execute("SELECT uid FROM notes WHERE id = ?", (row,)).fetchone()
        if found is None:
            raise Damaged(f"A note in {self.path} is not where its name leads; run `crdtnotes repair`.")
        return bytes(found[0])

    def peers(self) -> list[dict[str, object]]:
        """Return the peers that this replica has synchronised with, the latest first."""
        rows = self.conn.execute("SELECT device, address, seen FROM peers ORDER BY seen DESC, device")
        return [{"device": device, "address": address, "seen": seen} for device, address, seen in rows]

    def record_peer(self, device: str, address: str, seen: int) -> None:
        """Remember when (wall time in ms) this replica was in step with a peer."""
        with self.transaction():
            self.conn.execute("INSERT OR REPLACE INTO peers VALUES (?, ?, ?)", (device, address, seen))

    def _refresh(self) -> None:
        (version,) = self.conn.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self.log.refresh()
            meta = dict(self.conn.execute("SELECT key, value FROM meta"))
            if not isinstance(meta.get("actor"), int):
                raise Damaged(f"{self.path} is damaged; run `crdtnotes repair`.")
            self.stream.refresh(meta["actor"], meta.get("token"))
            self.forks.refresh(meta)
            self._derived.refresh()
            if meta["vault"] != self.vault_id:
                self.members.forget(bytes(meta["vault"]))
            self.signer.forget()
            self._data_version = version

    def version(self) -> Version:
        """Return the version: which changes are here."""
        self.refresh()
        return self.log.version()

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the end of each actor's stream: `{actor: (seq, hash of the chain)}`."""
        self.refresh()
        return {actor: (head.seq, head.hash) for actor, head in self.log.heads.items() if head.seq}

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the hash of an actor's stream at a seq; None if that is not known here."""
        with self.reading():
            return self.forks.hash_at(actor, seq)

    def changes_since(self, version: Mapping[int, int]) -> Iterator[bytes | Heads]:
        """Return batches of the changes that are here now and beyond `version`, in causal order.

        In a paired vault they come in groups, each followed by its signatures; unsigned changes are left out,
        and a peer that lacks them cannot accept later ones. They are read in pages on demand; no lock is held
        between pages.
        """
        with self.steady():
            if not self.members.founded:
                return self._guarded(batches(self.log.missing(version)))
            groups = self.signer.checkpoints.groups(version)
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
        self.flush_snapshots_if_possible()
        with self.steady():
            lagging = {uid: doc for uid in self.documents.stale() if (doc := self.documents.open(uid))}
            return digest(self.conn, self.log, {uid: doc.digest() for uid, doc in lagging.items()})

    # -- writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Lock the replica for writing; all that is done inside is committed together, or not at all."""
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
                self._refresh()
                self.log.grown.clear()
                yield
                self.derive()
                self.signer.sign_own(self.actor)
                self.log.save_heads()
        except BaseException:
            self._derived.forget()
            self.members.forget()
            self.stream.forget()
            self._data_version = -1
            raise
        finally:
            self._depth = 0
        self.stream.committed()
        self.documents.trim()

    def integrate(self, change: Change, data: bytes, doc: Document) -> None:
        """Log a change that is already applied to the document."""
        self._refuse_if_undone()
        log_id = self.log.advance(change, data)
        self.log.write(change, data, doc.id)
        doc.note(change, log_id)
        self._derived.touch(doc)
        self.signer.sign_if_large(self.actor)

    def add_created(self, change: Change, data: bytes) -> None:
        """Log the birth of a note that is not here, and add the note."""
        self._refuse_if_undone()
        self.log.write(change, data, self._derived.add_created(change, data))
        self.signer.sign_if_large(self.actor)

    def derive(self) -> None:
        """Bring all derived data up to date with the changes logged in this transaction."""
        self._refuse_if_undone()
        self._derived.derive()

    def _refuse_if_undone(self) -> None:
        """Stop a transaction that SQLite rolled back by itself, as it may do when a disk is full.

        Otherwise a caller that caught that error and went on would write without a transaction.
        """
        if not self.conn.in_transaction:
            raise StoreError(f"An earlier error has rolled back the transaction on {self.path}.")

    def flush_snapshots_if_possible(self) -> None:
        """Store the snapshots that lag behind, unless the file is busy, full or read-only.

        They may lag, so reading or closing must not fail because of them. (Inside a transaction the error is
        raised, because SQLite may have rolled the transaction back.)
        """
        if not self.read_only:
            with suppress(*(() if self._depth else (Busy, DiskFull, ReadOnly))):
                self.flush_snapshots()

    def _pack_if_possible(self) -> None:
        """Pack the log if due, unless the file is busy, full or read-only; damaged changes stay."""
        if not self.read_only:
            with suppress(Busy, DiskFull, ReadOnly, Damaged):
                if packing.is_due(self):
                    packing.pack(self, least=packing.AUTO_PACK_CHANGES)

    def flush_snapshots(self) -> None:
        """Store the snapshots that lag behind the log."""
        with self.reading():
            stale = self.documents.stale()
        if stale:
            with self.transaction():
                self._derived.flush_snapshots()

    def compact(self, progress: packing.Progress | None = None) -> None:
        """Make the file small: pack and recompress the log, optimise the search index, free unused pages.

        An interruption leaves the file intact. It needs as much free disk space as the file takes.
        """
        if self._depth:
            raise LocalError("Cannot compact while a transaction is open.")
        self.flush_snapshots()
        packing.pack(self, progress=progress)
        recompress(self, progress=progress)
        with plain_errors(self.path):
            self.conn.execute("INSERT INTO search (search) VALUES ('optimize')")
            self.conn.execute("VACUUM")

    def put_in_prepared(self) -> None:
        """Store the search index that another process has built, if there is one.

        If that fails (the file is busy, the disk is full, SQLite does not allow writing to FTS5's tables),
        the index is built again when it is needed; a lasting error shows then. Inside a transaction it does
        nothing, because it must be rolled back separately.
        """
        if self.search.is_prepared and not self._depth:
            built = self.search.prepared()
            with suppress(StoreError):
                if built is not None:
                    with self.transaction():
                        self.search.take_over(built)

    def flush_index(self) -> None:
        """Add all notes that are not in the search index yet."""
        self.put_in_prepared()
        with self.reading():
            pending = self.search.pending()
        while pending:
            with self.transaction():
                pending = self.search.put_in_pending(PENDING_BULK)

    def _read_newer(self) -> None:
        """Read the notes again that contain operations which an older crdtnotes did not know."""
        with self.transaction():
            self._derived.read_newer()
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'kinds'", (KNOWN_KINDS,))

    # -- signatures

    @property
    def founded(self) -> bool:
        """Whether the vault was paired, so that changes are accepted only with their signatures."""
        with self.reading():
            return self.members.founded

    def ensure_own_stream(self) -> None:
        """Make sure that the next change goes to a stream for which this device can sign."""
        self.stream.acquire()
        actor = self.signer.own_stream(self.actor)
        if actor != self.actor:
            self.stream.begin(actor)

    def unsigned_streams(self) -> Version:
        """Return the streams with unsigned changes, each with the seq up to which it is signed."""
        with self.reading():
            return self.signer.checkpoints.unsigned_streams()

    def unsigned_count(self) -> int:
        """Return how many changes are unsigned here; see `signing/checkpoints.py`."""
        return sum(self.log.head(actor).seq - seq for actor, seq in self.unsigned_streams().items())

    def checkpoints_for(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return the signed heads of these streams up to at most the given seqs, one Heads a checkpoint."""
        with self.reading():
            return self.signer.checkpoints.heads_for(streams)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return the proof of this replica's branch of a stream from `first` on; empty if it is not here."""
        with self.steady():
            return self.forks.proof(actor, first)

    def mend_signatures(self) -> None:
        """Make the signatures match the log, after parts of either were lost."""
        with self.transaction():
            if self.members.founded:
                self.signer.mend_signatures()

    # -- receiving

    def cost(self, batch: bytes) -> int:
        """Return the cost of receiving a batch, in bytes of text; raises DecodeError."""
        return cost(batch)

    def receive(
        self, received: Sequence[bytes | Heads], *, wait: bool = False, restored: bool = False
    ) -> Received:
        """Receive batches from another replica, in one transaction; in a paired vault with their signatures.

        Changes that are here already are ignored. A change that comes before its dependencies waits in
        memory if `wait`, otherwise the whole call fails. Raises a RemoteError, and stores nothing, if a byte
        of the batches is wrong or a change is not signed. `restored` batches come from this replica's damaged
        file and have no signatures, which `mend_signatures` restores.
        """
        if self._depth:
            raise LocalError("Cannot receive changes while a transaction is open.")
        return self.ingest.receive(received, wait=wait, restored=restored)

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        with self.reading():
            return self.forks.rank(actor, seq)

    def missing_winners(self) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the winners that come next in a stream but are not here."""
        with self.reading():
            return self.forks.missing_winners()

    def give_way(self, actor: int, first: int, winner: Rank, proof: Sequence[bytes | Heads] = ()) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to the branch of rank `winner`.

        No text is lost. In a paired vault `proof` must show that the stream's device has signed the other
        branch. Returns a sentence for the user. Raises NotSigned or Fork; see `store/forks/forks.py`.
        """
        return self.forks.give_way(actor, first, winner, proof)
