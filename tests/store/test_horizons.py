"""What an author had seen at a change agrees with a walk through the deps of the whole log."""

import random
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode
from crdtnotes.store.horizons import Horizons, horizons, maybe_concurrent, stretches
from tests.vaults import changes, meet, replicas, send


def past(log: dict[tuple[int, int], Change], actor: int, seq: int) -> set[tuple[int, int]]:
    """Walk through everything that a change depends on."""
    found: set[tuple[int, int]] = set()
    ahead = [(actor, seq)]
    while ahead:
        one = ahead.pop()
        if one[1] and one not in found:
            found.add(one)
            ahead += [(one[0], one[1] - 1), *log[one].deps]
    return found


def play(vaults: list[Vault], steps: int, seed: int) -> None:
    """Let replicas edit a few notes, and meet in pairs."""
    dice = random.Random(seed)
    for number in range(3):
        vaults[0].create_note(f"note {number}", "text\n")
    meet(*vaults)
    for step in range(steps):
        one, other = dice.sample(vaults, 2)
        if dice.random() < 0.5:
            one.note(f"note {dice.randrange(3)}").append(f"line {step}")
        else:
            send(one, other)
    meet(*vaults)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_seen_is_the_past_of_a_change(seed: int, tmp_path: Path) -> None:
    with replicas(tmp_path, 4) as vaults:
        play(vaults, 60, seed)
        vault = vaults[seed]
        log = {(change.actor, change.seq): change for change in map(decode, changes(vault))}
        for packed in (False, True):
            if packed:
                vault.compact()
            with vault.replica.steady():
                known = horizons(vault.replica, vault.replica.log.heads)
            for actor, seq in log:
                found = past(log, actor, seq)
                for other in vault.replica.log.heads:
                    expected = max((at for of, at in found if of == other), default=0)
                    assert known.seen(actor, seq, other) == expected, (seed, actor, seq, other)


@pytest.mark.parametrize("seed", range(4))
def test_every_note_with_concurrent_changes_is_a_candidate(seed: int, tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as vaults:
        play(vaults, 25, seed)
        vault = vaults[0]
        log = {(change.actor, change.seq): change for change in map(decode, changes(vault))}
        seen = {key: past(log, *key) for key in log}
        expected = {
            change.note
            for key, change in log.items()
            for other, another in log.items()
            if change.note == another.note and key not in seen[other] and other not in seen[key]
        }
        replica = vault.replica
        exact = {replica.uid_of(row) for row in maybe_concurrent(replica)}
        assert exact == expected
        vault.compact()
        assert {replica.uid_of(row) for row in maybe_concurrent(replica)} >= expected


def test_a_note_of_one_person_is_no_candidate(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("a", "text")
        meet(one, two)
        for _ in range(3):
            one.note("a").append("more")
            two.create_note("b", "text") if "b" not in two else two.note("b").append("more")
        meet(one, two)
        assert stretches(one.replica) == {}
        assert maybe_concurrent(one.replica) == []


def test_streams_that_nobody_asked_for_are_left_out() -> None:
    rows = [(1, 1, 1, 2, 5), (2, 3, 1, 1, 1)]
    known = Horizons(rows, {1: 10, 2: 20, 3: 30}, {20})
    assert known.seen(30, 1, 20) == 5
    assert known.seen(30, 1, 10) == 0
    assert known.seen(10, 7, 20) == 5
