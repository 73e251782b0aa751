"""One replica: reading it, taking in what others send, and care for its file.

The parts: `core` has the file and its transactions, `ingest` takes in what others send, `forks` settles
forks, `signatures` and `devices` are what a paired vault has besides.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from crdtnotes.changes.batch import Batch, batches, open_batch
from crdtnotes.changes.codec import KNOWN_KINDS
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import (
    Busy,
    Damaged,
    DiskFull,
    LocalError,
    ReadOnly,
    StoreError,
)
from crdtnotes.markup.names import name_key
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import local_state
from crdtnotes.store.compaction import packing
from crdtnotes.store.compaction.recompress import recompress
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.devices import Devices
from crdtnotes.store.digest import digest
from crdtnotes.store.file.database import create_file, plain_errors
from crdtnotes.store.forks.forks import Forks
from crdtnotes.store.ingest import Ingest, Received
from crdtnotes.store.local_state import Remembered
from crdtnotes.store.own_stream import new_token, random_actor
from crdtnotes.store.signatures import Signatures
from crdtnotes.store.signing.checkpoints import Group
from crdtnotes.store.views.search import PENDING_BULK
from crdtnotes.trust.identity import Identity


class Replica(ReplicaCore):
    """A replica with all its parts."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        actors: Callable[[], int] | None = None,
        identity: Callable[[], Identity] | None = None,
    ) -> None:
        """Open a replica; the arguments and errors are those of ReplicaCore."""
        super().__init__(path, read_only=read_only, actors=actors, identity=identity)
        self.devices = Devices(self)
        self.forks = Forks(self)
        self.signatures = Signatures(self)
        self.ingest = Ingest(self, self.forks)
        try:
            if not read_only:
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
        local_state.remember(path, Remembered(token, actor, 0))
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

    # -- reading

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

    def version(self) -> Version:
        """Return which changes are here."""
        self.look()
        return self.log.version()

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
                    packing.pack(self, least=packing.DUE)

    def flush_snapshots(self) -> None:
        """Store the snapshots that lag behind the log."""
        with self.reading():
            stale = self.documents.stale()
        if stale:
            with self.transaction():
                self.derived.flush_snapshots()

    def compact(self, progress: Progress = no_progress) -> None:
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
        """Read the notes again that hold operations which an older crdtnotes did not know."""
        with plain_errors(self.path):
            (known,) = self.conn.execute("SELECT value FROM meta WHERE key = 'kinds'").fetchone()
        if int(known) >= KNOWN_KINDS:
            return
        with self.transaction():
            self.derived.read_newer()
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'kinds'", (KNOWN_KINDS,))

    # -- receiving

    def open_batch(self, data: bytes) -> Batch:
        """Decode the envelope of a batch, for `receive`; raises DecodeError."""
        return open_batch(data)

    def receive(
        self, received: Sequence[bytes | Batch | Heads], *, wait: bool = False, restored: bool = False
    ) -> Received:
        """Take in batches from another replica, in one transaction, and in a paired vault what covers them.

        Changes that are here already are passed over. One that comes before what it depends on waits
        in memory if `wait`, else it makes the whole fail. Raises a RemoteError, and keeps nothing,
        when a byte of the batches is wrong or a change is not covered. `restored` batches are from a file
        that was this replica's: they come without what covers them, which `mend_covers` sees to.
        """
        if self._depth:
            raise LocalError("Changes of others cannot be taken in while a transaction is open.")
        return self.ingest.receive(received, wait=wait, restored=restored)
