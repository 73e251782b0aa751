"""One replica: its file and its transactions.

One transaction holds the changes, what is derived from them and the heads. It takes the file's write
lock first and then looks whether another process has written, so counters and seqs are never used
twice. If it fails, nothing of it happened and everything in memory is read anew.

The parts: `derived` follows from the log, `intake` takes in what others send, `branches` are forks, `devices`
is who belongs to the vault.
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
        """Store what lags behind and pack what is worth it, where that can be done now; close the file."""
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
        """How often the log was written anew because of a fork."""
        with self.reading():
            return self.forks.epoch

    # -- reading

    def refresh(self) -> None:
        """Notice what other processes have written."""
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Notice what other processes have written, and turn SQLite's errors into ours."""
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

    def _refresh(self) -> None:
        (version,) = self.conn.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self.log.refresh()
            meta = dict(self.conn.execute("SELECT key, value FROM meta"))
            if not isinstance(meta.get("actor"), int):
                raise Damaged(f"{self.path} is damaged; `crdtnotes repair` mends it.")
            self.stream.refresh(meta["actor"], meta.get("token"))
            self.forks.refresh(meta)
            self._derived.refresh()
            if meta["vault"] != self.vault_id:
                self.members.forget(bytes(meta["vault"]))
            self.signer.forget()
            self._data_version = version

    def version(self) -> Version:
        """Return which changes are here."""
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

        In a paired vault they come in groups, each followed by what covers it; what is bare is left out, and
        who lacks it cannot take what follows. They are read in pages as they are asked for; no lock is held
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
        """Log a change that the document holds already."""
        self._refuse_if_undone()
        log_id = self.log.advance(change, data)
        self.log.write(change, data, doc.id)
        doc.note(change, log_id)
        self._derived.touch(doc)
        self.signer.sign_if_large(self.actor)

    def add_created(self, change: Change, data: bytes) -> None:
        """Log a birth of a note that is not here, and the note with it."""
        self._refuse_if_undone()
        self.log.write(change, data, self._derived.add_created(change, data))
        self.signer.sign_if_large(self.actor)

    def derive(self) -> None:
        """Bring everything derived up to date with what was integrated in this transaction."""
        self._refuse_if_undone()
        self._derived.derive()

    def _refuse_if_undone(self) -> None:
        """Stop a transaction that SQLite rolled back by itself, as it may where a disk is full.

        Whoever caught that error and went on would else write without a transaction.
        """
        if not self.conn.in_transaction:
            raise StoreError(f"What was being written to {self.path} was undone by an error before.")

    def flush_snapshots_if_possible(self) -> None:
        """Store the snapshots that lag behind, unless that cannot be done now.

        They may lag: that is no reason for reading or closing to fail. (Inside a transaction it is: SQLite
        may have undone it.)
        """
        if not self.read_only:
            with suppress(*(() if self._depth else (Busy, DiskFull, ReadOnly))):
                self.flush_snapshots()

    def _pack_if_possible(self) -> None:
        """Pack the log where that is worth while, unless it cannot be done now; what is damaged stays."""
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
        """Make the file small: pack the log, compress it anew, tidy the search index, give back free pages.

        Whatever interrupts it leaves the file whole. It needs as much free room as the file takes.
        """
        if self._depth:
            raise LocalError("A vault cannot be made small while a transaction is open.")
        self.flush_snapshots()
        packing.pack(self, progress=progress)
        recompress(self, progress=progress)
        with plain_errors(self.path):
            self.conn.execute("INSERT INTO search (search) VALUES ('optimize')")
            self.conn.execute("VACUUM")

    def put_in_prepared(self) -> None:
        """Put into the search index what another process has made of it, if there is such.

        Where that cannot be done (the file is busy, the disk full, SQLite lets nobody write FTS5's tables),
        the index is made anew when it is needed; whatever is wrong shows then. Inside a transaction it waits,
        for it must be undone alone.
        """
        if self.search.is_prepared and not self._depth:
            built = self.search.prepared()
            with suppress(StoreError):
                if built is not None:
                    with self.transaction():
                        self.search.take_over(built)

    def flush_index(self) -> None:
        """Put into the search index what is not there yet."""
        self.put_in_prepared()
        with self.reading():
            pending = self.search.pending()
        while pending:
            with self.transaction():
                pending = self.search.put_in_pending(PENDING_BULK)

    def _read_newer(self) -> None:
        """Read anew the notes that hold operations which an older crdtnotes did not know."""
        with self.transaction():
            self._derived.read_newer()
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'kinds'", (KNOWN_KINDS,))

    # -- what covers the log

    @property
    def founded(self) -> bool:
        """Whether the vault was paired, so that changes are taken in only with what covers them."""
        with self.reading():
            return self.members.founded

    def ensure_own_stream(self) -> None:
        """See to it, before a change is made, that it goes to a stream for which this device can sign."""
        self.stream.acquire()
        actor = self.signer.own_stream(self.actor)
        if actor != self.actor:
            self.stream.begin(actor)

    def unsigned_streams(self) -> Version:
        """Return the streams of which not all is covered here, with the seq up to which it is."""
        with self.reading():
            return self.signer.checkpoints.unsigned_streams()

    def unsigned_count(self) -> int:
        """Return how many changes wait here for their authors' signatures; see `signing/checkpoints.py`."""
        return sum(self.log.head(actor).seq - seq for actor, seq in self.unsigned_streams().items())

    def checkpoints_for(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return, cut by cut, what covers these streams up to at most the seqs that are given."""
        with self.reading():
            return self.signer.checkpoints.heads_for(streams)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return what proves this replica's branch of a stream from `first` on; nothing if it is not here."""
        with self.steady():
            return self.forks.proof(actor, first)

    def mend_signatures(self) -> None:
        """Make what covers the log fit it, when parts of either were lost."""
        with self.transaction():
            if self.members.founded:
                self.signer.mend_signatures()

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
        that was this replica's: they come without what covers them, which `mend_signatures` sees to.
        """
        if self._depth:
            raise LocalError("Changes of others cannot be taken in while a transaction is open.")
        return self.ingest.receive(received, wait=wait, restored=restored)

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        with self.reading():
            return self.forks.rank(actor, seq)

    def missing_winners(self) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of what stands next in a stream here, and is not here; see Branches."""
        with self.reading():
            return self.forks.missing_winners()

    def give_way(self, actor: int, first: int, winner: Rank, proof: Sequence[bytes | Heads] = ()) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to one of the rank `winner`.

        No text is lost. In a paired vault `proof` must show that the stream's device has signed the other
        one. Returns a sentence for a person. Raises NotCovered or Fork; see `store/forks/forks.py`.
        """
        return self.forks.give_way(actor, first, winner, proof)
