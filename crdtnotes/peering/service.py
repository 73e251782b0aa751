"""Keeping one vault in sync with its peers for as long as a program runs.

A vault that was never paired is served only if that is asked for, without encryption, to this user's programs
on this machine. From its first pairing on it is served to its own devices only, in mutual TLS, and these
devices are discovered and dialled. A vault may be paired at any time, even by another process: call `meet`
again when a commit has changed its devices, or let `run` do that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crdtnotes.errors import BadIdentity, CrdtnotesError, KeysLocked, LocalError, NotPaired, PortTaken
from crdtnotes.peering.known_devices import NOT_PAIRED, PAIRED, KnownDevices, known_devices
from crdtnotes.peering.lazy_node import LazyNode
from crdtnotes.peering.listener import Listener
from crdtnotes.peering.open_vault import VaultRunner
from crdtnotes.sync.net.address import Address, is_number
from crdtnotes.trust.device_id import short
from crdtnotes.trust.identity import Identity, own_identity

if TYPE_CHECKING:
    from crdtnotes.crdt.ids import OpId
    from crdtnotes.sync.peers.dialer import Dialer
    from crdtnotes.sync.peers.node import Node
    from crdtnotes.sync.peers.status import PeerStatus
    from crdtnotes.sync.session.presence import Present
    from crdtnotes.vault import Committed

__all__ = ["PeerService", "Ways"]

PLAIN_HOST = "127.0.0.1"
"""The host for unencrypted connections if none was chosen."""

EVERYWHERE = ""
"""Listen on all of this machine's addresses."""

_log = logging.getLogger("crdtnotes.peering")


class Ways(NamedTuple):
    """How to connect to the vault's devices; tests choose their own values."""

    identity: Callable[[], Identity] = own_identity
    host: str = EVERYWHERE
    port: int | None = None
    """None for the usual port, or any free port if it is taken."""
    discover: bool = True
    """Whether to announce this device and look for others in the local network."""


class PeerService:
    """Serves, follows and dials the peers of one vault; an async context manager, or call `close`.

    `listens` says whether the vault's devices can connect here, or are only dialled. Commits are sent to the
    peers without a call: the service subscribes to the vault's worker.
    """

    def __init__(
        self,
        vault: VaultRunner,
        listener: Listener | None = None,
        *,
        ways: Ways | None = None,
        listens: bool = True,
    ) -> None:
        self.vault = vault
        self.ways = ways or Ways()
        self._listener = listener or Listener()
        self._listens = listens
        self._lock = asyncio.Lock()
        self._plain = LazyNode()
        self._secure = LazyNode()
        self._without_keys = self._keys_locked = False
        self._place: tuple[str | None, int | None] = (None, None)
        self._dialer: Dialer | None = None
        self._dialing: asyncio.Task[None] | None = None
        self._following: dict[Address, asyncio.Task[None]] = {}
        self._names: dict[bytes, str] = {}
        self._here: dict[tuple[bytes | None, str], PeerStatus] = {}
        self._caught_up: set[bytes] = set()
        self._remembering: set[asyncio.Task[None]] = set()
        self._leaving = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # -- the vault's devices

    async def meet(self) -> None:
        """Connect to the vault's devices if it is paired; call it again when a commit has changed them.

        Raises PortTaken if a requested port is taken, but connects to the devices anyway. Raises BadIdentity,
        but only once, or a StoreError.
        """
        async with self._lock:
            problem = await self._begin()
        if isinstance(problem, PortTaken):
            raise problem

    @property
    def keys_locked(self) -> bool:
        """Whether this device's keys were locked when they were last needed: no device can be reached."""
        return self._keys_locked

    async def keys_unlocked(self) -> None:
        """Connect to the vault's devices now that this device's keys can be used; raises as `meet` does."""
        self._without_keys = self._keys_locked = False
        await self.meet()

    async def run(self) -> None:
        """Stay connected to the vault's devices as soon as it is paired, until cancelled.

        Raises the error that ends this, and a LocalError if the devices cannot connect here.
        """
        while self._dialing is None:
            await self.until_paired()
            async with self._lock:
                problem = await self._begin()
            if problem is not None:
                raise problem
        await self._dialing

    async def until_paired(self) -> None:
        """Wait until the vault is paired, by this process or another one."""
        changed = asyncio.Event()

        def committed(commit: Committed, _: object) -> None:
            if commit.members_changed:
                changed.set()

        unsubscribe = self.vault.worker.subscribe(committed)
        try:
            while await self.vault.run(known_devices) is None:
                await changed.wait()
                changed.clear()
        finally:
            unsubscribe()

    async def _begin(self) -> LocalError | None:
        """Begin to connect to the vault's devices; return the reason if they cannot connect here."""
        if self._leaving:
            return None
        known = await self.vault.run(known_devices)
        if known is None:
            return None
        port = await self._end_plain()
        if self._without_keys:
            return None
        problem: LocalError | None = None
        try:
            node = await self._secure_node()
            if self._dialing is None:
                if self._listens and self._secure.address is None:
                    problem = await self._listen(port)
                await self._dial(node, known)
        finally:
            if self._own:
                self._names = {id: name for id, name in known.names.items() if id != self._own}
        return problem

    async def _end_plain(self) -> int | None:
        """Exchange nothing more without encryption; return the port at which programs connected, if any."""
        address = self._plain.address
        for followed in [one for one in self.following if not one.secure]:
            self._following.pop(followed).cancel()
            self._listener.refused(followed, LocalError(PAIRED))
        await self._plain.close()
        return None if address is None else address.port

    async def _secure_node(self) -> Node:
        if self._secure.node is None:
            try:
                identity = await asyncio.to_thread(self.ways.identity)
            except BadIdentity as error:
                self._without_keys = True  # reported once
                self._keys_locked = isinstance(error, KeysLocked)
                raise
            self._secure.identity = identity
            self._secure.node = await self._started(identity)
        return self._secure.node

    async def _listen(self, port: int | None = None) -> LocalError | None:
        """Let the vault's devices connect, at `port` if given; return the reason if that is impossible."""
        host, chosen = self._place
        port = chosen if port is None else port
        node = await self._secure_node()
        try:
            bound = await node.serve_members(
                self.ways.host if host is None else host, self.ways.port if port is None else port
            )
        except LocalError as error:
            return error
        if not bound.host:
            network = await _load("network_watch")
            bound = Address(network.best_address(), bound.port, secure=True)
        self._secure.address = bound
        if self._dialer is not None:
            self._dialer.announce(bound.port)
        self._listener.serving(bound)
        return None

    async def _dial(self, node: Node, known: KnownDevices) -> None:
        dialers = await _load("dialer")
        identity, address = self._secure.identity, self._secure.address
        if identity is None:
            raise RuntimeError("there is no node for the vault's devices")
        dialer: Dialer = dialers.Dialer(
            node,
            known.vault,
            identity.id,
            known.remembered,
            named=known.named,
            port=None if address is None else address.port,
            discover=self.ways.discover,
        )
        self._dialer, self._dialing = dialer, asyncio.create_task(dialer.run())

    @asynccontextmanager
    async def open_to_new_device(self) -> AsyncIterator[tuple[Identity, int]]:
        """Let a device that is about to be paired connect; yields this device's identity and the port.

        If the vault is still unpaired at the end, this is undone. Raises BadIdentity or a LocalError.
        """
        async with self._lock:
            self._without_keys = False
            await self._secure_node()
            if self._secure.address is None:
                problem = await self._listen()
                if problem is not None:
                    raise problem
        identity, address = self._secure.identity, self._secure.address
        if identity is None or address is None:
            raise RuntimeError("this service is closed")
        try:
            yield identity, address.port
        finally:
            if not self._leaving and await self.vault.run(known_devices) is None:
                async with self._lock:
                    await self._secure.close()

    async def refresh(self) -> None:
        """Read the members of the vault again, after a commit of this process has changed them."""
        if self._secure.node is not None:
            await self._secure.node.refresh()

    # -- serving and following

    async def serve(
        self, host: str | None = None, port: int | None = None, *, plain: bool | None = None
    ) -> Address:
        """Let peers connect at a host and port of this machine; return the address.

        If the vault is paired, the peers are its devices; otherwise they are this user's programs on this
        machine, without encryption. With `plain`, raises LocalError if the vault is paired; with False,
        raises NotPaired if it is not. `ways` gives the defaults for host and port. If peers can already
        connect, returns the address in use. Raises a LocalError as `Node.serve` and `Node.serve_members` do.
        """
        async with self._lock:
            paired = await self.vault.run(known_devices) is not None
            if plain and paired:
                raise LocalError(PAIRED)
            if plain is False and not paired:
                raise NotPaired(NOT_PAIRED)
            self._listens = True
            if self.address is None:
                self._place = host, port
            problem = await self._begin()
            if self._dialing is not None:
                if problem is None and self._secure.address is None:
                    problem = await self._listen()
                if problem is not None:
                    raise problem
            elif self._plain.address is None and not paired:
                node = await self._plain_node()
                bound = await node.serve(PLAIN_HOST if host is None else host, port)
                self._plain.address = bound
                self._listener.serving(bound)
            address = self.address
            if address is None:
                raise LocalError("Peers cannot connect here.")
            return address

    async def stop_serving(self) -> None:
        """Accept no more connections, and say Bye to the peers that dialled us; dialling others goes on."""
        async with self._lock:
            self._listens = False
            await self._plain.stop_serving()
            await self._secure.stop_serving()
            if self._dialer is not None:
                self._dialer.announce(None)

    async def follow(self, address: Address) -> asyncio.Task[None]:
        """Stay in sync with the peer at `address`; raises NotPaired for a wss:// address
        if the vault is not paired, LocalError for a ws:// address if it is.

        The returned task ends with an error that redialling cannot fix (see `Node.follow`).
        """
        async with self._lock:
            task = self._following.get(address)
            if task is None or task.done():
                node = await self._node_for(address)
                task = self._following[address] = asyncio.create_task(node.follow(address))
                task.add_done_callback(lambda done: self._followed(address, done))
            return task

    async def _node_for(self, address: Address) -> Node:
        paired = await self.vault.run(known_devices) is not None
        if not address.secure:
            if paired:
                raise LocalError(PAIRED)
            return await self._plain_node()
        if not paired:
            raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`.")
        return await self._secure_node()

    def _followed(self, address: Address, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._leaving:
            return
        error = task.exception()
        if isinstance(error, CrdtnotesError):
            self._listener.refused(address, error)

    async def _plain_node(self) -> Node:
        if self._plain.node is None:
            self._plain.node = await self._started(None)
        return self._plain.node

    async def _started(self, identity: Identity | None) -> Node:
        if self._leaving:
            raise LocalError("This vault is being closed.")
        nodes = await _load("node")
        node: Node = nodes.Node(
            self.vault.worker, report=self._report, met=self._listener.presence, identity=identity
        )
        return await node.__aenter__()

    # -- state

    @property
    def address(self) -> Address | None:
        """The address at which peers can connect, None if they cannot."""
        return self._secure.address or self._plain.address

    @property
    def is_paired(self) -> bool:
        """Whether this service is connecting to the vault's devices."""
        return self._dialing is not None

    @property
    def following(self) -> list[Address]:
        """The addresses that are followed."""
        return [address for address, task in self._following.items() if not task.done()]

    @property
    def peers(self) -> list[PeerStatus]:
        """The peers that are connected now."""
        return [one for node in self._nodes for one in node.peers]

    @property
    def people(self) -> list[Present]:
        """The other people who have a note open.

        In a paired vault `device` is the name of the device that said so, and a name that it has only heard
        of is shown as its word, `cy (via bo)`.
        """
        return [self._named(one) for node in self._nodes for one in node.people]

    def _named(self, one: Present) -> Present:
        if one.source is None:
            return one
        name = self._names.get(one.source, short(one.source))
        return replace(one, device=f"{one.device} (via {name})" if one.relayed else name)

    @property
    def has_peers(self) -> bool:
        """Whether there may be peers that want to know this editor's caret."""
        return any(True for _ in self._nodes) and not self._leaving

    @property
    def unseen(self) -> list[str]:
        """The names of the vault's other devices that are not connected."""
        node = self._secure.node
        return [] if node is None else [name for id, name in self._names.items() if not node.connected(id)]

    def name(self, id: bytes | None) -> str | None:
        """Return the name of a device of the vault by its id, None if it is not known."""
        return None if id is None else self._names.get(id)

    def connected(self, device: bytes) -> bool:
        """Return whether a device of the vault is connected."""
        return self._secure.node is not None and self._secure.node.connected(device)

    def has_caught_up(self, device: bytes) -> bool:
        """Return whether a device has caught up with this replica at some time since the service began."""
        return device in self._caught_up

    def be_at(self, note: str, caret: OpId, start: OpId, actor: str) -> None:
        """Tell the peers where this editor's caret is; see `Node.be_at`."""
        if not self._leaving:
            for node in self._nodes:
                node.be_at(note, caret, start, actor)

    async def close(self) -> None:
        """Say Bye to all peers. The vault stays open."""
        if self._leaving:
            return
        self._leaving = True
        for status in self._here.values():
            self._remember(status)
        if self._remembering:
            await asyncio.wait(self._remembering)
        async with self._lock:
            # Close the nodes first, since they say Bye: a cancelled task only closes the connection.
            await self._plain.close()
            await self._secure.close()
        tasks = [*self._following.values(), *([] if self._dialing is None else [self._dialing])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # -- internals

    @property
    def _own(self) -> bytes:
        return b"" if self._secure.identity is None else self._secure.identity.id

    @property
    def _nodes(self) -> Iterator[Node]:
        return (node for node in (self._secure.node, self._plain.node) if node is not None)

    def _report(self, status: PeerStatus) -> None:
        if self._leaving:
            return  # peers disconnect now because we are closing
        key = status.id, status.device
        if not status.connected:
            # Two devices that have dialled each other close one of the connections.
            status = next((one for one in self.peers if (one.id, one.device) == key), status)
        if status.caught_up and status.id is not None:
            self._caught_up.add(status.id)
        if status.caught_up and status.connected:
            came = key not in self._here
            self._here[key] = status
            if came:
                self._listener.in_sync(status)
                self._remember(status)
        elif not status.connected and (self._here.pop(key, None) is not None or status.caught_up):
            self._listener.left(status)
            self._remember(status)
        self._listener.status(status)

    def _remember(self, status: PeerStatus) -> None:
        task = asyncio.create_task(self._remembered(status.device, self._dialled(status)))
        self._remembering.add(task)
        task.add_done_callback(self._remembering.discard)

    async def _remembered(self, device: str, address: Address | None) -> None:
        place = None if address is None else str(address)
        try:
            await self.vault.run(lambda vault: vault.remember_peer(device, place))
        except CrdtnotesError as error:
            # The notes are safe; only this peer is not recorded.
            _log.warning("%s", error)

    def _dialled(self, status: PeerStatus) -> Address | None:
        """Return the address at which a peer was dialled, None if it dialled us."""
        if status.dialled_port is None:
            return None
        secure = status.id is not None
        for address in self._following:
            if (address.secure, address.port) == (secure, status.dialled_port) and (
                status.host in address.hosts or not secure or not is_number(address.host)
            ):
                return address
        return Address(status.host, status.dialled_port, secure=True) if secure else None


async def _load(name: str) -> Any:
    """Import a module of `crdtnotes.sync.peers` on another thread, so that the first paint need not wait."""
    return await asyncio.to_thread(import_module, f"crdtnotes.sync.peers.{name}")
