"""This machine's addresses; notices when they change, and when the machine was asleep."""

import asyncio
import time
from collections.abc import Callable

import ifaddr

LOOK_SECONDS = 2.0
"""Seconds between two checks."""

ASLEEP_SECONDS = 8.0
"""The machine was asleep if the wall clock advanced by this much more than the time between two checks."""


def own_addresses() -> frozenset[str]:
    """Return the numeric addresses of this machine; loopback addresses only if there are no others."""
    found = {
        ip.ip if isinstance(ip.ip, str) else _scoped(ip.ip[0], adapter.name)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    }
    outside = {address for address in found if not address.startswith("127.") and address != "::1"}
    return frozenset(outside or found)


def best_address() -> str:
    """Return the address at which others can most likely reach this machine: IPv4 before IPv6."""
    ranked = sorted(own_addresses(), key=lambda address: (":" in address, "%" in address, address))
    return ranked[0] if ranked else "127.0.0.1"


def _scoped(address: str, adapter: str) -> str:
    return f"{address}%{adapter}" if address.lower().startswith("fe80:") else address


class NetworkWatch:
    """Calls `changed` when the machine's addresses have changed or it has slept; `run` until cancelled."""

    def __init__(
        self,
        changed: Callable[[], None],
        *,
        addresses: Callable[[], frozenset[str]] = own_addresses,
        wall: Callable[[], float] = time.time,
        every: float = LOOK_SECONDS,
    ) -> None:
        self._changed = changed
        self._addresses = addresses
        self._wall = wall
        self._every = every

    async def run(self) -> None:
        """Check until cancelled."""
        seen, before = self._addresses(), self._wall()
        while True:
            await asyncio.sleep(self._every)
            now = self._wall()
            addresses = await asyncio.to_thread(self._addresses)
            if addresses != seen or now - before > self._every + ASLEEP_SECONDS:
                self._changed()
            seen, before = addresses, self._wall()
