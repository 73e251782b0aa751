"""Presence: the tables of several replicas that talk to each other, with the test's own clock."""

from random import Random

import msgspec
import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.messages import MAX_HOPS, Presence
from crdtnotes.crdt.ids import BIRTH, ROOT, WIDE, OpId
from crdtnotes.errors import DecodeError
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


# -- in a paired vault, where each message comes from a device that TLS has proven

ANA, BO = b"a" * 32, b"b" * 32


def relayed(said: list[Presence]) -> list[Presence]:
    """What a peer passes on."""
    return Presences(99).hear(said, 0.0)


def test_a_person_is_known_by_the_device_that_said_so() -> None:
    here, there = Presences(1), Presences(2)
    there.hear(at(here, 0.0), 0.0, ANA)
    assert [(one.source, one.relayed) for one in there.people] == [(ANA, False)]
    other = Presences(3)
    other.hear(relayed(at(here, 1.0)), 1.0, BO)
    assert [(one.source, one.relayed) for one in other.people] == [(BO, True)]


def test_nobody_else_moves_or_removes_a_person() -> None:
    here, there = Presences(1), Presences(2)
    there.hear(at(here, 0.0, 5), 0.0, ANA)
    for counter, note in ((6, NOTE), (7, b"")):
        assert there.hear(relayed(at(here, 1.0, counter, note)), 1.0, BO) == []
    assert [(one.source, one.caret) for one in there.people] == [(ANA, (5, 7))]
    there.hear(at(here, 2.0, 9), 2.0, ANA)
    assert [one.caret for one in there.people] == [(9, 7)]


@pytest.mark.parametrize("order", [(ANA, BO), (BO, ANA)])
def test_a_device_that_uses_anothers_number_speaks_for_itself(order: tuple[bytes, bytes]) -> None:
    here, there = Presences(1), Presences(2)
    for now, source in enumerate(order):
        there.hear(at(here, now, now + 5), now, source)
    assert {(one.source, one.caret) for one in there.people} == {(order[0], (5, 7)), (order[1], (6, 7))}
    there.hear(at(here, 2.0, note=b""), 2.0, BO)
    assert [one.source for one in there.people] == [ANA]


def test_a_persons_own_device_takes_over_from_what_others_have_said() -> None:
    here, there = Presences(1), Presences(2)
    there.hear(relayed(at(here, 0.0, 5)), 0.0, BO)
    there.hear(at(here, 1.0, 6), 1.0, ANA)
    assert [(one.source, one.relayed, one.caret) for one in there.people] == [(ANA, False, (6, 7))]


def test_a_person_whose_own_device_is_not_heard_any_more_may_be_heard_of() -> None:
    here, there = Presences(1), Presences(2)
    there.hear(at(here, 0.0), 0.0, ANA)
    there.hear(relayed(at(here, EXPIRY_SECONDS)), EXPIRY_SECONDS, BO)
    assert [(one.source, one.relayed) for one in there.people] == [(BO, True)]


@pytest.mark.parametrize("actor", [1, BIRTH - 1, BIRTH, 2 * BIRTH - 1, WIDE, 2**128 - 1])
def test_a_caret_stands_at_an_element_of_any_actor(actor: int) -> None:
    """Also in text that is the same whoever wrote it: its actors have 16 bytes."""
    here, there = Presences(1), Presences(2)
    message = here.move("书房", 7, NOTE, OpId(3, actor), ROOT, 0.0)
    again = messages.decode(messages.encode(message))
    assert isinstance(again, messages.Presence)
    there.hear([again], 0.0)
    assert [(one.caret, one.start) for one in there.people] == [(OpId(3, actor), ROOT)]


@pytest.mark.parametrize("element", [(1, 0), (0, -1), (1, b""), (1, bytes(16)), (-1, 5), (1, "x")])
def test_a_caret_at_no_element_is_refused(element: tuple[object, object]) -> None:
    with pytest.raises(DecodeError):
        messages.decode(msgspec.msgpack.encode((5, 1, 1, 0, "x", 7, NOTE, element, (0, 0))))
