"""A branch gives way: its changes, and all that build on them, are written again in other streams.

Rules
    - Of two branches under one `(actor, seq)` the one of the smaller *rank* stands, on every replica: that of
      the change written earlier, by its author's clock, and where the times are equal of the smaller hash.
      Any order of the bytes would do; this one leaves alone what the peers of a restored device have
      built on for long.
    - What gives way takes with it all that its authors wrote in its knowledge. Each of these streams ends
      before its first such change; the rest of it moves to a new stream (`changes/relabel.py`) whose name
      and bytes follow from what is moved. So whoever else holds the branch moves it to the very same
      changes, and nothing is there twice. No text is lost, no delete undone.
    - In a paired vault the new stream is one of the same device, and that device signs it
      (`store/covering.py`). A replica on another device waits for that signature.
    - A replica that gave way remembers which version stands, so it does not take the other in again.
    - What stays does not build on what moves, so the log is the former, then the latter. Everything derived
      is computed from it anew. One transaction holds all of that.

Forks are rare and a log is read fast, so all of it is written anew.
"""

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple

from crdtnotes.changes.change import NO_HASH, Change
from crdtnotes.changes.codec import encode
from crdtnotes.changes.relabel import Move, moved_actor, moves_with, relabel
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import Damaged
from crdtnotes.store.log import Log

_FORK = "fork "
_PLACE = re.compile("fork ([0-9a-f]{16}) ([0-9]+)")
_RANK_BYTES = 24

Logged = tuple[Change, bytes]
"""A change and its bytes."""


Rank = tuple[int, bytes]
"""The time and the hash of the change that a branch begins with: the smaller one stands."""


Name = Callable[[int, int, bytes, bytes], int]
"""Returns the stream to which an actor's changes from a seq on move; see `changes/relabel.moved_actor`."""


class Division(NamedTuple):
    """What becomes of a log: what stays, what is written behind it, and whose streams lose their end."""

    stay: list[Logged]
    moved: list[Logged]
    cut: frozenset[int]


def fork_entry(actor: int, seq: int, standing: Rank) -> tuple[str, bytes]:
    """Return key and value under which it is kept that of this change only one version stands."""
    time, digest = standing
    return f"{_FORK}{actor:016x} {seq}", time.to_bytes(8, "big") + digest


def forks_in(meta: Mapping[str, object]) -> dict[tuple[int, int], Rank]:
    """Return what was kept: `{(actor, seq): rank of the version that stands}`; raises Damaged."""
    result: dict[tuple[int, int], Rank] = {}
    for key, value in meta.items():
        if isinstance(key, str) and key.startswith(_FORK):
            place = _PLACE.fullmatch(key)
            if place is None or not isinstance(value, bytes) or len(value) != _RANK_BYTES:
                raise Damaged(
                    "The vault's file is damaged where it keeps forks; `crdtnotes repair` mends it."
                )
            result[int(place[1], 16), int(place[2])] = (int.from_bytes(value[:8], "big"), value[8:])
    return result


def rank(log: Log, actor: int, seq: int) -> Rank | None:
    """Return the rank of the branch that begins with this change; None if it is not here."""
    digest = log.hash_at(actor, seq)
    if digest is None or seq == 0:
        return None
    version = log.version()
    version[actor] = seq - 1
    change, _ = next(log.opened(version))
    return change.time, digest


def divide(log: Log, actor: int, first: int, name: Name = moved_actor) -> Division:
    """Divide the log where an actor's branch from `first` on gives way; raises what `name` raises."""
    logged = list(log.opened({}))
    for salt in count():
        moves, stay, go = _divide(log, logged, (actor, first), salt, name)
        before = {(change.actor, change.seq): data for change, data in stay}
        # Another replica may have moved the branch already, to these very changes. A stream of that name
        # that says something else is somebody's forgery: then the branch gets another name.
        if all(before.get((change.actor, change.seq), data) == data for change, data in go):
            break
    moved = [item for item in go if (item[0].actor, item[0].seq) not in before]
    return Division(stay, moved, frozenset(moves))


def _divide(
    log: Log, logged: list[Logged], begin: tuple[int, int], salt: int, name: Name
) -> tuple[dict[int, Move], list[Logged], list[Logged]]:
    """Return what moves where, the changes that stay and, told again, those that move."""
    cause = (log.hash_at(*begin) or NO_HASH) + bytes(salt)
    moves: dict[int, Move] = {}
    seen: dict[int, Version] = {}
    last: dict[int, int] = {}
    stay: list[Logged] = []
    go: list[Logged] = []
    for change, data in logged:
        by, seq = change.actor, change.seq
        if (by, seq) == begin or moves_with(change, moves):
            if by not in moves:
                digest = log.hash_at(by, seq) or NO_HASH
                moves[by] = Move(seq, last.get(by, 0), name(by, seq, digest, cause))
            moved = relabel(change, seen.get(by, {}), moves)
            go.append((moved, encode(moved)))
        else:
            stay.append((change, data))
            join(seen.setdefault(by, {}), {**dict(change.deps), by: seq})
            last[by] = change.last
    return moves, stay, go
