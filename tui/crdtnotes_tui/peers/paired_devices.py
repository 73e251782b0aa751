"""The devices that the vault is paired with: looked for, and let come, in mutual TLS.

A vault may be paired while it is open: `begin` is called again when something was committed.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes import Vault
from crdtnotes.errors import BadIdentity, LocalError, PortTaken
from crdtnotes.sync.net.address import Address
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes_tui.vault.vault_thread import VaultThread

if TYPE_CHECKING:
    from crdtnotes.sync.peers.conversation import PeerStatus
    from crdtnotes.sync.peers.dialer import KnownAddresses
    from crdtnotes.sync.peers.node import Node

EVERYWHERE = ""
"""At all of this machine's addresses."""


class Ways(NamedTuple):
    """How the devices are met; a test has its own."""

    identity: Callable[[], Identity] = own_identity
    host: str = EVERYWHERE
    port: int | None = None
    """The usual one, or any that is free, for None."""
    discover: bool = True


class Circle(NamedTuple):
    """What the vault knows of its devices."""

    vault: bytes
    devices: dict[bytes, str]
    """The names of those that belong to it now, by id."""
    remembered: "KnownAddresses"
    """Says where one was reached."""


class PairedDevices:
    """Keeps the vault's replica connected with the vault's other devices; `report` and `met` are `Node`'s."""

    def __init__(
        self, thread: VaultThread, report: Callable[["PeerStatus"], None], met: Callable[[], None]
    ) -> None:
        self._thread = thread
        self._report = report
        self._met = met
        self._beginning = asyncio.Lock()
        self._reaching: asyncio.Task[None] | None = None
        self._own = b""
        self._names: dict[bytes, str] = {}
        self._ended = False
        self._without_keys = False
        self.ways = Ways()
        self.node: Node | None = None
        """What talks to them; None as long as the vault was not paired with any."""
        self.served_at = ""
        """The address at which they come."""

    async def begin(self, host: str | None = None, port: int | None = None) -> None:
        """Meet them, if there are any and that has not begun; raises BadIdentity or a StoreError.

        They can come at this host and port, by default at those of `ways`; raises PortTaken if another
        program has a port that was asked for, and meets them all the same.
        """
        if self._ended or self._without_keys:
            return
        circle = await self._thread.run(_circle)
        if circle is None:
            return
        try:
            async with self._beginning:
                if self.node is None and not self._ended:
                    at = self.ways.host if host is None else host, self.ways.port if port is None else port
                    await self._start(circle, *at)
        finally:
            self._names = {id: name for id, name in circle.devices.items() if id != self._own}

    async def _start(self, circle: Circle, host: str, port: int | None) -> None:
        try:
            identity = await asyncio.to_thread(self.ways.identity)
        except BadIdentity:
            self._without_keys = True  # told once, and not after each commit
            raise
        # These take a moment to load, and the first paint does not need them.
        nodes = await asyncio.to_thread(import_module, "crdtnotes.sync.peers.node")
        reaching = await asyncio.to_thread(import_module, "crdtnotes.sync.peers.dialer")
        node: Node = nodes.Node(self._thread.worker, report=self._report, met=self._met, identity=identity)
        await node.__aenter__()
        self._own, self.node = identity.id, node
        problem: LocalError | None = None
        try:
            await self._serve(node, host, port)
        except LocalError as error:
            problem = error  # without a place of its own it still finds the others
        found_at = Address.parse(self.served_at).port if self.served_at else None
        reach = reaching.Dialer(
            node, circle.vault, identity.id, circle.remembered, port=found_at, discover=self.ways.discover
        )
        self._reaching = asyncio.create_task(reach.run())
        if isinstance(problem, PortTaken):
            raise problem

    async def _serve(self, node: "Node", host: str, port: int | None) -> None:
        """Let them come; raises LocalError."""
        address = await node.serve_members(host, port)
        if not address.host:
            surroundings = import_module("crdtnotes.sync.peers.network_watch")
            address = Address(surroundings.best_address(), address.port, secure=True)
        self.served_at = str(address)

    def name(self, id: bytes | None) -> str | None:
        """Return the name of the device with an id, None where there is none."""
        return None if id is None else self._names.get(id)

    @property
    def unseen(self) -> list[str]:
        """The names of the devices that are not connected."""
        node = self.node
        return [] if node is None else [name for id, name in self._names.items() if not node.connected(id)]

    async def stop(self) -> None:
        """Say goodbye to all."""
        self._ended = True
        async with self._beginning:
            if self.node is not None:
                await self.node.close()  # which says goodbye
            if self._reaching is not None:
                self._reaching.cancel()
                await asyncio.wait([self._reaching])


def _circle(vault: Vault) -> Circle | None:
    """Return what there is to know of the vault's devices, None where it was never paired."""
    circle = vault.replica.members
    if circle.root is None:
        return None
    active = circle.membership().active.values()
    return Circle(bytes.fromhex(vault.id), {one.id: one.name for one in active}, circle.addresses)
