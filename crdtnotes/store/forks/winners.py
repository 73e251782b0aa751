"""The winners of forks: stored for good, each with its proof.

A replica keeps a *winner* for each place, an actor and a seq, at which it resolved a fork, and for each place
from which changes moved because they depend on a branch that gave way (`forks/split.py`). A version of a
larger rank gives way to the winner, even if the winner itself has moved or has not arrived yet. In a paired
vault its author's signature is kept with it, so that this replica can show it to others.

A winner is forgotten once an earlier change of its stream gives way, because it followed that change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crdtnotes.errors import Damaged, DecodeError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from crdtnotes.changes.change import Place, Rank
    from crdtnotes.changes.messages import Heads
    from crdtnotes.store.log.log import Log

_FORK = "fork "
_PLACE = "fork ([0-9a-f]{16}) ([0-9]+)"
_RANK_BYTES = 24


def fork_entry(actor: int, seq: int, winner: Rank) -> tuple[str, bytes]:
    """Return the key and the value of the `meta` row that stores a fork's winner."""
    time, digest = winner
    return f"{_FORK}{actor:016x} {seq}", time.to_bytes(8, "big") + digest


def forks_in(meta: Mapping[str, object]) -> dict[Place, Rank]:
    """Return the stored winners: `{(actor, seq): rank of the winner}`; raises Damaged."""
    result: dict[Place, Rank] = {}
    for key, value in meta.items():
        if isinstance(key, str) and key.startswith(_FORK):
            place = re.fullmatch(_PLACE, key)
            if place is None or not isinstance(value, bytes) or len(value) != _RANK_BYTES:
                raise Damaged("The stored forks in the vault's file are damaged; run `crdtnotes repair`.")
            result[int(place[1], 16), int(place[2])] = (int.from_bytes(value[:8], "big"), value[8:])
    return result


class ForkWinners:
    """The winners of a replica's forks. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self._ranks: dict[Place, Rank] = {}

    def read(self, meta: Mapping[str, object]) -> None:
        """Read the winners from the file's `meta` table; raises Damaged."""
        self._ranks = forks_in(meta)

    def __contains__(self, place: Place) -> bool:
        """Whether a fork was resolved at this place."""
        return place in self._ranks

    def __iter__(self) -> Iterator[Place]:
        """All places at which a fork was resolved."""
        return iter(self._ranks)

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the winner at a place; None if there was no fork."""
        return self._ranks.get((actor, seq))

    def missing_winners(self, *, proven: bool) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the winners that come next in a stream here and are not here.

        If `proven`, only those whose proof is stored.
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
        """Store a winner; `proof` shows it to others, and may be empty."""
        self._conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", fork_entry(*place, rank))
        self._ranks[place] = rank
        if proof:
            import msgspec

            from crdtnotes.changes import messages
            from crdtnotes.changes.messages import Heads

            frames = [messages.encode(one if isinstance(one, Heads) else messages.pack(one)) for one in proof]
            self._conn.execute(
                "INSERT OR REPLACE INTO proofs VALUES (?, ?, ?, ?)",
                (*place, rank[1], msgspec.msgpack.encode(frames)),
            )

    def proof(self, actor: int, seq: int) -> list[bytes | Heads]:
        """Return the stored proof of the winner at a place; empty if there is none."""
        rank = self._ranks.get((actor, seq))
        row = self._conn.execute(
            "SELECT hash, proof FROM proofs WHERE actor = ? AND seq = ?", (actor, seq)
        ).fetchone()
        if rank is None or row is None or row[0] != rank[1]:
            return []
        import msgspec

        from crdtnotes.changes import messages
        from crdtnotes.changes.messages import Changes, Heads

        items: list[bytes | Heads] = []
        try:
            for frame in msgspec.msgpack.decode(row[1], type=list[bytes]):
                message = messages.decode(frame)
                if isinstance(message, Heads):
                    items.append(message)
                elif isinstance(message, Changes):
                    items.append(messages.unpack(message))
        except (msgspec.DecodeError, DecodeError, TypeError):
            return []  # a damaged proof proves nothing
        return items

    def clear(self) -> None:
        """Forget all winners: the log is written anew, in other streams."""
        for place in list(self._ranks):
            self._conn.execute("DELETE FROM meta WHERE key = ?", fork_entry(*place, self._ranks[place])[:1])
        self._conn.execute("DELETE FROM proofs")
        self._ranks.clear()

    def forget_beyond(self) -> None:
        """Delete the winners beyond the next change of their stream: they followed changes that are gone."""
        for place in [place for place in self._ranks if place[1] > self._log.head(place[0]).seq + 1]:
            self._conn.execute("DELETE FROM meta WHERE key = ?", fork_entry(*place, self._ranks[place])[:1])
            self._conn.execute("DELETE FROM proofs WHERE actor = ? AND seq = ?", place)
            del self._ranks[place]
