"""Which version of a change stands, where there were two: remembered for good, with what proves it.

A replica keeps a *standing* version for each place, an actor and a seq, at which it settled a fork, and for
each place from which changes moved because they build on a branch that gave way (`forks/split.py`). A version
of a larger rank gives way to it, also where the standing one itself has moved or is yet to come. In a
paired vault its author's signature is kept with it, so that this replica can show it to others.

What stood is forgotten once an earlier change of that stream gives way, for it followed on what is gone.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from crdtnotes.changes import messages
from crdtnotes.changes.change import Place, Rank
from crdtnotes.changes.messages import Changes, Heads
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.store.log.log import Log

_FORK = "fork "
_PLACE = re.compile("fork ([0-9a-f]{16}) ([0-9]+)")
_RANK_BYTES = 24

_proof_encoder = msgspec.msgpack.Encoder()
_proof_decoder = msgspec.msgpack.Decoder(list[bytes])


def fork_entry(actor: int, seq: int, standing: Rank) -> tuple[str, bytes]:
    """Return key and value under which it is kept that of this change only one version stands."""
    time, digest = standing
    return f"{_FORK}{actor:016x} {seq}", time.to_bytes(8, "big") + digest


def forks_in(meta: Mapping[str, object]) -> dict[Place, Rank]:
    """Return what was kept: `{(actor, seq): rank of the version that stands}`; raises Damaged."""
    result: dict[Place, Rank] = {}
    for key, value in meta.items():
        if isinstance(key, str) and key.startswith(_FORK):
            place = _PLACE.fullmatch(key)
            if place is None or not isinstance(value, bytes) or len(value) != _RANK_BYTES:
                raise Damaged(
                    "The vault's file is damaged where it keeps forks; `crdtnotes repair` mends it."
                )
            result[int(place[1], 16), int(place[2])] = (int.from_bytes(value[:8], "big"), value[8:])
    return result


class ForkWinners:
    """What a replica remembers of forks. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self._ranks: dict[Place, Rank] = {}

    def read(self, meta: Mapping[str, object]) -> None:
        """Take in what the file has now; raises Damaged."""
        self._ranks = forks_in(meta)

    def __contains__(self, place: Place) -> bool:
        """Whether a fork was settled at this place."""
        return place in self._ranks

    def __iter__(self) -> Iterator[Place]:
        """All places at which one was."""
        return iter(self._ranks)

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the version that stands at a place; None if there was only one."""
        return self._ranks.get((actor, seq))

    def missing_winners(self, *, proven: bool) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the versions that stand next in a stream here, and are not here.

        If `proven`, only those of which there is a proof.
        """
        found = sorted(
            (actor, seq, digest)
            for (actor, seq), (_, digest) in self._ranks.items()
            if self._log.head(actor).seq == seq - 1
        )
        if found and proven:
            kept = set(self._conn.execute("SELECT actor, seq, hash FROM proofs"))
            found = [place for place in found if place in kept]
        return found

    def put(self, place: Place, rank: Rank, proof: Sequence[bytes | Heads]) -> None:
        """Remember which version stands; `proof` shows it to others, and may be empty."""
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", fork_entry(*place, rank))
        self._ranks[place] = rank
        if proof:
            frames = [messages.encode(one if isinstance(one, Heads) else messages.pack(one)) for one in proof]
            self._conn.execute(
                "INSERT OR REPLACE INTO proofs VALUES (?, ?, ?, ?)",
                (*place, rank[1], _proof_encoder.encode(frames)),
            )

    def proof(self, actor: int, seq: int) -> list[bytes | Heads]:
        """Return what shows which version stands at a place; nothing if that was not kept."""
        rank = self._ranks.get((actor, seq))
        row = self._conn.execute(
            "SELECT hash, proof FROM proofs WHERE actor = ? AND seq = ?", (actor, seq)
        ).fetchone()
        if rank is None or row is None or row[0] != rank[1]:
            return []
        items: list[bytes | Heads] = []
        try:
            for frame in _proof_decoder.decode(row[1]):
                message = messages.decode(frame)
                if isinstance(message, Heads):
                    items.append(message)
                elif isinstance(message, Changes):
                    items.append(messages.unpack(message))
        except (msgspec.DecodeError, DecodeError, TypeError):
            return []  # it is damaged, and proves nothing
        return items

    def forget_beyond(self) -> None:
        """Forget what stood behind the place at which a stream ends now: it followed on what is gone."""
        for place in [place for place in self._ranks if place[1] > self._log.head(place[0]).seq + 1]:
            self._conn.execute("DELETE FROM meta WHERE key = ?", fork_entry(*place, self._ranks[place])[:1])
            self._conn.execute("DELETE FROM proofs WHERE actor = ? AND seq = ?", place)
            del self._ranks[place]
