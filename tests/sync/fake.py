"""A replica in memory, which the sync tests use for a session instead of a vault."""

import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import covers, join
from crdtnotes.errors import CrdtnotesError, DecodeError, Fork, MissingChanges
from crdtnotes.store.committed import Committed, Origin

VAULT = bytes(range(16))
BATCH_BYTES = 1000
"""Small, so that a few changes make several batches."""


class Entry(NamedTuple):
    actor: int
    seq: int
    deps: dict[int, int]
    payload: bytes


class Received(NamedTuple):
    version: dict[int, int]
    changes: int
    newly_signed: bool = False


class FakeDevices:
    """Records are texts: `+name` adds a member and `-name` removes it."""

    def __init__(self, called: Callable[[], None]) -> None:
        self._called = called
        self.members: set[bytes] = set()
        self.kept: list[bytes] = []

    def records_digest(self) -> bytes:
        self._called()
        return blake2b(b"".join(sorted(self.kept)), digest_size=16).digest() if self.kept else bytes(16)

    def records(self, protocol: int | None = None) -> list[bytes]:
        self._called()
        return list(self.kept)

    def introduce(self) -> None:
        self._called()

    def take_records(self, records: list[bytes]) -> int:
        self._called()
        new = [record for record in records if record not in self.kept]
        self.kept += new
        added = {record[1:] for record in self.kept if record[:1] == b"+"}
        self.members = added - {record[1:] for record in self.kept if record[:1] == b"-"}
        return len(new)

    def is_member(self, device: bytes) -> bool:
        self._called()
        return device in self.members

    def check_streams(self, device: bytes, heads: Sequence[Heads]) -> None:
        self._called()

    def certificates(self) -> dict[bytes, bytes]:
        self._called()
        return {}

    def note_contact(self, device: bytes, address: str | None, version: dict[int, int]) -> None:
        self._called()


class FakeSignatures:
    """A vault that was never paired, unless a test says so."""

    def __init__(self) -> None:
        self.required = False

    def unsigned_streams(self) -> dict[int, int]:
        return {}

    def sign_waiting(self) -> None:
        pass

    def of_streams(self, streams: dict[int, int]) -> list[Heads]:
        return []


class FakeForks:
    """Throws the losing branch away: what it held is not what these tests are about."""

    def __init__(self, replica: "FakeReplica") -> None:
        self._replica = replica

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        self._replica._called()
        return self._replica.hashes.get((actor, seq))

    def rank(self, actor: int, seq: int) -> tuple[int, bytes] | None:
        digest = self.hash_at(actor, seq)
        return None if digest is None else (0, digest)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        return []

    def missing_winners(self) -> list[tuple[int, int, bytes]]:
        return []

    def give_way(
        self, actor: int, first: int, winner: tuple[int, bytes], proof: Sequence[bytes | Heads] = ()
    ) -> str:
        replica = self._replica
        replica._called()
        replica.log = [entry for entry in replica.log if entry.actor != actor or entry.seq < first]
        replica.hashes = {
            key: digest for key, digest in replica.hashes.items() if key[0] != actor or key[1] < first
        }
        replica._version[actor] = first - 1
        if first == 1:
            del replica._version[actor]
        return "Two versions were found; one gave way."


class FakeReplica:
    """Keeps changes in the order in which they came, which is a causal order."""

    def __init__(self, actor: int, *, vault: bytes = VAULT, device: str = "laptop") -> None:
        self.actor = actor
        self.vault_id = vault
        self.device = device
        self.log: list[Entry] = []
        self.hashes: dict[tuple[int, int], bytes] = {}
        self.transactions = 0
        self.closed = False
        self.trouble: CrdtnotesError | None = None
        self.committed: Callable[[], None] = lambda: None
        self.on_commit: Callable[[Committed], None] = lambda _: None
        self._written_elsewhere = False
        self.threads: set[int] = set()
        self.devices = FakeDevices(self._called)
        self.forks = FakeForks(self)
        self.signatures = FakeSignatures()
        self.epoch = 0
        self._version: dict[int, int] = {}

    def write(self, payload: bytes = b"x") -> None:
        """Commit one change of this replica's own actor."""
        self._write(payload)
        self.on_commit(Committed(Origin.LOCAL, None))

    def write_elsewhere(self, payload: bytes = b"x") -> None:
        """Commit a change as another process would: it is seen once the replica looks."""
        self._write(payload)
        self._written_elsewhere = True

    def refresh(self) -> None:
        if self._written_elsewhere:
            self._written_elsewhere = False
            self.on_commit(Committed(Origin.PROCESS, None))

    def _write(self, payload: bytes) -> None:
        seq = self._version.get(self.actor, 0) + 1
        deps = {actor: head for actor, head in self._version.items() if actor != self.actor}
        self._append(Entry(self.actor, seq, deps, payload))

    def _append(self, entry: Entry) -> None:
        before = self.hashes.get((entry.actor, entry.seq - 1), bytes(16))
        self.hashes[entry.actor, entry.seq] = blake2b(before + entry.payload, digest_size=16).digest()
        self._version[entry.actor] = entry.seq
        self.log.append(entry)
        self.committed()

    def payloads(self) -> list[tuple[int, int, bytes]]:
        return sorted((entry.actor, entry.seq, entry.payload) for entry in self.log)

    # -- the interface

    def version(self) -> dict[int, int]:
        self._called()
        return dict(self._version)

    def heads(self) -> dict[int, tuple[int, bytes]]:
        self._called()
        return {actor: (seq, self.hashes[actor, seq]) for actor, seq in self._version.items()}

    def changes_since(self, version: dict[int, int]) -> Iterator[bytes]:
        self._called()
        entries = [entry for entry in self.log if entry.seq > version.get(entry.actor, 0)]
        return self._batches(entries)

    def _batches(self, entries: list[Entry]) -> Iterator[bytes]:
        group: list[Entry] = []
        size = 0
        for entry in entries:
            self._called()
            if group and size + len(entry.payload) > BATCH_BYTES:
                yield msgspec.msgpack.encode(group)
                group, size = [], 0
            group.append(entry)
            size += len(entry.payload) + 20
        if group:
            yield msgspec.msgpack.encode(group)

    def open_batch(self, data: bytes) -> Batch:
        return Batch((data,), len(data))

    def put_in_prepared(self) -> None:
        self._called()

    def receive(self, items: Sequence[bytes | Batch | Heads]) -> Received:
        self._called()
        version = dict(self._version)
        covered: dict[int, int] = {}
        new: list[Entry] = []
        seen = {(entry.actor, entry.seq): entry for entry in self.log}
        for batch in items:
            if isinstance(batch, Heads):
                continue
            data = batch if isinstance(batch, bytes) else batch.pieces[0]
            assert isinstance(data, bytes)
            try:
                entries = msgspec.msgpack.decode(data, type=list[Entry])
            except msgspec.DecodeError as error:
                raise DecodeError(f"Not a batch ({error}).") from None
            for entry in entries:
                join(covered, {entry.actor: entry.seq})
                known = seen.setdefault((entry.actor, entry.seq), entry)
                if known.payload != entry.payload:
                    raise Fork("Two changes bear one number.", entry.actor, entry.seq)
                if entry.seq <= version.get(entry.actor, 0):
                    continue
                if entry.seq != version.get(entry.actor, 0) + 1 or not covers(version, entry.deps):
                    raise MissingChanges("A change came before what it depends on.")
                version[entry.actor] = entry.seq
                new.append(entry)
        for entry in new:
            self._append(entry)
        self.transactions += 1
        self.on_commit(Committed(Origin.PEER, None if new else frozenset()))
        return Received(covered, len(new))

    def close(self) -> None:
        self._called()
        self.closed = True

    def _called(self) -> None:
        self.threads.add(threading.get_ident())
        if self.trouble is not None:
            raise self.trouble
