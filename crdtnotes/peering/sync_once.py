"""Exchanging missing changes, once: with the peer at an address, or with all devices of the vault."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from crdtnotes.errors import LocalError, NotLetIn, NotPaired, RemoteError, Unreachable
from crdtnotes.peering.known_devices import PAIRED
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.dialer import Dialer, identity_for
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import PeerStatus, Summary
from crdtnotes.vault import Vault

LOOK_AROUND_SECONDS = 2.0
"""How long a one-time sync listens for devices in the local network."""

_log = logging.getLogger("crdtnotes.sync")

Report = Callable[[PeerStatus], None]


async def sync_once(path: Path, address: Address, report: Report | None = None) -> Summary:
    """Exchange missing changes between the vault at `path` and a peer; see `Node.sync_once`.

    Raises LocalError for a ws:// address if the vault is paired.
    """
    identity = identity_for(path)
    if identity is not None and not address.secure:
        raise LocalError(PAIRED)
    async with OpenVault(path) as vault, Node(vault.worker, report=report, identity=identity) as node:
        summary = await node.sync_once(address)
        await vault.run(lambda open_: open_.remember_peer(summary.device, str(address)))
        return summary


def awaited_authors(path: Path) -> list[str]:
    """Return the names of the devices for whose signatures changes wait in the vault at `path`."""
    with Vault.open(path) as vault:
        return vault.replica.signatures.unsigned_authors()


async def sync_members(path: Path, report: Report | None = None) -> list[Summary]:
    """Exchange missing changes with every device of the vault that can be reached; raises Unreachable if
    none can.

    Devices are searched in the local network for LOOK_AROUND_SECONDS, and at their last known addresses.
    """
    identity = identity_for(path)
    if identity is None:
        raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`, or give an address.")
    async with OpenVault(path) as vault, Node(vault.worker, identity=identity, report=report) as node:
        replica = await vault.run(lambda open_: open_.replica)
        members = replica.members
        dialer = Dialer(node, replica.vault_id, identity.id, members.contacts.addresses, named=members.name)
        looking = asyncio.create_task(dialer.look_around())
        try:
            await asyncio.sleep(LOOK_AROUND_SECONDS)
            met = await asyncio.gather(*(_sync_member(node, dialer, id) for id in node.members))
        finally:
            looking.cancel()
            await asyncio.wait([looking])
    summaries = [one for one in met if isinstance(one, Summary)]
    if not summaries:
        # An error from a device that refused says more than one from a device that was not there.
        for error in met:
            if isinstance(error, NotLetIn | RemoteError):
                raise error
        raise Unreachable("None of this vault's devices can be reached at the moment.")
    return summaries


async def _sync_member(node: Node, dialer: Dialer, device: bytes) -> Summary | Unreachable | RemoteError:
    try:
        return await node.sync_by(partial(dialer.dial, device))
    except (Unreachable, RemoteError) as error:
        _log.info("%s", error)
        return error
