"""The checkpoints of a paired vault's log: stored signatures of stream heads.

A *checkpoint* is a state of the log in which the head of every stream is signed. Each transaction ends at
one: a local transaction signs its own stream, and changes from others come in groups that end at a
checkpoint. The last checkpoint moves along with every transaction. Once the changes since the checkpoint
before it reach GROUP_BYTES, or GROUP_STREAMS streams, it stays, and a new one begins. So a peer can be sent
the changes that it lacks in groups of bounded size, each signed at its end, and a stream that grows key by
key stores one 64-byte signature for each GROUP_BYTES.

The changes of a stream behind its last signature here are *unsigned*. That happens when a replica joined with
changes from before the pairing, when a branch gave way (store/forks/split.py), when a damaged file was
repaired, and when this device wrote while its keys were locked. The last checkpoint is then *waiting*: it
stays the last one until the signatures have come.

In the file's tables a checkpoint is a row of `cuts`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crdtnotes.changes.limits import GROUP_BYTES, GROUP_STREAMS
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version
from crdtnotes.trust.actors import ActorRecord

_LEAST_CHANGE_BYTES = 25
# No change has fewer.

Signed = tuple[int, int, bytes]
"""`(actor, seq, signature)` of a head."""


class Group(NamedTuple):
    """Changes that are sent together: all changes up to a version, and the signatures of their heads."""

    upto: Version
    heads: Heads


class Checkpoint(NamedTuple):
    """A checkpoint as it is stored: the bytes of its changes, and the signatures that are new in it."""

    bytes: int
    signed: list[Signed]


class Checkpoints:
    """The checkpoints of a replica. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def put(self, size: int, entries: Iterable[Signed]) -> None:
        """Move the last checkpoint to these heads.

        `size` is the bytes of the changes that came since it was last moved.
        """
        signed = list(entries)
        id, bytes_, waits = self._last()
        full = bytes_ + size > GROUP_BYTES or self._has_many(id, bytes_, len(signed))
        if id == 0 or (bytes_ and full and not waits):
            id, bytes_ = id + 1, 0
        self._conn.execute("INSERT OR REPLACE INTO cuts VALUES (?, ?, ?)", (id, bytes_ + size, waits))
        self._sign(id, signed)

    def _has_many(self, id: int, size: int, more: int) -> bool:
        """Whether a checkpoint of `size` bytes signs many streams, or would with `more` of them."""
        if more + size // _LEAST_CHANGE_BYTES <= GROUP_STREAMS:
            return False  # it cannot: each stream in it has a change
        (count,) = self._conn.execute(
            "SELECT count(DISTINCT actor) FROM signatures WHERE cut = ?", (id,)
        ).fetchone()
        return int(count) + more > GROUP_STREAMS

    def add_waiting(self, size: int) -> None:
        """Add a checkpoint for changes of `size` bytes that waits for signatures."""
        self._conn.execute("INSERT INTO cuts VALUES (?, ?, 1)", (self._last()[0] + 1, size))

    def extend_waiting(self, size: int) -> None:
        """Add unsigned changes of `size` bytes to the checkpoint that waits, or to a new one."""
        if self.is_waiting:
            self.put(size, ())
        else:
            self.add_waiting(size)

    def drop_waiting(self) -> bool:
        """Remove the checkpoint that waits, unless some stream is signed in it; return whether it is gone."""
        id, _, waits = self._last()
        if not waits or self._conn.execute("SELECT 1 FROM signatures WHERE cut = ?", (id,)).fetchone():
            return False
        self._conn.execute("DELETE FROM cuts WHERE id = ?", (id,))
        return True

    def rewrite(self, checkpoints: Sequence[Checkpoint], *, waits: bool) -> None:
        """Replace all checkpoints by these; `waits` says whether the last one waits for signatures."""
        for table in ("cuts", "signatures"):
            self._conn.execute(f"DELETE FROM {table}")
        for id, checkpoint in enumerate(checkpoints, 1):
            self._conn.execute(
                "INSERT INTO cuts VALUES (?, ?, ?)", (id, checkpoint.bytes, waits and id == len(checkpoints))
            )
            self._sign(id, checkpoint.signed)

    def _last(self) -> tuple[int, int, int]:
        """Return the last checkpoint as `(number, bytes, whether it waits)`; zeros if there is none."""
        row = self._conn.execute("SELECT id, bytes, waits FROM cuts ORDER BY id DESC LIMIT 1").fetchone()
        return (0, 0, 0) if row is None else row

    def _sign(self, id: int, entries: Iterable[Signed]) -> None:
        self._conn.executemany(
            "INSERT OR REPLACE INTO signatures VALUES (?, ?, ?, ?)",
            [(id, actor, seq, signature) for actor, seq, signature in entries],
        )

    @property
    def is_waiting(self) -> bool:
        """Whether the last checkpoint waits for signatures: some stream has unsigned changes."""
        return bool(self._last()[2])

    def unsigned_streams(self) -> Version:
        """Return the streams with unsigned changes, each with the seq up to which it is signed.

        Cheap when everything is signed.
        """
        if not self.is_waiting:
            return {}
        return dict(
            self._conn.execute(
                """SELECT actors.actor, ifnull(max(signatures.seq), 0) AS signed
                   FROM actors LEFT JOIN signatures ON signatures.actor = actors.actor
                   WHERE actors.seq GROUP BY actors.actor HAVING actors.seq > signed"""
            )
        )

    def all_signed(self) -> list[tuple[int, Signed]]:
        """Return every stored signature with the number of its checkpoint, ordered by checkpoint."""
        return [
            (checkpoint, (actor, seq, signature))
            for checkpoint, actor, seq, signature in self._conn.execute(
                "SELECT cut, actor, seq, signature FROM signatures ORDER BY cut, seq"
            )
        ]

    def clear(self) -> None:
        """Delete all checkpoints and the authors of all streams."""
        for table in ("cuts", "signatures", "authors"):
            self._conn.execute(f"DELETE FROM {table}")

    def authors(self) -> list[ActorRecord]:
        """Return the stored author records: which device owns which stream."""
        return [
            ActorRecord(actor, key, nonce)
            for actor, key, nonce in self._conn.execute("SELECT actor, key, nonce FROM authors")
        ]

    def key_of(self, actor: int) -> bytes | None:
        """Return the signing key of the device that owns this stream; None if the owner is not known."""
        row = self._conn.execute("SELECT key FROM authors WHERE actor = ?", (actor,)).fetchone()
        return None if row is None else bytes(row[0])

    def count_streams(self, key: bytes) -> int:
        """Return how many streams are known of the device with this signing key."""
        (count,) = self._conn.execute("SELECT count(*) FROM authors WHERE key = ?", (key,)).fetchone()
        return int(count)

    def add_author(self, author: ActorRecord) -> None:
        """Store which device owns a stream."""
        self._conn.execute(
            "INSERT OR IGNORE INTO authors VALUES (?, ?, ?)",
            (author.actor, author.signing_key, author.nonce),
        )

    def remove_author(self, actor: int) -> None:
        """Delete the record of which device owns a stream."""
        self._conn.execute("DELETE FROM authors WHERE actor = ?", (actor,))

    def groups(self, version: Mapping[int, int]) -> list[Group]:
        """Return the groups in which the changes beyond a version are to be sent."""
        groups: list[Group] = []
        upto: Version = {}
        moved: dict[int, tuple[int, bytes]] = {}
        last = 0
        for checkpoint, (actor, seq, signature) in self.all_signed():
            if checkpoint != last and moved:
                groups.append(self._group(upto, moved))
                moved = {}
            last = checkpoint
            upto[actor] = seq
            if seq > version.get(actor, 0):
                moved[actor] = (seq, signature)
        if moved:
            groups.append(self._group(upto, moved))
        return groups

    def containing(self, actor: int, seq: int) -> tuple[int, int, int]:
        """Return the first checkpoint that includes a change of a stream, or the last one if none does.

        The result is `(number, bytes, seq at which it signs the stream)`; the seq is 0 if it does not.
        """
        row = self._conn.execute(
            """SELECT cut, bytes, seq FROM signatures JOIN cuts ON id = cut
               WHERE actor = ? AND seq >= ? ORDER BY cut LIMIT 1""",
            (actor, seq),
        ).fetchone()
        return (*self._last()[:2], 0) if row is None else row

    def heads_for(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return the signed heads of these streams up to at most the given seqs, one Heads a checkpoint."""
        found: dict[int, dict[int, tuple[int, bytes]]] = {}
        for checkpoint, (actor, seq, signature) in self.all_signed():
            if seq <= streams.get(actor, 0):
                found.setdefault(checkpoint, {})[actor] = (seq, signature)
        return [self._group({}, moved).heads for moved in found.values()]

    def next_signed(self, actor: int, seq: int) -> tuple[int, Heads] | None:
        """Return the first signed seq of a stream at or beyond this one, with its signature."""
        row = self._conn.execute(
            "SELECT seq, signature FROM signatures WHERE actor = ? AND seq >= ? ORDER BY seq LIMIT 1",
            (actor, seq),
        ).fetchone()
        return None if row is None else (int(row[0]), self._group({}, {actor: row}).heads)

    def _group(self, upto: Version, moved: dict[int, tuple[int, bytes]]) -> Group:
        heads = tuple((actor, seq, signature) for actor, (seq, signature) in sorted(moved.items()))
        return Group(dict(upto), Heads(tuple(self._proofs(moved)), heads))

    def _proofs(self, actors: Iterable[int]) -> Iterator[tuple[bytes, bytes]]:
        for actor in sorted(actors):
            for key, nonce in self._conn.execute("SELECT key, nonce FROM authors WHERE actor = ?", (actor,)):
                yield bytes(key), bytes(nonce)

    def lasting_ends(self, actor: int) -> set[int]:
        """Return the seqs of an actor that are signed at lasting checkpoints: at all but the last one."""
        return {
            seq
            for (seq,) in self._conn.execute(
                "SELECT seq FROM signatures WHERE actor = ? AND cut < (SELECT max(id) FROM cuts)", (actor,)
            )
        }
