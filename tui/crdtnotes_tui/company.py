"""The peers that this replica follows while the editor is open."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import CrdtnotesError
from crdtnotes.sync.address import Address
from crdtnotes.sync.replica import Replica
from crdtnotes.vault import Vault

if TYPE_CHECKING:
    from crdtnotes.sync.conversation import PeerStatus
    from crdtnotes.sync.node import Node


class Company:
    """Follows peers on a thread of its own; `changed` hears when it stands otherwise with one of them."""

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self._path = path
        self._changed = changed
        self._node: Node | None = None
        self._vault: Vault | None = None
        self._following: dict[str, asyncio.Task[None]] = {}
        self._remembering: set[asyncio.Task[None]] = set()
        self._states: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._met: set[str] = set()
        self._leaving = False

    async def follow(self, peers: Iterable[tuple[str, str]]) -> None:
        """Stay in step with peers `(device, address)`; a device may be "" where it is not known yet.

        Raises LocalError for what is no address.
        """
        wanted = [(device, Address.parse(address)) for device, address in peers if address]
        if wanted and self._node is None:
            await self._start()
        for device, address in wanted:
            key = str(address)
            if key not in self._following and self._node is not None:
                self._states[device or key] = "offline"
                self._addresses[device or key] = key
                task = asyncio.create_task(self._follow(self._node, device or key, address))
                self._following[key] = task
        self._changed()

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
        if self._node is not None:
            await self._node.close()

    @property
    def summary(self) -> str:
        """How it stands with all of them, in a few words."""
        return ", ".join(f"{peer} {state}" for peer, state in sorted(self._states.items()))

    async def _start(self) -> None:
        # websockets takes a moment to load, and most of the time is not needed for the first paint.
        module = await asyncio.to_thread(__import__, "crdtnotes.sync.node", fromlist=["Node"])
        self._node = module.Node(self._open, path=self._path, report=self._report)
        await self._node.__aenter__()

    def _open(self) -> Replica:
        self._vault = Vault.open(self._path)
        return self._vault.replica

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
        if not status.connected:
            self._states[device] = "offline"
        else:
            self._states[device] = "in step" if status.in_step else "catching up"
        if not status.connected:
            self._met.discard(device)
        elif status.in_step and device not in self._met:
            self._met.add(device)
            task = asyncio.create_task(self._remember(device))
            self._remembering.add(task)
            task.add_done_callback(self._remembering.discard)
        self._changed()

    async def _remember(self, device: str) -> None:
        vault, address = self._vault, self._addresses.get(device)
        if vault is not None and address is not None and self._node is not None:
            await self._node.run(lambda: vault.remember_peer(device, address))
