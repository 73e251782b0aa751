"""Presence: the tables of several replicas that talk to each other, with the test's own clock."""

from random import Random

import pytest

from crdtnotes.changes.messages import MAX_HOPS, Presence
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.sync.session.presence import (
    BEAT_SECONDS,
    EXPIRY_SECONDS,
    MAX_PEOPLE,
    Presences,
)

NOTE = b"n" * 16


def at(table: Presences, now: float, counter: int = 1, note: bytes = NOTE) -> list[Presence]:
    return [table.move("书房", table.person, note, OpId(counter, 7), ROOT, now)]


def test_the_newest_message_counts() -> None:
    here, there = Presences(1), Presences(2)
    first, second = at(here, 0.0, 1), at(here, 1.0, 2)
    assert there.hear(second, 1.0)
    assert there.hear(first, 1.1) == []
    assert [(one.device, one.caret, one.note) for one in there.people] == [("书房", (2, 7), NOTE.hex())]


def test_a_person_who_is_silent_or_says_goodbye_is_gone() -> None:
    here, there = Presences(1), Presences(2)
    there.hear(at(here, 0.0), 0.0)
    assert here.beat(BEAT_SECONDS - 0.1) == []
    there.hear(here.beat(BEAT_SECONDS), BEAT_SECONDS)
    assert not there.expire(EXPIRY_SECONDS)
    assert there.expire(EXPIRY_SECONDS + BEAT_SECONDS)
    assert there.people == []
    there.hear(at(here, 20.0), 20.0)
    late = at(here, 20.0)
    there.hear(here.leave(20.1), 20.1)
    assert there.hear(late, 20.2) == []
    assert there.people == []
    assert here.leave(21.0) == []


def test_a_chain_passes_presence_on_for_a_limited_number_of_hops() -> None:
    tables = [Presences(number + 1) for number in range(MAX_HOPS + 3)]
    said = at(tables[0], 0.0)
    for table in tables[1:]:
        said = table.hear(said, 0.0)
    known = [len(table.people) for table in tables]
    assert known == [0, *([1] * (MAX_HOPS + 1)), 0]


@pytest.mark.parametrize("seed", range(20))
def test_presence_stops_in_a_ring_of_peers(seed: int) -> None:
    random = Random(seed)
    tables = [Presences(number + 1) for number in range(4)]
    waiting = [(0, neighbour, message) for neighbour in (1, 3) for message in at(tables[0], 0.0)]
    sent = 0
    while waiting:
        source, target, message = waiting.pop(random.randrange(len(waiting)))
        sent += 1
        for onward in tables[target].hear([message], 0.0):
            waiting += [
                (target, (target + step) % 4, onward) for step in (1, 3) if (target + step) % 4 != source
            ]
    assert sent <= 8
    assert [len(table.people) for table in tables] == [0, 1, 1, 1]


def test_a_newcomer_hears_of_everybody_and_the_number_is_bounded() -> None:
    table = Presences(1)
    at(table, 0.0)
    for person in range(2, MAX_PEOPLE + 50):
        table.hear(at(Presences(person), 0.0), 0.0)
    assert len(table.people) == MAX_PEOPLE
    told = table.for_newcomer()
    assert len(told) == MAX_PEOPLE + 1
    assert told[0].person == 1
    assert {message.hops for message in told[1:]} == {1}
