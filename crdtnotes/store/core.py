"""The core of a replica: its file, its state in memory, and its transactions.

One transaction stores the changes, the data derived from them and the heads. It takes the file's write
lock first and then checks whether another process has written, so counters and seqs are never used
twice. If it fails, none of it is stored and all state in memory is read again.

After each commit `on_commit` is called with its effects (`committed.py`). The parts of a replica (`ingest`,
`forks`, `devices`, `signatures`, `compaction`) use the core, and the core knows none of them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.changes.change import Change
from crdtnotes.errors import Damaged, NotAVault, StoreError
from crdtnotes.store.committed import Committed, Origin
from crdtnotes.store.file.database import open_file, plain_errors, writing
from crdtnotes.store.forks.winners import ForkWinners
from crdtnotes.store.log.log import Log
from crdtnotes.store.own_stream import OwnStream, random_actor
from crdtnotes.store.signing.founding import Founding
from crdtnotes.store.views.derived import DERIVE_EVERY, Derived
from crdtnotes.store.views.documents import Document
from crdtnotes.store.views.note_list import NoteList

if TYPE_CHECKING:
    from crdtnotes.store.signing.members import Members
    from crdtnotes.store.signing.signer import Signer
    from crdtnotes.store.views.links import LinkIndex
    from crdtnotes.store.views.names import NameIndex
    from crdtnotes.store.views.search import SearchIndex
    from crdtnotes.trust.identity import Identity


class ReplicaCore:
    """A replica's open file. It is used from one thread; other processes may have the same file open."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        actors: Callable[[], int] | None = None,
        identity: "Callable[[], Identity] | None" = None,
    ) -> None:
        """Open the file; raises VaultNotFound, NotAVault, NewerVault, ReadOnly or Damaged.

        `actors` returns the actor for each stream that this replica begins; by default a random one.
        `identity` returns this device's keys, by default those of the user's data folder; it is called when a
        paired vault is first written.
        """
        self.new_actor = actors or random_actor
        self.on_commit: Callable[[Committed], None] = lambda _: None
        """Called on this thread after each commit, and when commits of other processes are noticed."""
        self.path = path
        self.read_only = read_only
        self.db = open_file(path, read_only=read_only)
        self.conn = self.db.conn
        try:
            with plain_errors(path):
                self.log = Log(self.conn)
                self.derived = Derived(self.conn, self.log)
                self.documents = self.derived.documents
                self.notes = NoteList(self.conn)
                self.winners = ForkWinners(self.conn, self.log)
                self._epoch = self._erasures = 0
                self._depth = 0
                self._data_version = -1
                self._outdated = True
                self._known_tip = 0
                self.stream = OwnStream(self.conn, self.log, path, self.new_actor)
                meta = dict(self.conn.execute("SELECT key, value FROM meta").fetchall())
                if not {"vault", "device", "actor", "kinds"} <= meta.keys():
                    raise NotAVault(f"{path} is not a complete crdtnotes vault.")
                self.device = str(meta["device"])
                self._founding = Founding(self.conn, bytes(meta["vault"]))
                self._make_identity = identity
                self._refresh()
                if not read_only:
                    self.stream.check()
        except BaseException:
            self.db.close()
            raise

    @cached_property
    def members(self) -> "Members":
        """The devices of the vault, and the records about them."""
        from crdtnotes.store.signing.members import Members

        return Members(self.conn, self._founding)

    @cached_property
    def signer(self) -> "Signer":
        """The signatures of the log."""
        from crdtnotes.store.signing.signer import Signer
        from crdtnotes.trust.identity import own_identity

        return Signer(self.conn, self.log, self.members, self._make_identity or own_identity)

    @property
    def names(self) -> "NameIndex":
        """The names that notes show."""
        return self.derived.names

    @property
    def links(self) -> "LinkIndex":
        """What notes link to."""
        return self.derived.links

    @property
    def search(self) -> "SearchIndex":
        """The search index."""
        return self.derived.search

    def _forget_devices(self, *, records: bool) -> None:
        """Re-check our stream's device, and with `records` read the records about devices again."""
        loaded = vars(self)
        if "signer" in loaded:
            self.signer.forget()
        if records:
            self._founding.forget()
            if "members" in loaded:
                self.members.forget()

    @property
    def actor(self) -> int:
        """The stream that this replica writes."""
        return self.stream.actor

    @property
    def vault_id(self) -> bytes:
        """The id of the vault."""
        return self._founding.vault

    @property
    def epoch(self) -> int:
        """How often the log was rewritten because of a fork."""
        with self.reading():
            return self._epoch

    @property
    def rewrites(self) -> tuple[int, int]:
        """How often the log was rewritten because of a fork, and how often because text was erased."""
        with self.reading():
            return self._rewrites

    @property
    def _rewrites(self) -> tuple[int, int]:
        return self._epoch, self._erasures

    def _take_epoch(self, epoch: object, erasures: object) -> None:
        if not isinstance(epoch, int) or not isinstance(erasures, int):
            raise Damaged(f"{self.path} is damaged; run `crdtnotes repair`.")
        if (epoch, erasures) != self._rewrites:
            # The log was rewritten, or a rewrite was rolled back: documents in memory belong to the old log.
            self._epoch, self._erasures = epoch, erasures
            self.log.forget()
            self.documents.forget()
            self.links.forget()

    def begin_epoch(self) -> None:
        """Record, in a transaction, that the log is rewritten; other processes then drop their documents."""
        self._epoch += 1
        self.conn.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (self._epoch,))

    def begin_rewrite(self) -> None:
        """Record, in a transaction, that the log is rewritten without a text; see `begin_epoch`."""
        self._erasures += 1
        self.conn.execute("INSERT OR REPLACE INTO meta VALUES ('erasures', ?)", (self._erasures,))

    def enter_anew(self, changes: Iterable[tuple[Change, bytes]]) -> None:
        """Enter changes, in causal order, into a log that was cleared, and derive everything from them.

        Inside a transaction. Each change comes with its bytes; the next one is taken when one is entered.
        """
        derived = self.derived
        for number, (change, data) in enumerate(changes, 1):
            self.log.write(change, data, derived.enter(change, data, self.documents.open(change.note)))
            if number % DERIVE_EVERY == 0:
                derived.derive()
                self.documents.trim()

    # -- reading

    def refresh(self) -> None:
        """Update the state in memory after commits of other processes."""
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Update the state in memory if other processes have committed; convert SQLite's errors to ours."""
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

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the end of each actor's stream: `{actor: (seq, hash of the chain)}`."""
        self.refresh()
        return {actor: (head.seq, head.hash) for actor, head in self.log.heads.items() if head.seq}

    def _refresh(self) -> None:
        """Read the state in memory again, if another process has committed or a transaction failed."""
        (version,) = self.conn.execute("PRAGMA data_version").fetchone()
        foreign = version != self._data_version
        if not foreign and not self._outdated:
            return
        rewrites = self._rewrites
        self.log.refresh()
        meta = dict(self.conn.execute("SELECT key, value FROM meta"))
        if not isinstance(meta.get("actor"), int):
            raise Damaged(f"{self.path} is damaged; run `crdtnotes repair`.")
        self.stream.refresh(meta["actor"], meta.get("token"))
        self.winners.read(meta)
        self._take_epoch(meta.get("epoch", 0), meta.get("erasures", 0))
        self.derived.refresh()
        renamed = meta["vault"] != self.vault_id
        self._founding.vault = bytes(meta["vault"])
        self._forget_devices(records=renamed)
        self._outdated = False
        if foreign:
            opened = self._data_version == -1
            self._data_version = version
            members_changed = self._founding.has_moved()
            if not opened:
                notes = None if self._rewrites != rewrites else self.documents.changed_since(self._known_tip)
                touched = notes is None or bool(notes)
                # Signatures alone leave no trace here: in a paired vault some may have come.
                learned = self._founding.founded
                self.on_commit(Committed(Origin.PROCESS, notes, touched, touched, members_changed, learned))
            self._known_tip = self.log.tip

    # -- writing

    @contextmanager
    def transaction(self, origin: Origin = Origin.LOCAL) -> Iterator[None]:
        """Lock the replica for writing; everything written inside is committed together, or not at all.

        `origin` is passed to `on_commit`; in a nested transaction the outer one's origin counts.
        """
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
                rewrites = self._begin_effects()
                yield
                self.derive()
                self._sign()
                self.log.save_heads()
        except BaseException:
            self.log.forget()
            self.log.erased.forget()
            self.derived.forget()
            self._forget_devices(records=True)
            self.stream.forget()
            self._outdated = True
            raise
        finally:
            self._depth = 0
        self.stream.committed()
        self.documents.trim()
        self._known_tip = self.log.tip
        self.on_commit(self._effects(origin, rewrites))

    def _begin_effects(self) -> tuple[int, int]:
        """Begin to record the effects of a transaction; return `rewrites` at its start."""
        self.derived.entered.clear()
        self.names.changed = self.links.changed = False
        loaded = vars(self)
        if "members" in loaded:
            self.members.changed = False
        if "signer" in loaded:
            self.signer.learned = False
        return self._rewrites

    def _effects(self, origin: Origin, rewrites: tuple[int, int]) -> Committed:
        """Return the effects of the transaction that has just been committed."""
        rewritten = self._rewrites != rewrites
        loaded = vars(self)
        return Committed(
            origin,
            None if rewritten else frozenset(self.derived.entered),
            names_changed=self.names.changed or rewritten,
            links_changed=self.links.changed or rewritten,
            members_changed="members" in loaded and self.members.changed,
            learned="signer" in loaded and self.signer.learned,
        )

    def integrate(self, change: Change, data: bytes, doc: Document) -> None:
        """Log a change that is already applied to the document."""
        self._refuse_if_undone()
        log_id = self.log.advance(change, data)
        self.log.write(change, data, doc.id)
        doc.note(change, log_id)
        self.derived.follow(doc, change)
        self._sign_if_large()

    def add_created(self, change: Change, data: bytes) -> None:
        """Log the birth of a note that does not exist here yet, and add the note."""
        self._refuse_if_undone()
        self.log.write(change, data, self.derived.add_created(change, data))
        self._sign_if_large()

    def _sign_if_large(self) -> None:
        if self._founding.founded:
            self.signer.sign_if_large(self.actor)

    def _sign(self) -> None:
        """Sign what was logged in this transaction; nothing is signed in a vault that was never paired."""
        if self._founding.founded:
            self.signer.sign_own(self.actor)
        self.log.grown.clear()

    def derive(self) -> None:
        """Bring all derived data up to date with the changes logged in this transaction."""
        self._refuse_if_undone()
        self.derived.derive()

    def _refuse_if_undone(self) -> None:
        """Raise StoreError if SQLite rolled back the transaction by itself, as it may when a disk is full.

        Otherwise a caller that caught that error and went on would write without a transaction.
        """
        if not self.conn.in_transaction:
            raise StoreError(f"An earlier error has rolled back the transaction on {self.path}.")

    def ensure_own_stream(self) -> None:
        """Make sure that the next change goes to a stream for which this device can sign."""
        self.stream.acquire()
        if self._founding.founded:
            actor = self.signer.own_stream(self.actor)
            if actor != self.actor:
                self.stream.begin(actor)
