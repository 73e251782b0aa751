"""One replica: reading it, receiving changes from others, and maintenance of its file.

The parts: `core` has the file and its transactions, `ingest` receives changes from others, `forks` resolves
forks, `signatures` and `devices` belong to paired vaults. Each is loaded when it is first used, because a
command that shows a note needs none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.changes.wire_ops import KNOWN_KINDS
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import (
    Busy,
    Damaged,
    DiskFull,
    LocalError,
    ReadOnly,
    StoreError,
)
from crdtnotes.markup.kinds import LINK_RULES
from crdtnotes.markup.names import name_key
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import local_state
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.file.database import create_file, plain_errors
from crdtnotes.store.local_state import StreamRecord
from crdtnotes.store.own_stream import new_token, random_actor

if TYPE_CHECKING:
    from crdtnotes.changes.batch import Batch
    from crdtnotes.changes.messages import Heads
    from crdtnotes.crdt.tags import Tags
    from crdtnotes.results import Received
    from crdtnotes.store.devices import Devices
    from crdtnotes.store.erasure.erasing import Erasing
    from crdtnotes.store.forks.forks import Forks
    from crdtnotes.store.ingest import Ingest
    from crdtnotes.store.signatures import Signatures
    from crdtnotes.store.signing.checkpoints import Group
    from crdtnotes.trust.identity import Identity

AUTO_PACK_CHANGES = 1024
"""Unpacked changes of one stream from which on the log is packed without being asked to."""


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
        try:
            if not read_only:
                self._read_newer()
                self._read_births()
                # Last, as the links of a merged note follow from its text.
                self._fill_frontiers()
                self._follow_link_rules()
                self.scrub_if_possible()
        except BaseException:
            self.db.close()
            raise

    @classmethod
    def create(
        cls, path: Path, device: str, vault: bytes | None = None, actors: Callable[[], int] | None = None
    ) -> Replica:
        """Make a new replica, of a new vault or of the vault with this id; raises VaultExists."""
        actor, token = (actors or random_actor)(), new_token()
        meta = {
            "vault": vault or os.urandom(16),
            "device": device,
            "actor": actor,
            "token": token,
            "kinds": KNOWN_KINDS,
            "link_rules": LINK_RULES,
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
            if self.derived.is_used("search"):
                self.search.drop_prepared()
            self.stream.close()
            self.db.close()

    # -- parts

    @cached_property
    def erasing(self) -> Erasing:
        """Erasing texts for good."""
        from crdtnotes.store.erasure.erasing import Erasing

        return Erasing(self)

    @cached_property
    def devices(self) -> Devices:
        """The devices of the vault."""
        from crdtnotes.store.devices import Devices

        return Devices(self, self.erasing, self.scrub_if_possible)

    @cached_property
    def forks(self) -> Forks:
        """Resolving forks."""
        from crdtnotes.store.forks.forks import Forks

        return Forks(self, self.erasing.moved)

    @cached_property
    def signatures(self) -> Signatures:
        """Which changes are signed."""
        from crdtnotes.store.signatures import Signatures

        return Signatures(self)

    @cached_property
    def ingest(self) -> Ingest:
        """Receiving changes."""
        from crdtnotes.store.ingest import Ingest

        return Ingest(self, self.forks, self.erasing)

    # -- reading

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
        """Remember when (wall time in ms) this replica was in sync with a peer."""
        with self.transaction():
            self.conn.execute("INSERT OR REPLACE INTO peers VALUES (?, ?, ?)", (device, address, seen))

    def version(self) -> Version:
        """Return the version: which changes are here."""
        self.refresh()
        return self.log.version()

    def changes_since(self, version: Mapping[int, int]) -> Iterator[bytes | Heads]:
        """Return batches of the changes that are here now and beyond `version`, in causal order.

        In a paired vault they come in groups, each followed by its signatures; unsigned changes are left out,
        and a peer that lacks them cannot accept later ones. They are read in pages on demand; no lock is held
        between pages.
        """
        from crdtnotes.changes.batch import batches

        with self.steady():
            if not self.members.founded:
                return self._guarded(batches(self.log.missing(version)))
            groups = self.signer.checkpoints.groups(version)
        return self._guarded(self._in_groups(version, groups))

    def _in_groups(self, version: Mapping[int, int], groups: list[Group]) -> Iterator[bytes | Heads]:
        from crdtnotes.changes.batch import batches

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
        from crdtnotes.store.digest import digest

        self.flush_snapshots_if_possible()
        with self.steady():
            lagging = {uid: doc for uid in self.documents.stale() if (doc := self.documents.open(uid))}
            return digest(self.conn, self.log, {uid: doc.digest() for uid, doc in lagging.items()})

    # -- writing

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
        if self.read_only or all(head.seq < AUTO_PACK_CHANGES for head in self.log.heads.values()):
            return
        from crdtnotes.store.compaction import packing

        with suppress(Busy, DiskFull, ReadOnly, Damaged):
            if packing.is_due(self, AUTO_PACK_CHANGES):
                packing.pack(self, least=AUTO_PACK_CHANGES)

    def flush_snapshots(self) -> None:
        """Store the snapshots that lag behind the log."""
        with self.reading():
            stale = self.documents.stale()
        if stale:
            with self.transaction():
                self.derived.flush_snapshots()

    def compact(self, progress: Progress = no_progress) -> None:
        """Make the file small: pack and recompress the log, optimise the search index, free unused pages.

        An interruption leaves the file intact. It needs as much free disk space as the file takes.
        """
        if self._depth:
            raise LocalError("Cannot compact while a transaction is open.")
        from crdtnotes.store.compaction import packing
        from crdtnotes.store.compaction.recompress import recompress

        self.flush_snapshots()
        packing.pack(self, progress=progress)
        recompress(self, progress=progress)
        with plain_errors(self.path):
            self.conn.execute("INSERT INTO search (search) VALUES ('optimize')")
            self.conn.execute("VACUUM")

    def scrub_if_possible(self) -> None:
        """Rebuild the file without free pages if text was erased, unless it is busy or the disk is full.

        What was deleted in the transaction that erased it is overwritten already; free pages may have older
        copies. Until this has succeeded, each opening of the file tries it again.
        """
        if self.read_only or self._depth:
            return
        with suppress(StoreError), plain_errors(self.path):
            if self.conn.execute("SELECT 1 FROM meta WHERE key = 'scrub'").fetchone() is not None:
                self.conn.execute("VACUUM")
                self.conn.execute("PRAGMA secure_delete = OFF")
                with self.transaction():
                    self.conn.execute("DELETE FROM meta WHERE key = 'scrub'")

    def put_in_prepared(self) -> None:
        """Store the search index that another process has built, if there is one.

        If that fails (the file is busy, the disk is full, SQLite does not allow writing to FTS5's tables),
        the index is built again when it is needed; a lasting error shows then. Inside a transaction it does
        nothing, because it must be rolled back separately.
        """
        if self.derived.is_used("search") and self.search.is_prepared and not self._depth:
            built = self.search.prepared()
            with suppress(StoreError):
                if built is not None:
                    with self.transaction():
                        self.search.take_over(built)

    def flush_index(self) -> None:
        """Add all notes that are not in the search index yet."""
        from crdtnotes.store.views.search import PENDING_BULK

        self.put_in_prepared()
        with self.reading():
            pending = self.search.pending()
        while pending:
            with self.transaction():
                pending = self.search.put_in_pending(PENDING_BULK)

    def _fill_frontiers(self) -> None:
        """Compute the notes' frontiers in a file of a version that had none."""
        due = "SELECT 1 FROM meta WHERE key = 'frontiers'"
        with plain_errors(self.path):
            if self.conn.execute(due).fetchone() is None:
                return
        with self.transaction():
            if self.conn.execute(due).fetchone() is not None:
                self.derived.fill_frontiers()
                self.conn.execute("DELETE FROM meta WHERE key = 'frontiers'")

    def _read_newer(self) -> None:
        """Read the notes again that hold operations which an older crdtnotes did not know."""
        with plain_errors(self.path):
            (known,) = self.conn.execute("SELECT value FROM meta WHERE key = 'kinds'").fetchone()
        if int(known) >= KNOWN_KINDS:
            return
        with self.transaction():
            self.derived.read_newer()
            self.conn.execute("UPDATE meta SET value = ? WHERE key = 'kinds'", (KNOWN_KINDS,))

    def _read_births(self) -> None:
        """Once after the update that brought seams, read the notes again that may have some."""
        with plain_errors(self.path):
            if self.conn.execute("SELECT 1 FROM meta WHERE key = 'births'").fetchone() is None:
                return
        with self.transaction():
            self.derived.read_births()
            self.conn.execute("DELETE FROM meta WHERE key = 'births'")

    def _follow_link_rules(self) -> None:
        """Derive again what a version with other rules for links has derived."""
        rules = "SELECT value FROM meta WHERE key = 'link_rules'"
        with plain_errors(self.path):
            if self.conn.execute(rules).fetchone() == (LINK_RULES,):
                return
        with self.transaction():
            self.derived.read_links()
            self.conn.execute("INSERT OR REPLACE INTO meta VALUES ('link_rules', ?)", (LINK_RULES,))

    def erase(self, note: bytes, ids: Tags) -> int:
        """Erase the texts with these ids from a note for good; return how many changes held some of them.

        A vault that was never paired becomes a new one. Raises TooLarge; in a paired vault also KeysLocked,
        NotPaired if this device does not belong to it, or NotPermitted if it may only read.
        """
        from crdtnotes.changes.erasing import erase

        with self.transaction():
            held = self.erasing.count(note, ids)
            if held and self.members.founded:
                self.erasing.erase(note, ids)
            elif held:
                self.erasing.shred()
                from crdtnotes.store.known_files import KnownFiles

                KnownFiles(self).forget_texts({note})
                self.devices.begin_anew(
                    lambda change: erase(change, ids, named=True) if change.note == note else change
                )
        return held

    # -- receiving

    def open_batch(self, data: bytes) -> Batch:
        """Decode the envelope of a batch, for `receive`; raises DecodeError."""
        from crdtnotes.changes.batch import open_batch

        return open_batch(data)

    def receive(
        self, received: Sequence[bytes | Batch | Heads], *, wait: bool = False, restored: bool = False
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
