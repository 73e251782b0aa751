"""Staying connected with the devices of a vault, wherever they are.

Each device has its own task. It collects the addresses where the device may be: those that worked before,
latest first, and hints from the local network. They are dialled at the same time, and the first address at
which the device proves itself wins. Between attempts the task waits, longer each time and for a random part
of that time; a hint, a change of network or waking from sleep ends the waiting.
"""

import asyncio
import contextlib
import logging
import random as random_module
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from crdtnotes.errors import CrdtnotesError, NotLetIn, Unreachable
from crdtnotes.store import Replica
from crdtnotes.sync.net.address import DEFAULT_PORT, Address
from crdtnotes.sync.net.backoff import Backoff
from crdtnotes.sync.net.transport import Connection
from crdtnotes.sync.peers.discovery import SYNC, Discovery, Found, vault_hint
from crdtnotes.sync.peers.hints import Hints, announced_addresses
from crdtnotes.sync.peers.network_watch import NetworkWatch
from crdtnotes.sync.peers.node import Node
from crdtnotes.trust.device_id import short
from crdtnotes.trust.identity import Identity, own_identity

_LOOK_SECONDS = 0.5
# How often to check for added or removed devices and lost connections.

_MOST_REMEMBERED = 16

HINT_LENGTH = 16
"""How many hex digits of its id a device announces."""

_log = logging.getLogger("crdtnotes.sync")

KnownAddresses = Callable[[bytes], list[str]]
"""Returns the addresses at which a device was reached before, the latest first; called on the replica's
thread."""


def identity_for(path: Path) -> Identity | None:
    """Return this device's identity if the vault at `path` was ever paired, else None."""
    replica = Replica(path, read_only=True)
    try:
        return None if replica.members.root is None else own_identity()
    finally:
        replica.close()


class Dialer:
    """Keeps a node connected with the vault's other devices; `run` until cancelled."""

    def __init__(
        self,
        node: Node,
        vault: bytes,
        own: bytes,
        remembered: KnownAddresses,
        *,
        named: Callable[[bytes], str] = short,
        port: int | None = None,
        discover: bool = True,
        random: Callable[[], float] = random_module.random,
        first_retry: float = 0.5,
        surroundings: Callable[[Callable[[], None]], NetworkWatch] = NetworkWatch,
    ) -> None:
        """`named` returns a device's name; it is also called on the replica's thread.

        `port`, where this device listens, is announced in the local network; None if it does not listen.
        """
        self._node = node
        self._vault = vault
        self._own = own
        self._remembered = remembered
        self._named = named
        self._port = port
        self._discover = discover
        self._random = random
        self._first_retry = first_retry
        self._surroundings = surroundings
        self._hints = Hints(time.monotonic)
        self._stirred: dict[bytes, asyncio.Event] = {}
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Stay connected with every device that belongs to the vault, including devices added later."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._surroundings(self._move).run())
            if self._discover:
                group.create_task(self.look_around())
            staying: dict[bytes, asyncio.Task[None]] = {}
            while True:
                for device in self._node.members:
                    if device not in staying or staying[device].done():
                        self._stirred[device] = asyncio.Event()
                        staying[device] = group.create_task(self._stay(device))
                await asyncio.sleep(_LOOK_SECONDS)

    def announce(self, port: int | None) -> None:
        """From now on announce this port in the local network; None if this device no longer listens."""
        self._port = port
        self._moved.set()

    def hint(self, device: str, addresses: Iterable[Address]) -> None:
        """Add addresses for the device whose id begins with `device` (hex, HINT_LENGTH digits)."""
        members = {id.hex()[:HINT_LENGTH] for id in self._node.members}
        if self._hints.add(device, addresses, is_member=members.__contains__):
            for id, event in self._stirred.items():
                if id.hex().startswith(device):
                    event.set()

    async def addresses(self, device: bytes) -> list[Address]:
        """Return the addresses where the device may be and which may be dialled now, the likeliest first."""
        found: dict[Address, None] = {}
        for text in await self._node.run(lambda: self._remembered(device)):
            with contextlib.suppress(CrdtnotesError):
                address = Address.parse(text)
                found[address] = None
                # It may have been reached at a port that was in use only then.
                found[Address(address.host, DEFAULT_PORT, address.secure)] = None
        remembered = [address for address in found if address.secure][:_MOST_REMEMBERED]
        return list(dict.fromkeys([*remembered, *self._hints.due(device.hex()[:HINT_LENGTH])]))

    async def dial(self, device: bytes) -> tuple[Connection, Address]:
        """Return a connection to the device at the first address that works.

        Raises NotLetIn if a peer answered and refused this device, else Unreachable.
        """
        addresses = await self.addresses(device)
        tasks = {asyncio.create_task(self._node.dial(address, [device])): address for address in addresses}
        winner: tuple[Connection, Address] | None = None
        refused = False
        left = set(tasks)
        try:
            while left and winner is None:
                done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    refused |= isinstance(task.exception(), NotLetIn)
                    if task.exception() is None and winner is None:
                        winner = (task.result(), tasks[task])
        finally:
            await _let_go([task for task in tasks if winner is None or tasks[task] != winner[1]])
        if winner is None:
            name = await self._node.run(lambda: self._named(device))
            if refused:
                raise NotLetIn(f"The device {name} does not let this one in: was it revoked?")
            raise Unreachable(f"The device {name} cannot be reached at the moment.")
        self._hints.worked(device.hex()[:HINT_LENGTH], winner[1])
        return winner

    # -- inside

    def _move(self) -> None:
        """Dial again at once: the network has changed or the machine was asleep, so old failures are void."""
        self._node.drop_lost()
        self._hints.rested()
        self._moved.set()
        for event in self._stirred.values():
            event.set()

    async def _stay(self, device: bytes) -> None:
        backoff = Backoff(self._random, first=self._first_retry)
        stirred = self._stirred[device]
        said = ""
        while device in self._node.members:
            if self._node.connected(device):
                said = ""
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            stirred.clear()
            forked = False
            try:
                connection, address = await self.dial(device)
                conversation = await self._node.converse(connection, address)
                forked = conversation.session.forked
                said = ""
                if conversation.session.caught_up and conversation.session.error is None:
                    backoff.reset()
            except CrdtnotesError as error:
                # Log it once for each absence, however often the device is dialled.
                _log.log(logging.DEBUG if str(error) == said else logging.INFO, "%s", error)
                said = str(error)
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: in Python 3.11 that can swallow a cancellation that comes with the event.
                async with asyncio.timeout(backoff.next(at_once=forked)):
                    await stirred.wait()
                backoff.reset()

    async def look_around(self) -> None:
        """Announce this device and look for others; start again in each new network."""
        while True:
            self._moved.clear()
            async with Discovery() as discovery:
                if self._port is not None:
                    texts = {"vault": vault_hint(self._vault), "device": self._own.hex()[:HINT_LENGTH]}
                    name = f"{texts['device']}-{texts['vault'][:8]}"
                    await discovery.announce(SYNC, name, self._port, texts)
                await discovery.find(SYNC, self._found)
                await self._moved.wait()

    def _found(self, one: Found) -> None:
        device = one.texts.get("device", "")
        if one.texts.get("vault") != vault_hint(self._vault) or len(device) != HINT_LENGTH:
            return
        self.hint(device, announced_addresses(one.hosts, one.port))


async def _let_go(tasks: list[asyncio.Task[Connection]]) -> None:
    """Cancel dialling, and close connections that were opened nevertheless."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(result, BaseException):
            result.transport.abort()
