"""A branch gives way: its changes, and all changes that depend on them, move to other streams.

Rules
    - Of two branches under one `(actor, seq)` the one of the smaller *rank* wins, on every replica: the
      branch whose first change was written earlier, by its author's clock, or has the smaller hash if the
      times are equal. Any fixed order would do; this one keeps the branch on which the peers of a restored
      device have built for a long time.
    - With the losing branch move all changes whose authors had seen it when they wrote them. Each of these
      streams ends before its first such change; the rest of it moves to a new stream (`changes/relabel.py`)
      whose name and bytes are computed from the moved changes. So every replica that holds the branch moves
      it to exactly the same changes, and nothing is duplicated. No text is lost, and no delete is undone.
    - The winner is chosen among the versions as they were written, whatever happens to them later: a version
      that moves because it depends on a losing branch still wins at its place against versions of larger
      rank (`store/forks/winners.py`). Otherwise the changes that move would depend on which fork is found
      first.
    - If the new stream is here already and continues differently, that is a fork like any other; it is
      resolved at once.
    - In a paired vault the new stream belongs to the same device, and that device signs it
      (`store/signing/signer.py`). A replica on another device waits for that signature.
    - Changes that stay do not depend on changes that move, so the new log is the former followed by the
      latter. All derived data is computed again from it. All of this happens in one transaction.

Forks are rare and reading a log is fast, so the whole log is rewritten.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from crdtnotes.changes.change import NO_HASH, Change, Place, Rank, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.relabel import Move, content_of, moved_actor, moves_with, relabel
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import Fork
from crdtnotes.store.log.log import Log

Logged = tuple[Change, bytes]
"""A change and its bytes."""

Name = Callable[[int, int, bytes], int]
"""Returns the stream to which an actor's changes from a seq on move, given the first one's content."""


class Division(NamedTuple):
    """The division of a log: the changes that stay, and the moved changes to write after them.

    `cut` holds the streams that lose their end. `vacant` holds the places from which changes move, with the
    rank of the version that was there. `conflicts` holds the places at which a stream that was here already
    continued differently, with the rank of the winner there.
    """

    stay: list[Logged]
    moved: list[Logged]
    cut: frozenset[int]
    vacant: dict[Place, Rank]
    conflicts: dict[Place, Rank]


def unpaired_name(_actor: int, _first: int, content: bytes) -> int:
    """Return the stream to which changes move in a vault that was never paired."""
    return moved_actor(content)


def rank(log: Log, actor: int, seq: int) -> Rank | None:
    """Return the rank of the branch that begins with this change; None if it is not here."""
    digest = log.hash_at(actor, seq)
    if digest is None or seq == 0:
        return None
    version = log.version()
    version[actor] = seq - 1
    change, _ = next(log.opened(version))
    return change.time, digest


def divide(log: Log, actor: int, first: int, name: Name = unpaired_name) -> Division:
    """Divide the log so that an actor's branch from `first` on gives way; raises what `name` raises."""
    return divide_all(log, {(actor, first)}, name)


def divide_all(log: Log, branches: Iterable[Place], name: Name) -> Division:
    """Divide the log so that all these branches give way, each from a place on; raises what `name` raises."""
    logged = list(log.opened({}))
    losers = set(branches)
    salts: Counter[Place] = Counter()
    conflicts: dict[Place, Rank] = {}
    while True:
        attempt = _Attempt(log, losers, salts, name)
        attempt.run(logged)
        clash = attempt.clash()
        if clash is None:
            cut = frozenset(actor for actor, _ in attempt.vacant)
            return Division(attempt.stay, attempt.fresh, cut, attempt.vacant, conflicts)
        conflicts[clash.place] = clash.winner
        losers.add(clash.loser)
        # If the streams differ in their very first change, the name is taken: the moved one needs another.
        salts[clash.loser] += clash.place[1] == 1


def first_content(log: Log, actor: int, first: int) -> bytes:
    """Return the content that names the new stream of an actor's branch from `first` on, if it moves."""
    contents: list[bytes] = []

    def name(actor: int, first: int, content: bytes) -> int:
        contents.append(content)
        return unpaired_name(actor, first, content)

    _Attempt(log, {(actor, first)}, Counter(), name).run(list(log.opened({})))
    return contents[0]


class _Clash(NamedTuple):
    """Two different changes for one place of a new stream: the winner, and where the loser was before."""

    place: Place
    winner: Rank
    loser: Place


class _Relabelled(NamedTuple):
    """A change as it is in its new stream, its bytes, and the place that it had before."""

    change: Change
    data: bytes
    origin: Place


class _Attempt:
    """One pass over the log, with the branches that are known to give way so far."""

    def __init__(self, log: Log, losers: set[Place], salts: Counter[Place], name: Name) -> None:
        """`salts` counts, for each place, the names for its new stream that are taken."""
        self._log = log
        self._losers = losers
        self._salts = salts
        self._name = name
        self._moves: dict[int, list[Move]] = {}
        self._renamed: dict[int, int] = {}
        self._seen: dict[int, Version] = {}
        self._last: dict[int, int] = {}
        self._relabelled: list[_Relabelled] = []
        self.stay: list[Logged] = []
        self.fresh: list[Logged] = []
        """The moved changes that are not in their new streams already."""
        self.vacant: dict[Place, Rank] = {}

    def run(self, logged: list[Logged]) -> None:
        """Divide the log into the changes that stay and the changes that move."""
        for change, data in logged:
            by, seq = change.actor, change.seq
            if (by, seq) in self._losers or moves_with(change, self._moves):
                self._move(change)
            else:
                self.stay.append((change, data))
                join(self._seen.setdefault(by, {}), {**dict(change.deps), by: seq})
            self._last[by] = change.last

    def _move(self, change: Change) -> None:
        by, seq = change.actor, change.seq
        if change.is_erased:
            raise Fork(
                f"From change {seq} of {by:016x} on there are two versions, and text was erased in one of "
                "them, so its changes cannot be moved: export the notes of this device (crdtnotes export), "
                "join with a new replica, and import them there.",
                by,
                seq,
            )
        own = self._moves.setdefault(by, [])
        seen = self._seen.get(by, {})
        if not own or (by, seq) in self._losers:
            if own:
                seen = self._seen[by] = {**seen, **own[-1].seen, own[-1].to: seq - own[-1].first}
            else:
                self.vacant[by, seq] = change.time, self._log.hash_at(by, seq) or NO_HASH
            own.append(Move(seq, self._last.get(by, 0), 0))
            content = content_of(change, seen, self._moves, self._renamed)
            salt = self._salts[by, seq]
            while own[-1].to in (0, by):
                own[-1].to = self._name(by, seq, content + bytes(salt))
                salt += 1
        moved = relabel(change, seen, self._moves, self._renamed)
        self._relabelled.append(_Relabelled(moved, encode(moved), (by, seq)))

    def clash(self) -> _Clash | None:
        """Return where a moved change comes to a place that another change has, if any; fill `fresh`."""
        held = {
            (change.actor, change.seq): _Relabelled(change, data, (change.actor, change.seq))
            for change, data in self.stay
        }
        tips: dict[Place, bytes] = {}
        for moved in self._relabelled:
            to, seq = place = moved.change.actor, moved.change.seq
            before = tips.get((to, seq - 1)) or self._log.hash_at(to, seq - 1) or NO_HASH
            other = held.get(place)
            if other is None:
                held[place] = moved
                tips[place] = chain(before, moved.data)
                self.fresh.append((moved.change, moved.data))
            elif other.data != moved.data:
                mine = moved.change.time, chain(before, moved.data)
                theirs = other.change.time, self._log.chain(before, other.change, other.data)
                if theirs == mine:
                    tips[place] = mine[1]  # it is here without a text that was erased from it
                    continue
                if theirs < mine:
                    return _Clash(place, theirs, moved.origin)
                return _Clash(place, mine, other.origin)
        return None
