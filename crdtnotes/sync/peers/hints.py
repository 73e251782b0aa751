"""Addresses that were announced for devices in the local network.

Anybody in the network can announce anything in any device's name. So an announcement is only a hint where to
dial: the device must then prove itself. What a flood of false hints can cost is bounded here.

Invariants
    - Addresses are kept for all devices of the vault that were announced, and for MOST_OTHERS further ids,
      which may belong to devices that this one has not heard of yet.
    - At most MOST_ADDRESSES are kept for a device. A new one takes the place of one that was dialled in vain,
      if there is one, and else of the oldest.
    - After it was dialled in vain, an address is left alone for REST_SECONDS.
    - New addresses make a device be dialled at once at most MOST_AT_ONCE times in AT_ONCE_SECONDS; beyond
      that they wait for the next attempt.
"""

import ipaddress
from collections import deque
from collections.abc import Callable, Iterable

from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.network_watch import own_addresses

MOST_OTHERS = 32

MOST_ADDRESSES = 8

REST_SECONDS = 5.0

MOST_AT_ONCE = 6
AT_ONCE_SECONDS = 60.0


def announced_addresses(hosts: Iterable[str], port: int) -> list[Address]:
    """Return the addresses of an announcement at which a device of the local network may be.

    At most MOST_ADDRESSES; none of them is a group of machines, or this machine's loopback unless the machine
    has no other address.
    """
    if not 0 < port <= 65535:
        return []
    own = own_addresses()
    found: list[Address] = []
    for host in hosts:
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            continue
        if ip.is_multicast or ip.is_unspecified or ip.is_reserved or (ip.is_loopback and host not in own):
            continue
        found.append(Address(host, port, secure=True))
    return found[:MOST_ADDRESSES]


class Hints:
    """The announced addresses, by the beginning of the device's id."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns seconds."""
        self._clock = clock
        self._known: dict[str, dict[Address, float | None]] = {}
        """For each address, when it was dialled in vain, None if it was not."""
        self._at_once: dict[str, deque[float]] = {}

    def add(self, device: str, addresses: Iterable[Address], *, is_member: Callable[[str], bool]) -> bool:
        """Keep addresses of a device; returns whether it should be dialled at once."""
        known = self._known.pop(device, {})
        self._known[device] = known  # the latest announced device is the last
        fresh = [address for address in addresses if address not in known]
        for address in fresh:
            known[address] = None
            if len(known) > MOST_ADDRESSES:
                in_vain = (one for one, at in known.items() if at is not None)
                del known[next(in_vain, next(iter(known)))]
        others = [one for one in self._known if not is_member(one)]
        for one in others[: max(0, len(others) - MOST_OTHERS)]:
            self._forget(one)
        return bool(fresh) and device in self._known and self._may_dial_at_once(device)

    def due(self, device: str) -> list[Address]:
        """Return the addresses of a device that may be dialled now, and count them as dialled in vain.

        Call `worked` for one at which the device was reached.
        """
        now = self._clock()
        known = self._known.get(device, {})
        due = [one for one, at in known.items() if at is None or now - at >= REST_SECONDS]
        known.update(dict.fromkeys(due, now))
        return due

    def worked(self, device: str, address: Address) -> None:
        """Note that the device was reached at an address."""
        known = self._known.get(device, {})
        if address in known:
            known[address] = None

    def rested(self) -> None:
        """Let all addresses be dialled again now: this machine is in another network, or was asleep."""
        for known in self._known.values():
            known.update(dict.fromkeys(known))

    def _may_dial_at_once(self, device: str) -> bool:
        now = self._clock()
        times = self._at_once.setdefault(device, deque(maxlen=MOST_AT_ONCE))
        if len(times) == MOST_AT_ONCE and now - times[0] < AT_ONCE_SECONDS:
            return False
        times.append(now)
        return True

    def _forget(self, device: str) -> None:
        self._known.pop(device, None)
        self._at_once.pop(device, None)
