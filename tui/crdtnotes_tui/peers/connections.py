"""The peers of this replica while the editor is open, on the vault's own thread.

The devices that the vault is paired with are met by themselves (`members`). Peers on this machine, in the
clear, are met where the person says so; they have a node of their own.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from crdtnotes.crdt.ids import OpId
from crdtnotes.errors import CrdtnotesError, NotPaired, StoreError
from crdtnotes.sync.net.address import Address
from crdtnotes_tui.peers.paired_devices import PairedDevices
from crdtnotes_tui.vault.vault_thread import VaultThread

if TYPE_CHECKING:
    from crdtnotes.sync.peers.conversation import PeerStatus
    from crdtnotes.sync.peers.node import Node
    from crdtnotes.sync.session.presence import Present

IN_STEP = "in step"

HERE = "127.0.0.1"
"""Where peers come to in the clear when no place was named."""

NAMED = 3
"""Of more peers only how many of them stand how is told."""


class PeerConnections:
    """Follows peers and lets them come.

    `changed` hears when it stands otherwise with one of them, `met` when somebody comes, moves or goes.
    """

    def __init__(self, thread: VaultThread, changed: Callable[[], None], met: Callable[[], None]) -> None:
        self._thread = thread
        self._changed = changed
        self._met = met
        self._node: Node | None = None
        self._starting = asyncio.Lock()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._remembering: set[asyncio.Task[None]] = set()
        self._states: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._in_step_with: set[str] = set()
        self._leaving = False
        self._met_before = False
        self._served_at = ""
        self.members = PairedDevices(thread, self._report, met)

    async def meet(self) -> None:
        """Meet the vault's devices, and who was met before in the clear; raises a LocalError.

        To be called again when something was committed: a vault may be paired while it is open.
        """
        await self.members.begin()
        if not self._met_before:
            self._met_before = True
            peers = await self._thread.run(lambda vault: vault.peers())
            await self.follow(one for one in peers if not one[1].startswith("wss:"))
        self._changed()

    async def follow(self, peers: Iterable[tuple[str, str]]) -> None:
        """Stay in step with peers `(device, address)`; a device may be "" where it is not known yet.

        Raises LocalError for what is no address, NotPaired for one of a device where there can be none.
        """
        wanted = [(device, Address.parse(address)) for device, address in peers if address]
        for device, address in wanted:
            node = await self._node_for(address)
            key = str(address)
            if key not in self._following and key != self.served_at:
                self._states[device or key] = f"offline since {_clock()}"
                self._addresses[device or key] = key
                task = asyncio.create_task(self._follow(node, device or key, address))
                self._following[key] = task
        self._changed()

    async def _node_for(self, address: Address) -> "Node":
        if not address.secure:
            return await self._started()
        await self.members.begin()
        if self.members.node is None:
            raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`.")
        return self.members.node

    async def serve(self, host: str | None, port: int | None) -> str:
        """Let peers come to this editor; return the address.

        The vault's devices at any host, where it was paired; else programs on this machine, in the clear.
        Raises LocalError, as `Node.serve` does.
        """
        await self.members.begin(host, port)
        if self.members.served_at:
            return self.members.served_at
        if not self._served_at:
            node = await self._started()
            self._served_at = str(await node.serve(HERE if host is None else host, port))
            self._changed()
        return self._served_at

    @property
    def served_at(self) -> str:
        """The address at which peers come, "" while they do not."""
        return self.members.served_at or self._served_at

    async def stop(self) -> None:
        """Say goodbye to all."""
        if self._leaving:
            return
        self._leaving = True
        # First the nodes, which say goodbye: a task that is cancelled only hangs up.
        async with self._starting:
            if self._node is not None:
                await self._node.close()
        await self.members.stop()
        for task in self._following.values():
            task.cancel()
        tasks = [*self._following.values(), *self._remembering]
        if tasks:
            await asyncio.wait(tasks)

    @property
    def _nodes(self) -> "Iterator[Node]":
        return (node for node in (self.members.node, self._node) if node is not None)

    def be_at(self, note: str, caret: OpId, start: OpId, actor: str) -> None:
        """Tell peers where the caret is; see `Node.be_at`."""
        if not self._leaving:
            for node in self._nodes:
                node.be_at(note, caret, start, actor)

    @property
    def is_there(self) -> bool:
        """Whether there may be anybody to tell anything."""
        return any(self._nodes) and not self._leaving

    @property
    def people(self) -> "Sequence[Present]":
        """The others that have a note open."""
        return [one for node in self._nodes for one in node.people]

    @property
    def summary(self) -> str:
        """How it stands with all of them, in a few words."""
        states = dict(self._states)
        for name in self.members.unseen:
            states.setdefault(name, "not here yet")
        if len(states) > NAMED:
            found = Counter(state.split(" since ")[0].split(":")[0] for state in states.values())
            return ", ".join(f"{count} {state}" for state, count in found.most_common())
        if not states:
            return f"at {self.served_at}" if self._served_at else ""
        return ", ".join(f"{peer} {state}" for peer, state in sorted(states.items()))

    async def _started(self) -> "Node":
        async with self._starting:
            if self._node is None:
                # websockets takes a moment to load, and the first paint does not need it.
                module = await asyncio.to_thread(__import__, "crdtnotes.sync.peers.node", fromlist=["Node"])
                self._node = module.Node(self._thread.worker, report=self._report, met=self._met)
                await self._node.__aenter__()
            return self._node

    async def _follow(self, node: "Node", peer: str, address: Address) -> None:
        try:
            await node.follow(address)
        except CrdtnotesError as error:
            self._states[peer] = f"refused: {error}"
            self._changed()

    def _report(self, status: "PeerStatus") -> None:
        if self._leaving:
            return
        if not status.connected:
            # Two devices that have dialled each other give up one of the connections.
            left = (one for node in self._nodes for one in node.peers)
            status = next((one for one in left if (one.id, one.device) == (status.id, status.device)), status)
        device = self.members.name(status.id) or status.device
        for placeholder, address in list(self._addresses.items()):
            if "://" in placeholder and Address.parse(address).port == status.dialled_port:
                self._states.pop(placeholder, None)
                self._addresses.setdefault(device, self._addresses.pop(placeholder))
        self._states[device] = told(status)
        if not status.connected:
            self._in_step_with.discard(device)
        elif status.in_step and device not in self._in_step_with:
            self._in_step_with.add(device)
            task = asyncio.create_task(self._remember(device))
            self._remembering.add(task)
            task.add_done_callback(self._remembering.discard)
        self._changed()

    async def _remember(self, device: str) -> None:
        address = self._addresses.get(device)
        if address is not None:
            # The notes are safe; only the list of peers would lack a line.
            with suppress(StoreError):
                await self._thread.run(lambda vault: vault.remember_peer(device, address))


def told(status: "PeerStatus") -> str:
    """Return how it stands with a peer, in a few words."""
    if not status.connected:
        return f"offline since {_clock()}"
    behind = status.lacking + status.to_come
    if status.in_step or not behind:
        return IN_STEP
    return f"{behind} {'change' if behind == 1 else 'changes'} behind"


def _clock() -> str:
    return time.strftime("%H:%M")
