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
    - Which version stands is said of the versions as they were written, whatever becomes of them: one that
      moves because it builds on another branch that gave way still stands at its place against those of
      larger rank (`store/forks/winners.py`). Else it would depend on which fork is found first what moves.
    - Where the new stream is here already and goes on otherwise, that is a fork like any other; it is settled
      at once.
    - In a paired vault the new stream is one of the same device, and that device signs it
      (`store/signing/signer.py`). A replica on another device waits for that signature.
    - What stays does not build on what moves, so the log is the former, then the latter. Everything derived
      is computed from it anew. One transaction holds all of that.

Forks are rare and a log is read fast, so all of it is written anew.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from crdtnotes.changes.change import NO_HASH, Change, Place, Rank, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.relabel import Move, content_of, moved_actor, moves_with, relabel
from crdtnotes.crdt.version import Version, join
from crdtnotes.store.log.log import Log

Logged = tuple[Change, bytes]
"""A change and its bytes."""

Name = Callable[[int, int, bytes], int]
"""Returns the stream to which an actor's changes from a seq on move, by the content of its first change."""


class Division(NamedTuple):
    """What becomes of a log: what stays, what is written behind it, and which places are settled.

    `cut` are the streams that lose their end. `vacant` are the places from which changes move, with the rank
    of what was there; `settled` those at which a stream that was here already went on otherwise, with the
    rank of what stands there.
    """

    stay: list[Logged]
    moved: list[Logged]
    cut: frozenset[int]
    vacant: dict[Place, Rank]
    settled: dict[Place, Rank]


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
    """Divide the log where an actor's branch from `first` on gives way; raises what `name` raises."""
    logged = list(log.opened({}))
    losers = {(actor, first)}
    salts: Counter[Place] = Counter()
    settled: dict[Place, Rank] = {}
    while True:
        attempt = _Attempt(log, losers, salts, name)
        attempt.run(logged)
        clash = attempt.clash()
        if clash is None:
            cut = frozenset(actor for actor, _ in attempt.vacant)
            return Division(attempt.stay, attempt.fresh, cut, attempt.vacant, settled)
        settled[clash.place] = clash.standing
        losers.add(clash.loser)
        # Where its very first change is another, the name is taken: it needs a different one.
        salts[clash.loser] += clash.place[1] == 1


class _Clash(NamedTuple):
    """Two different changes for one place of a stream that is made: which stands, and where the other was."""

    place: Place
    standing: Rank
    loser: Place


class _Told(NamedTuple):
    """A change as it is told in its new stream, its bytes, and the place that it had before."""

    change: Change
    data: bytes
    origin: Place


class _Attempt:
    """One way through the log, by what is known to give way."""

    def __init__(self, log: Log, losers: set[Place], salts: Counter[Place], name: Name) -> None:
        """`salts` counts the names of a place's new stream that are taken."""
        self._log = log
        self._losers = losers
        self._salts = salts
        self._name = name
        self._moves: dict[int, list[Move]] = {}
        self._seen: dict[int, Version] = {}
        self._last: dict[int, int] = {}
        self._told: list[_Told] = []
        self.stay: list[Logged] = []
        self.fresh: list[Logged] = []
        """What moves, as it is told there, as far as it is not there already."""
        self.vacant: dict[Place, Rank] = {}

    def run(self, logged: list[Logged]) -> None:
        """Divide the log into what stays and what moves."""
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
        own = self._moves.setdefault(by, [])
        seen = self._seen.get(by, {})
        if not own or (by, seq) in self._losers:
            if own:
                seen = self._seen[by] = {**seen, **own[-1].seen, own[-1].to: seq - own[-1].first}
            else:
                self.vacant[by, seq] = change.time, self._log.hash_at(by, seq) or NO_HASH
            own.append(Move(seq, self._last.get(by, 0), 0))
            content = content_of(change, seen, self._moves)
            salt = self._salts[by, seq]
            while own[-1].to in (0, by):
                own[-1].to = self._name(by, seq, content + bytes(salt))
                salt += 1
        moved = relabel(change, seen, self._moves)
        self._told.append(_Told(moved, encode(moved), (by, seq)))

    def clash(self) -> _Clash | None:
        """Return where a change that moves comes to a place that another one has; fill `fresh`."""
        held = {
            (change.actor, change.seq): _Told(change, data, (change.actor, change.seq))
            for change, data in self.stay
        }
        tips: dict[Place, bytes] = {}
        for told in self._told:
            to, seq = place = told.change.actor, told.change.seq
            before = tips.get((to, seq - 1)) or self._log.hash_at(to, seq - 1) or NO_HASH
            other = held.get(place)
            if other is None:
                held[place] = told
                tips[place] = chain(before, told.data)
                self.fresh.append((told.change, told.data))
            elif other.data != told.data:
                mine = told.change.time, chain(before, told.data)
                theirs = other.change.time, chain(before, other.data)
                if theirs < mine:
                    return _Clash(place, theirs, told.origin)
                return _Clash(place, mine, other.origin)
        return None
