"""The networks that this machine is in, and when they change or the machine was asleep."""

import asyncio
import time
from collections.abc import Callable

import ifaddr

LOOK_SECONDS = 2.0
"""How often to look."""

ASLEEP_SECONDS = 8.0
"""If so much more wall time has gone by than the look took, the machine was asleep."""


def own_addresses() -> frozenset[str]:
    """Return the numeric addresses of this machine; loopback only if there is no other."""
    found = {
        ip.ip if isinstance(ip.ip, str) else _scoped(ip.ip[0], adapter.name)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    }
    outside = {address for address in found if not address.startswith("127.") and address != "::1"}
    return frozenset(outside or found)


def best_address() -> str:
    """Return the address under which others most likely reach this machine: IPv4 before IPv6."""
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
        """Look again and again."""
        seen, before = self._addresses(), self._wall()
        while True:
            await asyncio.sleep(self._every)
            now = self._wall()
            addresses = await asyncio.to_thread(self._addresses)
            if addresses != seen or now - before > self._every + ASLEEP_SECONDS:
                self._changed()
            seen, before = addresses, self._wall()
