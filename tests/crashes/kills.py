"""Kill processes at random moments, open what they left, and see that nothing acknowledged is gone.

After each kill:
    - every acknowledged commit is in the log, under its number and with its hash
    - `check` finds nothing: no replica needs repair
    - of a pair, neither has a change of the other that the other lost, and they converge
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from crdtnotes.vault import Vault
from tests.crashes.children import Ack, Child, follower, packer, server, writer
from tests.vaults import fast, meet

ROUND = 20
"""Kills that one pair of replicas lives through; then new ones begin, so that checking stays cheap."""

LIVES = (0.002, 0.02, 0.1, 0.2)
"""Seconds that a process lives at the most: some die while they open the file, some after many commits."""

LONG = 20_000
"""Characters of a note whose snapshot may lag behind the log."""


@dataclass
class Tally:
    """What was killed and what was found."""

    kills: int = 0
    acknowledged: int = 0
    mid_commit: int = 0
    """Kills that left a journal to be rolled back."""
    packed: int = 0
    """Changes that lie in blocks."""
    exchanged: int = 0
    """Changes that one of a pair got from the other before they were killed."""

    def __str__(self) -> str:
        return (
            f"{self.kills:,} kills, {self.mid_commit:,} of them in the middle of a commit, "
            f"{self.acknowledged:,} acknowledged commits and {self.exchanged:,} exchanged changes, "
            f"all there; {self.packed:,} of them in blocks"
        )


def run(
    seed: int,
    kills: int,
    folder: Path,
    show: Callable[[int], None] = lambda _: None,
    until: float = float("inf"),
) -> Tally:
    """Kill so many processes, fewer if `time.monotonic()` passes `until`; fails where something is lost."""
    tally = Tally()
    number = 0
    while tally.kills < kills and time.monotonic() < until:
        place = folder / f"{seed}-{number}"
        place.mkdir()
        pair = _Pair(place, f"{seed}.{number}", tally)
        while tally.kills < min(kills, (number + 1) * ROUND):
            pair.one_crash()
            show(tally.kills)
        pair.converge()
        number += 1
    return tally


class _Pair:
    """Two replicas of one vault, and what their users were told is saved."""

    def __init__(self, folder: Path, name: str, tally: Tally) -> None:
        self._random = Random(name)
        self._name = name
        self._tally = tally
        self._paths = [folder / "0.db", folder / "1.db"]
        self._exchanged: dict[str, int] = {}
        with (
            Vault.create(self._paths[0], "d0") as first,
            Vault.create(self._paths[1], "d1", first.id) as other,
        ):
            fast(first).create_note("long", "长 " * (LONG // 2))
            meet(first, fast(other))

    def one_crash(self) -> None:
        self._tally.kills += 1
        try:
            if self._random.random() < 0.5:
                self._kill_a_writer()
            else:
                self._kill_one_of_a_pair()
        except BaseException as error:
            error.add_note(f"replay: python -m tests.crashes --seed {self._name.split('.')[0]}")
            raise

    def _kill_a_writer(self) -> None:
        at = self._random.randrange(2)
        name = f"{self._name}.{self._tally.kills}"
        children = [Child.start(writer(self._paths[at], name))]
        if self._random.random() < 0.5:
            children += [Child.start(packer(self._paths[at], f"{name}.p{number}")) for number in range(2)]
        acks: list[Ack] = []
        for child in children:
            child.first()
        self._random.shuffle(children)
        for child in children:
            self._wait()
            acks += child.kill()
        self._tally.kills += len(children) - 1
        self._open_again(at, acks)

    def _kill_one_of_a_pair(self) -> None:
        """Kill the server and the follower one after the other, in either order, a moment between them."""
        name = f"{self._name}.{self._tally.kills}"
        serving = Child.start(server(self._paths[0], f"{name}.s"))
        port = serving.first().seq
        following = Child.start(follower(self._paths[1], f"{name}.f", port))
        children = [(0, serving), (1, following)]
        following.first()
        self._wait()
        self._random.shuffle(children)
        acks = {}
        for at, child in children:
            acks[at] = child.kill()
            if self._random.random() < 0.5:
                self._wait()
        self._tally.kills += 1
        for at, _ in children:
            self._open_again(at, acks[at])
        self._nothing_was_sent_that_is_not_there()

    def _wait(self) -> None:
        time.sleep(self._random.choice(LIVES) * self._random.random())

    def _open_again(self, at: int, acks: Iterable[Ack]) -> None:
        path = self._paths[at]
        journal = path.with_name(f"{path.name}-journal")
        self._tally.mid_commit += journal.exists() and journal.stat().st_size > 0
        with Vault.open(path) as vault:
            for ack in acks:
                if ack.actor and ack.seq:
                    self._tally.acknowledged += 1
                    assert vault.replica.hash_at(ack.actor, ack.seq) == ack.hash, f"lost: {ack}"
            problems = vault.check()
            assert not problems, problems

    def _nothing_was_sent_that_is_not_there(self) -> None:
        with Vault.open(self._paths[0]) as one, Vault.open(self._paths[1]) as two:
            for here, there in ((one, two), (two, one)):
                own = here.replica.log.head(here.replica.actor)
                theirs = there.replica.log.head(here.replica.actor)
                assert theirs.seq <= own.seq, "a peer has a change that its author lost"
                assert here.replica.hash_at(here.replica.actor, theirs.seq) == theirs.hash
                self._tally.exchanged += theirs.seq - self._exchanged.get(here.actor, 0)
                self._exchanged[here.actor] = theirs.seq

    def converge(self) -> None:
        """The pair meets in peace and shows the same."""
        with Vault.open(self._paths[0]) as one, Vault.open(self._paths[1]) as two:
            self._tally.packed += _in_blocks(one) + _in_blocks(two)
            meet(fast(one), fast(two))
            assert one.check() == two.check() == []


def _in_blocks(vault: Vault) -> int:
    (count,) = vault.replica.conn.execute("SELECT ifnull(sum(until - seq + 1), 0) FROM blocks").fetchone()
    return int(count)
