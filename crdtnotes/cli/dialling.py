"""Syncing with a peer once, and cloning the vault that it serves."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crdtnotes.errors import NotLetIn, NotPaired, RemoteError, StoreError, Unreachable, VaultExists
from crdtnotes.mirror.files import system_reason
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import Replica, local_state
from crdtnotes.store.file.database import sync_folder
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import peek
from crdtnotes.sync.peers.conversation import PeerStatus
from crdtnotes.sync.peers.dialer import Dialer, identity_for
from crdtnotes.sync.peers.node import Node, Summary
from crdtnotes.vault import Vault

LOOK_AROUND_SECONDS = 2.0
"""How long a one-time sync listens for devices in the local network."""

_log = logging.getLogger("crdtnotes.sync")


@dataclass(frozen=True, slots=True)
class Cloned:
    """What a clone brought: the peer's device, and how many notes and changes."""

    peer: str
    notes: int
    changes: int


class OwnReplica:
    """The replica at `path` for a Node, which opens it on a thread of its own.

    `device` is its name for this device once it is open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replica: Replica | None = None
        self.device = ""

    def open(self) -> Replica:
        """Open the replica; called by the node."""
        self._replica = Replica(self._path)
        self.device = self._replica.device
        return self._replica

    @property
    def replica(self) -> Replica:
        """The open replica; to be used by jobs of the node only."""
        if self._replica is None:
            raise RuntimeError("the replica is not open")
        return self._replica

    async def remember(self, node: Node, device: str, address: Address | None) -> None:
        """Note that this replica is in step with a peer now; of one that came to us, what is known stays."""

        def record() -> None:
            replica = self._replica
            if replica is None:
                return
            known = {str(peer["device"]): str(peer["address"]) for peer in replica.peers()}
            place = known.get(device, "") if address is None else str(address)
            replica.record_peer(device, place, time.time_ns() // 1_000_000)

        await node.run(record)


async def sync_once(
    path: Path, address: Address, report: Callable[[PeerStatus], None] | None = None
) -> Summary:
    """Exchange what is missing between the replica at `path` and a peer; see `Node.sync_once`."""
    own = OwnReplica(path)
    identity = identity_for(path) if address.secure else None
    async with Node(own.open, report=report, identity=identity) as node:
        summary = await node.sync_once(address)
        await own.remember(node, summary.device, address)
        return summary


def fetching(progress: Progress) -> Callable[[PeerStatus], None]:
    """Return what tells `progress` how many changes have come from all peers, and how many there are."""
    states: dict[bytes | str, PeerStatus] = {}

    def report(status: PeerStatus) -> None:
        states[status.id or status.host] = status
        done = sum(one.received for one in states.values())
        if done or status.to_come:
            # What one peer brings the others need not.
            progress(done, done + max(one.to_come for one in states.values()))

    return report


async def sync_members(path: Path, report: Callable[[PeerStatus], None] | None = None) -> list[Summary]:
    """Exchange what is missing with every device of the vault that can be reached; raises Unreachable if
    none can.

    Devices are looked for in the local network for a moment, and where they were reached before.
    """
    identity = identity_for(path)
    if identity is None:
        raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`, or give an address.")
    own = OwnReplica(path)
    async with Node(own.open, identity=identity, report=report) as node:
        members = own.replica.members
        reach = Dialer(node, own.replica.vault_id, identity.id, members.addresses, named=members.name)
        looking = asyncio.create_task(reach.look_around())
        try:
            await asyncio.sleep(LOOK_AROUND_SECONDS)
            met = await asyncio.gather(*(_sync_member(node, reach, id) for id in node.members))
        finally:
            looking.cancel()
            await asyncio.wait([looking])
    summaries = [one for one in met if isinstance(one, Summary)]
    if not summaries:
        # Somebody who was there and said no tells more than those who were not.
        for error in met:
            if isinstance(error, NotLetIn | RemoteError):
                raise error
        raise Unreachable("None of this vault's devices can be reached at the moment.")
    return summaries


async def _sync_member(node: Node, reach: Dialer, device: bytes) -> Summary | Unreachable | RemoteError:
    try:
        return await node.sync_by(partial(reach.dial, device))
    except (Unreachable, RemoteError) as error:
        _log.info("%s", error)
        return error


async def clone_vault(address: Address, path: Path, device: str, progress: Progress = no_progress) -> Cloned:
    """Make a replica at `path` of the vault that the peer at `address` serves; on failure leave nothing.

    It is filled beside `path` and moved there when it is whole. `progress` counts changes. Raises
    VaultExists, Unreachable, a RemoteError or a StoreError.
    """
    refuse_existing(path)
    hello = await peek(address)
    total = sum(hello.version.values())
    progress(0, total)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        Replica.create(part, device, hello.vault).close()
        summary = await sync_once(part, address, lambda status: progress(status.received, total))
        notes = count_notes(part)
        refuse_existing(path)
        try:
            part.rename(path)
            local_state.move(part, path)
            sync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {system_reason(error)}") from error
    finally:
        # A journal is there only if something went wrong with the file.
        for left in (part, part.with_name(f"{part.name}-journal")):
            left.unlink(missing_ok=True)
    return Cloned(summary.device, notes, summary.received)


def refuse_existing(path: Path) -> None:
    """Raise VaultExists if anything is at the path."""
    if path.exists() or path.is_symlink():
        raise VaultExists(f"There is already something at {path}.")


def count_notes(path: Path) -> int:
    """Return how many notes the vault at the path has."""
    with Vault.open(path) as vault:
        return len(vault)
