"""What covers a paired vault's log: signatures of heads, at cuts.

A *cut* is a state of the log in which the head of every stream is signed. Each transaction ends at one: a
local one signs its own stream, and what comes from others comes in groups that end at one. The last cut
moves along with every transaction; once the changes since the one before come to GROUP_BYTES, it stays, and
a next one begins. So a peer can be sent what it lacks in groups of bounded size, each covered at its end,
and a stream that grows key by key keeps 64 bytes for each GROUP_BYTES.

A stream is *bare* beyond the last of its signatures here. That happens where a replica has joined with
changes from before the pairing, where a branch has given way (store/forks/split.py), and where a damaged file
was mended. Then the last cut *waits*: it stays the last one until the signatures have come.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crdtnotes.changes.limits import GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version
from crdtnotes.trust.actors import ActorRecord

Signed = tuple[int, int, bytes]
"""`(actor, seq, signature)` of a head."""


class Group(NamedTuple):
    """Changes that are sent together: all up to a version, and what covers them."""

    upto: Version
    heads: Heads


class Cut(NamedTuple):
    """A cut as it is stored."""

    bytes: int
    signed: list[Signed]


class Checkpoints:
    """The cuts of a replica. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def put(self, size: int, entries: Iterable[Signed]) -> None:
        """Move the last cut to where these heads are.

        `size` are the bytes of changes that came since it was moved last.
        """
        id, bytes_, waits = self._last()
        if id == 0 or (bytes_ and bytes_ + size > GROUP_BYTES and not waits):
            id, bytes_ = id + 1, 0
        self._conn.execute("INSERT OR REPLACE INTO cuts VALUES (?, ?, ?)", (id, bytes_ + size, waits))
        self._sign(id, entries)

    def begin_waiting(self, size: int) -> None:
        """Begin a cut of this many bytes that waits for signatures."""
        self._conn.execute("INSERT INTO cuts VALUES (?, ?, 1)", (self._last()[0] + 1, size))

    def rewrite(self, cuts: Sequence[Cut], *, waits: bool) -> None:
        """Put these cuts in the place of all; the last one `waits` for signatures or not."""
        for table in ("cuts", "signatures"):
            self._conn.execute(f"DELETE FROM {table}")
        for id, cut in enumerate(cuts, 1):
            self._conn.execute(
                "INSERT INTO cuts VALUES (?, ?, ?)", (id, cut.bytes, waits and id == len(cuts))
            )
            self._sign(id, cut.signed)

    def _last(self) -> tuple[int, int, int]:
        """Return number, bytes and whether it waits of the last cut; zeros if there is none."""
        row = self._conn.execute("SELECT id, bytes, waits FROM cuts ORDER BY id DESC LIMIT 1").fetchone()
        return (0, 0, 0) if row is None else row

    def _sign(self, id: int, entries: Iterable[Signed]) -> None:
        self._conn.executemany(
            "INSERT OR REPLACE INTO signatures VALUES (?, ?, ?, ?)",
            [(id, actor, seq, signature) for actor, seq, signature in entries],
        )

    @property
    def waits(self) -> bool:
        """Whether the last cut waits for signatures: some stream is bare."""
        return bool(self._last()[2])

    def unsigned_streams(self) -> Version:
        """Return the streams that are bare, each with the seq up to which it is signed; none costs little."""
        if not self.waits:
            return {}
        return dict(
            self._conn.execute(
                """SELECT actors.actor, ifnull(max(signatures.seq), 0) AS signed
                   FROM actors LEFT JOIN signatures ON signatures.actor = actors.actor
                   WHERE actors.seq GROUP BY actors.actor HAVING actors.seq > signed"""
            )
        )

    def all_signed(self) -> list[tuple[int, Signed]]:
        """Return all that is stored, each with its cut, in the order of the cuts."""
        return [
            (cut, (actor, seq, signature))
            for cut, actor, seq, signature in self._conn.execute(
                "SELECT cut, actor, seq, signature FROM signatures ORDER BY cut, seq"
            )
        ]

    def clear(self) -> None:
        """Forget all cuts and whose the streams are."""
        for table in ("cuts", "signatures", "authors"):
            self._conn.execute(f"DELETE FROM {table}")

    def authors(self) -> list[ActorRecord]:
        """Return whose the streams are, as it is stored."""
        return [
            ActorRecord(actor, key, nonce)
            for actor, key, nonce in self._conn.execute("SELECT actor, key, nonce FROM authors")
        ]

    def key_of(self, actor: int) -> bytes | None:
        """Return the signing key of the device whose stream this is, None if that is not known."""
        row = self._conn.execute("SELECT key FROM authors WHERE actor = ?", (actor,)).fetchone()
        return None if row is None else bytes(row[0])

    def add_author(self, author: ActorRecord) -> None:
        """Remember whose a stream is."""
        self._conn.execute(
            "INSERT OR IGNORE INTO authors VALUES (?, ?, ?)",
            (author.actor, author.signing_key, author.nonce),
        )

    def remove_author(self, actor: int) -> None:
        """Forget whose a stream is."""
        self._conn.execute("DELETE FROM authors WHERE actor = ?", (actor,))

    def groups(self, version: Mapping[int, int]) -> list[Group]:
        """Return the groups in which what lies beyond a version is to be sent."""
        groups: list[Group] = []
        upto: Version = {}
        moved: dict[int, tuple[int, bytes]] = {}
        last = 0
        for cut, (actor, seq, signature) in self.all_signed():
            if cut != last and moved:
                groups.append(self._group(upto, moved))
                moved = {}
            last = cut
            upto[actor] = seq
            if seq > version.get(actor, 0):
                moved[actor] = (seq, signature)
        if moved:
            groups.append(self._group(upto, moved))
        return groups

    def holding(self, actor: int, seq: int) -> tuple[int, int, int]:
        """Return the first cut that has a change of a stream, or the last if none has.

        That is: its number, its bytes, and the seq at which it signs the stream, 0 if it does not.
        """
        row = self._conn.execute(
            """SELECT cut, bytes, seq FROM signatures JOIN cuts ON id = cut
               WHERE actor = ? AND seq >= ? ORDER BY cut LIMIT 1""",
            (actor, seq),
        ).fetchone()
        return (*self._last()[:2], 0) if row is None else row

    def of_streams(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return, cut by cut, what covers these streams up to at most the seqs that are given."""
        cuts: dict[int, dict[int, tuple[int, bytes]]] = {}
        for cut, (actor, seq, signature) in self.all_signed():
            if seq <= streams.get(actor, 0):
                cuts.setdefault(cut, {})[actor] = (seq, signature)
        return [self._group({}, moved).heads for moved in cuts.values()]

    def signed_from(self, actor: int, seq: int) -> tuple[int, Heads] | None:
        """Return the first signed seq of a stream at or beyond this one, and what covers it."""
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

    def ends(self, actor: int) -> set[int]:
        """Return the seqs of an actor that are signed at cuts which stay."""
        return {
            seq
            for (seq,) in self._conn.execute(
                "SELECT seq FROM signatures WHERE actor = ? AND cut < (SELECT max(id) FROM cuts)", (actor,)
            )
        }
