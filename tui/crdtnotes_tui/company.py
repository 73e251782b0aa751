"""The peers of this replica while the editor is open: one node, on the vault's own thread."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from crdtnotes.crdt.ids import OpId
from crdtnotes.errors import CrdtnotesError, StoreError
from crdtnotes.sync.address import Address
from crdtnotes_tui.keeper import Keeper

if TYPE_CHECKING:
    from crdtnotes.sync.conversation import PeerStatus
    from crdtnotes.sync.node import Node
    from crdtnotes.sync.presence import Present


class Company:
    """Follows peers and lets them come.

    `changed` hears when it stands otherwise with one of them, `met` when somebody comes, moves or goes.
    """

    def __init__(self, keeper: Keeper, changed: Callable[[], None], met: Callable[[], None]) -> None:
        self._keeper = keeper
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
        self.served_at = ""
        """The address at which peers come, "" while they do not."""

    async def follow(self, peers: Iterable[tuple[str, str]]) -> None:
        """Stay in step with peers `(device, address)`; a device may be "" where it is not known yet.

        Raises LocalError for what is no address.
        """
        wanted = [(device, Address.parse(address)) for device, address in peers if address]
        for device, address in wanted:
            node = await self._started()
            key = str(address)
            if key not in self._following and key != self.served_at:
                self._states[device or key] = f"offline since {_clock()}"
                self._addresses[device or key] = key
                task = asyncio.create_task(self._follow(node, device or key, address))
                self._following[key] = task
        self._changed()

    async def serve(self, host: str, port: int) -> str:
        """Let peers come to this editor; return the address. Raises LocalError, as `Node.serve` does."""
        if not self.served_at:
            node = await self._started()
            self.served_at = str(await node.serve(host, port))
            self._changed()
        return self.served_at

    async def stop(self) -> None:
        """Say goodbye to all."""
        if self._leaving:
            return
        self._leaving = True
        for task in self._following.values():
            task.cancel()
        tasks = [*self._following.values(), *self._remembering]
        if tasks:
            await asyncio.wait(tasks)
        async with self._starting:
            if self._node is not None:
                await self._node.close()

    def wake(self) -> None:
        """Something was committed."""
        if self._node is not None:
            self._node.wake()

    def be_at(self, note: str, caret: OpId, start: OpId, actor: str) -> None:
        """Tell peers where the caret is; see `Node.be_at`."""
        if self._node is not None and not self._leaving:
            self._node.be_at(note, caret, start, actor)

    @property
    def is_there(self) -> bool:
        """Whether there may be anybody to tell anything."""
        return self._node is not None and not self._leaving

    @property
    def people(self) -> "Sequence[Present]":
        """The others that have a note open."""
        return () if self._node is None else self._node.people

    @property
    def summary(self) -> str:
        """How it stands with all of them, in a few words."""
        states = ", ".join(f"{peer} {state}" for peer, state in sorted(self._states.items()))
        return states or (f"at {self.served_at}" if self.served_at else "")

    async def _started(self) -> "Node":
        async with self._starting:
            if self._node is None:
                # websockets takes a moment to load, and the first paint does not need it.
                module = await asyncio.to_thread(__import__, "crdtnotes.sync.node", fromlist=["Node"])
                self._node = module.Node(self._keeper.worker, report=self._report, met=self._met)
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
        device = status.device
        for placeholder in [name for name in self._states if "://" in name]:
            del self._states[placeholder]
            self._addresses.setdefault(device, self._addresses.pop(placeholder))
        self._states[device] = _state(status)
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
                await self._keeper.run(lambda vault: vault.remember_peer(device, address))


def _state(status: "PeerStatus") -> str:
    if not status.connected:
        return f"offline since {_clock()}"
    behind = status.lacking + status.to_come
    if status.in_step or not behind:
        return "in step"
    return f"{behind} {'change' if behind == 1 else 'changes'} behind"


def _clock() -> str:
    return time.strftime("%H:%M")
