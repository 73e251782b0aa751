"""Announced addresses, true and false."""

import pytest

from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers import hints as module
from crdtnotes.sync.peers.hints import (
    AT_ONCE_SECONDS,
    MOST_ADDRESSES,
    MOST_AT_ONCE,
    MOST_OTHERS,
    REST_SECONDS,
    Hints,
    announced_addresses,
)

ANA, MALLORY = "a" * 16, "b" * 16


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def place(number: int) -> Address:
    return Address(f"10.0.{number >> 8}.{number & 255}", 4821, secure=True)


def only_ana(device: str) -> bool:
    return device == ANA


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hints(clock: Clock) -> Hints:
    return Hints(clock)


def test_a_new_address_is_dialled_at_once_and_a_known_one_is_not(hints: Hints) -> None:
    assert hints.add(ANA, [place(1)], is_member=only_ana)
    assert not hints.add(ANA, [place(1)], is_member=only_ana)
    assert hints.due(ANA) == [place(1)]
    assert hints.due(MALLORY) == []


def test_the_addresses_of_one_device_are_bounded_and_those_dialled_in_vain_go_first(hints: Hints) -> None:
    hints.add(ANA, [place(1), place(2)], is_member=only_ana)
    assert hints.due(ANA) == [place(1), place(2)]
    hints.worked(ANA, place(1))
    for number in range(3, 3 + MOST_ADDRESSES - 1):
        hints.add(ANA, [place(number)], is_member=only_ana)
    due = hints.due(ANA)
    assert len(due) == MOST_ADDRESSES
    assert place(1) in due
    assert place(2) not in due
    hints.add(ANA, [place(number) for number in range(100, 10_000)], is_member=only_ana)
    assert len(hints.due(ANA)) == MOST_ADDRESSES


def test_false_devices_push_out_no_device_of_the_vault(hints: Hints) -> None:
    hints.add(ANA, [place(1)], is_member=only_ana)
    for number in range(10_000):
        hints.add(f"{number:016x}", [place(2)], is_member=only_ana)
    assert len(hints._known) == MOST_OTHERS + 1
    assert len(hints._at_once) <= MOST_OTHERS + 1
    assert hints.due(ANA) == [place(1)]


def test_a_device_that_is_paired_later_keeps_its_hint(hints: Hints) -> None:
    hints.add(MALLORY, [place(1)], is_member=only_ana)
    assert hints.due(MALLORY) == [place(1)]


def test_a_flood_makes_a_device_be_dialled_at_once_a_few_times_a_minute(hints: Hints, clock: Clock) -> None:
    dialled = 0
    for number in range(10_000):
        clock.now += 2 * AT_ONCE_SECONDS / 10_000
        dialled += hints.add(ANA, [place(number)], is_member=only_ana)
    assert MOST_AT_ONCE <= dialled <= 2 * MOST_AT_ONCE + 1
    # Another device is not affected.
    assert hints.add(MALLORY, [place(1)], is_member=only_ana)


def test_an_address_that_was_dialled_in_vain_rests(hints: Hints, clock: Clock) -> None:
    hints.add(ANA, [place(1), place(2)], is_member=only_ana)
    assert hints.due(ANA) == [place(1), place(2)]
    hints.worked(ANA, place(2))
    assert hints.due(ANA) == [place(2)]
    clock.now += REST_SECONDS / 2
    hints.add(ANA, [place(1)], is_member=only_ana)
    assert hints.due(ANA) == []
    clock.now += REST_SECONDS / 2
    assert hints.due(ANA) == [place(1), place(2)]
    assert hints.due(ANA) == []
    hints.rested()
    assert hints.due(ANA) == [place(1), place(2)]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "0.0.0.0",
        "::",
        "224.0.0.251",
        "ff02::fb",
        "255.255.255.255",
        "example.org",
        "",
    ],
)
def test_an_announcement_of_what_is_no_device_is_ignored(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "own_addresses", lambda: frozenset({"10.0.0.1"}))
    assert announced_addresses([host, "10.0.0.2"], 4821) == [Address("10.0.0.2", 4821, secure=True)]


def test_a_machine_without_a_network_may_find_its_own_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "own_addresses", lambda: frozenset({"127.0.0.1"}))
    assert announced_addresses(["127.0.0.1"], 4821) == [Address("127.0.0.1", 4821, secure=True)]


def test_one_announcement_gives_a_few_addresses_with_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "own_addresses", lambda: frozenset({"10.0.0.1"}))
    hosts = [f"10.0.1.{number}" for number in range(200)]
    assert len(announced_addresses(hosts, 4821)) == MOST_ADDRESSES
    assert announced_addresses(["fe80::1%eth0"], 4821) == [Address("fe80::1%eth0", 4821, secure=True)]
    for port in (0, -1, 65536):
        assert announced_addresses(hosts, port) == []
