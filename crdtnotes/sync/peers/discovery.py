"""Finding devices in the local network by mDNS (zeroconf). A found address is a hint where to dial, never a
reason to trust.

An announcement tells strangers little: the beginning of a device id, and a hash by which only devices that
know the vault's id recognise the vault.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crdtnotes.sync.peers.network_watch import own_addresses

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SYNC = "_crdtnotes._tcp.local."
PAIRING = "_crdtnotes-pair._tcp.local."

_ANSWER_MS = 3000

_MOST_ASKED = 256
# Services that are asked for their addresses at once; in a flood of announcements, others are ignored.

_log = logging.getLogger("crdtnotes.sync")


@dataclass(frozen=True, slots=True)
class Found:
    """An announced service: its name, the hosts and the port at which it claims to listen, and its texts."""

    name: str
    hosts: tuple[str, ...]
    port: int
    texts: Mapping[str, str] = field(default_factory=dict)


def vault_hint(vault: bytes) -> str:
    """Return the hash that is announced for a vault; it does not reveal the vault's id."""
    return hashlib.blake2b(b"crdtnotes discovery" + vault, digest_size=8).hexdigest()


class Discovery:
    """Announces and finds services; an async context manager. Without a network it does nothing."""

    def __init__(self) -> None:
        self._zeroconf: AsyncZeroconf | None = None
        self._browsers: list[Any] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        # The module takes long to load, and is needed only here.
        from zeroconf.asyncio import AsyncZeroconf

        try:
            self._zeroconf = AsyncZeroconf()
        except OSError as error:
            _log.info("cannot look for devices in the local network: %s", error.strerror)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in list(self._asking):
            task.cancel()
        if self._zeroconf is not None:
            for browser in self._browsers:
                await browser.async_cancel()
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()

    async def announce(self, kind: str, name: str, port: int, texts: Mapping[str, str]) -> None:
        """Announce a service of this machine until the context ends."""
        from zeroconf import NonUniqueNameException
        from zeroconf.asyncio import AsyncServiceInfo

        if self._zeroconf is None:
            return
        addresses = [ipaddress.ip_address(one.partition("%")[0]).packed for one in own_addresses()]
        label = hashlib.blake2b(name.encode(), digest_size=6).hexdigest()
        info = AsyncServiceInfo(
            kind,
            f"{name}.{kind}",
            addresses=addresses,
            port=port,
            properties=dict(texts),
            server=f"crdtnotes-{label}.local.",
        )
        try:
            await self._zeroconf.async_register_service(info, allow_name_change=True)
        except (OSError, NonUniqueNameException) as error:
            _log.info("cannot announce this device in the local network: %s", error)

    async def find(self, kind: str, found: Callable[[Found], None]) -> None:
        """Call `found` for each service of a kind that appears or changes, until the context ends."""
        from zeroconf import ServiceStateChange, Zeroconf
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo

        if self._zeroconf is None:
            return

        def changed(
            zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
        ) -> None:
            if state_change is not ServiceStateChange.Removed and len(self._asking) < _MOST_ASKED:
                task = asyncio.ensure_future(ask(zeroconf, AsyncServiceInfo(service_type, name)))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

        async def ask(zeroconf: Zeroconf, info: AsyncServiceInfo) -> None:
            if await info.async_request(zeroconf, _ANSWER_MS) and info.port:
                found(_found(info, kind))

        self._browsers.append(AsyncServiceBrowser(self._zeroconf.zeroconf, kind, handlers=[changed]))


def _found(info: AsyncServiceInfo, kind: str) -> Found:
    texts = {key: value or "" for key, value in info.decoded_properties.items()}
    hosts = tuple(info.parsed_scoped_addresses())
    return Found(info.name.removesuffix(f".{kind}"), hosts, info.port or 0, texts)
