"""Kill processes at random moments, open the files they left, and check that nothing acknowledged is lost.

After each kill:
    - every acknowledged commit is in the log, with its number and its hash
    - `check` finds no problem: no replica needs repair
    - neither replica of a pair has a change that its author lost, and they converge

Every second pair are paired devices: their changes are signed, they sync in mutual TLS, and some processes
are killed while they add devices, revoke them, or join.
    - every acknowledged record about a device is there
    - an interrupted join can be repeated
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unittest import mock

from crdtnotes.peering.join import make_replica, vault_at
from crdtnotes.sync.peers.pairing import Joined
from crdtnotes.trust.identity import HOME_VARIABLE, Identity, own_identity
from crdtnotes.trust.pairing import Welcome
from crdtnotes.vault import Vault
from tests.crashes.children import (
    Ack,
    Child,
    follower,
    joiner,
    packer,
    record_ack,
    server,
    steward,
    writer,
)
from tests.sync.circles import meet as meet_as_devices
from tests.vaults import fast, meet

ROUND = 20
"""Kills for one pair of replicas; then a new pair begins, so that checking stays cheap."""

LIVES = (0.002, 0.02, 0.1, 0.2)
"""Maximum lifetimes of a process in seconds: some die while opening the file, some after many commits."""

LONG = 20_000
"""Characters of a note whose snapshot may lag behind the log."""


@dataclass
class Tally:
    """The number of kills, and the findings."""

    kills: int = 0
    acknowledged: int = 0
    mid_commit: int = 0
    """Kills that left a journal to be rolled back."""
    packed: int = 0
    """Changes in blocks."""
    exchanged: int = 0
    """Changes that one replica of a pair got from the other before the kill."""
    paired: int = 0
    """Kills of processes with paired vaults."""
    records: int = 0
    """Acknowledged records about devices."""
    joins: int = 0
    """Acknowledged joins."""

    def __str__(self) -> str:
        return (
            f"{self.kills:,} kills, {self.paired:,} of them with paired vaults, {self.mid_commit:,} in the "
            f"middle of a commit, {self.records:,} acknowledged records about devices, {self.joins:,} joins, "
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
    """Kill this many processes, fewer if `time.monotonic()` passes `until`; fails if something is lost."""
    tally = Tally()
    number = 0
    while tally.kills < kills and time.monotonic() < until:
        place = folder / f"{seed}-{number}"
        place.mkdir()
        pair = (_PairedDevices if number % 2 else _Pair)(place, f"{seed}.{number}", tally)
        while tally.kills < min(kills, (number + 1) * ROUND):
            pair.one_crash()
            show(tally.kills)
        pair.converge()
        number += 1
    return tally


class _Pair:
    """Two replicas of one vault, and the commits that were acknowledged to their users."""

    def __init__(self, folder: Path, name: str, tally: Tally) -> None:
        self._random = Random(name)
        self._name = name
        self._tally = tally
        self._paths = [folder / "0.db", folder / "1.db"]
        self._exchanged: dict[str, int] = {}
        self._identities: list[Identity | None] = [None, None]
        self._begin()

    def _begin(self) -> None:
        with (
            Vault.create(self._paths[0], "d0") as first,
            Vault.create(self._paths[1], "d1", first.id) as other,
        ):
            fast(first).create_note("long", "长 " * (LONG // 2))
            meet(first, fast(other))

    def _open(self, at: int) -> Vault:
        return Vault.open(self._paths[at], identity=self._identities[at])

    def one_crash(self) -> None:
        self._tally.kills += 1
        try:
            self._kill()
        except BaseException as error:
            error.add_note(f"replay: python -m tests.crashes --seed {self._name.split('.')[0]}")
            raise

    def _kill(self) -> None:
        if self._random.random() < 0.5:
            self._kill_a_writer()
        else:
            self._kill_one_of_a_pair()

    def _kill_a_writer(self) -> None:
        at = self._random.randrange(2)
        name = f"{self._name}.{self._tally.kills}"
        path, identity = self._paths[at], self._identities[at]
        children = [Child.start(writer(path, name, identity))]
        if self._random.random() < 0.5:
            children += [Child.start(packer(path, f"{name}.p{number}", identity)) for number in range(2)]
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
        one, other = self._identities
        serving = Child.start(server(self._paths[0], f"{name}.s", one))
        port = serving.first().seq
        following = Child.start(follower(self._paths[1], f"{name}.f", port, other))
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
        with self._open(at) as vault:
            records = {record_ack(record) for record in vault.replica.devices.records()}
            for ack in acks:
                if not ack.actor and any(ack.hash):
                    self._tally.records += 1
                    assert ack in records, "a record about a device is lost"
                if ack.actor and ack.seq:
                    self._tally.acknowledged += 1
                    assert vault.replica.forks.hash_at(ack.actor, ack.seq) == ack.hash, f"lost: {ack}"
            problems = vault.check()
            assert not problems, problems

    def _nothing_was_sent_that_is_not_there(self) -> None:
        with self._open(0) as one, self._open(1) as two:
            for here, there in ((one, two), (two, one)):
                own = here.replica.log.head(here.replica.actor)
                theirs = there.replica.log.head(here.replica.actor)
                assert theirs.seq <= own.seq, "a peer has a change that its author lost"
                assert here.replica.forks.hash_at(here.replica.actor, theirs.seq) == theirs.hash
                self._tally.exchanged += theirs.seq - self._exchanged.get(here.actor, 0)
                self._exchanged[here.actor] = theirs.seq

    def converge(self) -> None:
        """Sync the pair without disturbance and check that both show the same."""
        with self._open(0) as one, self._open(1) as two:
            self._tally.packed += _in_blocks(one) + _in_blocks(two)
            self._meet(fast(one), fast(two))
            assert one.check() == two.check() == []

    @staticmethod
    def _meet(one: Vault, other: Vault) -> None:
        meet(one, other)


class _PairedDevices(_Pair):
    """Two devices of one vault, with their own keys."""

    def _begin(self) -> None:
        super()._begin()
        self._home = self._paths[0].parent
        # All pairs use the same devices, so their keys are made only once.
        self._keys = self._home.parent / "keys"
        here, there, *self._guests = (own_identity(self._keys / f"{number}") for number in range(5))
        self._identities = [here, there]
        with self._open(0) as one, self._open(1) as other:
            devices = one.replica.devices
            devices.admit(there.certificate, "d1")
            other.replica.devices.adopt(one.replica.members.root or b"", devices.records())
            self._meet(fast(one), fast(other))

    def _kill(self) -> None:
        before = self._tally.kills
        luck = self._random.random()
        if luck < 0.25:
            self._kill_a_steward()
        elif luck < 0.4:
            self._kill_a_joiner()
        else:
            super()._kill()
        self._tally.paired += self._tally.kills - before + 1

    def _kill_a_steward(self) -> None:
        """Kill the process that adds and revokes devices."""
        identity = self._identities[0]
        assert identity is not None
        child = Child.start(
            steward(self._paths[0], f"{self._name}.{self._tally.kills}", identity, self._guests)
        )
        child.first()
        self._wait()
        self._open_again(0, child.kill())

    def _kill_a_joiner(self) -> None:
        """Kill a joining process: acknowledged joins must be complete; the interrupted join is repeated."""
        folder = self._home / f"joins {self._tally.kills}"
        folder.mkdir()
        with self._open(0) as vault:
            # Any device of the vault can pair with another device.
            guest = self._guests[0]
            vault.replica.devices.admit(guest.certificate, "guest")
            records = tuple(vault.replica.devices.records())
            welcome = Welcome(vault.replica.vault_id, vault.replica.members.root or b"", records, 0)
        joined = Joined(welcome, b"", "d0", "")
        home = self._keys / "2"
        child = Child.start(joiner(folder, home, joined))
        child.first()
        self._wait()
        done = max((ack.seq for ack in child.kill()), default=0)
        self._tally.joins += done
        with mock.patch.dict(os.environ, {HOME_VARIABLE: str(home)}):
            again = folder / f"{done}.db"
            make_replica(joined, again, "joiner", vault_at(again))
        for number in range(done + 1):
            with self._open(0) as vault, Vault.open(folder / f"{number}.db", identity=guest) as new:
                # It may have added what it calls itself.
                assert set(records) <= set(new.replica.devices.records())
                if number >= done - 1:
                    self._meet(fast(vault), fast(new))
                    assert new.check() == []

    @staticmethod
    def _meet(one: Vault, other: Vault) -> None:
        meet_as_devices(one, other)
        assert one.digest == other.digest


def _in_blocks(vault: Vault) -> int:
    (count,) = vault.replica.conn.execute("SELECT ifnull(sum(until - seq + 1), 0) FROM blocks").fetchone()
    return int(count)
