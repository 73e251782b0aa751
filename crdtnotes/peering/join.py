"""Joining: entering the code that another device shows, and making a replica of its vault."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from crdtnotes.errors import CrdtnotesError, PairingFailed, VaultExists
from crdtnotes.peering.clone import count_notes, refuse_existing
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.peering.progress import fetching
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import Replica
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.discovery import Discovery
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.pairing import AskJoiner, Joined, addresses_of, join
from crdtnotes.terminal import printable
from crdtnotes.trust.code import Code
from crdtnotes.trust.device_id import shown
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.pairing import PairingJoiner
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault

__all__ = ["AskJoiner", "JoinedVault", "Tell", "join_vault"]

Tell = Callable[[str], None]
"""Called with a sentence that says what the join is waiting for."""


@dataclass(frozen=True, slots=True)
class JoinedVault:
    """The name of the device that was joined, the number of notes received, and the role of this device.

    `notes` is None if the first sync failed: the replica exists and is paired, and any later sync fills it.
    """

    host: str
    notes: int | None
    role: Role


async def _nothing() -> None:
    """Do nothing before the replica is made."""


async def join_vault(
    code: Code,
    address: Address | None,
    path: Path,
    device: str,
    ask: AskJoiner,
    *,
    progress: Progress = no_progress,
    tell: Tell = lambda _: None,
    before_making: Callable[[], Awaitable[None]] = _nothing,
    identity: Identity | None = None,
) -> JoinedVault:
    """Pair with the device that shows `code`, at `address` or wherever it is found, and make a replica of
    its vault at `path`.

    `device` is this device's name, `identity` its keys, by default those in the user's data folder.
    `ask` is called with the host's name and the digits that both devices show, and returns whether the person
    joins. `progress` counts the changes received. `before_making` is awaited once both sides have agreed; a
    caller that has the file open must close it then.

    Raises VaultExists if something else is at `path`, Unreachable, PairingFailed or another RemoteError,
    and LocalErrors about this device.
    """
    keys = own_identity() if identity is None else identity
    vault = await asyncio.to_thread(vault_at, path)
    if address is None and code.address:
        address = Address.typed(code.address)

    def make(certificate: bytes) -> PairingJoiner:
        return PairingJoiner(code, keys, device, certificate, secrets.token_bytes, vault)

    role = Role.OWNER

    async def store(joined: Joined) -> None:
        nonlocal role
        await before_making()
        making = asyncio.create_task(asyncio.to_thread(make_replica, joined, path, device, vault, identity))
        try:
            role = await asyncio.shield(making)
        except asyncio.CancelledError:
            # The file is half made: wait until it is complete, because the program may go on and open it.
            await asyncio.wait([making])
            raise

    async def agree(host: str, digits: str) -> bool:
        agreed = await ask(host, digits)
        if agreed:
            tell(f'"{printable(host)}" asks, too: answer yes there. This device is {shown(keys.id)}')
        return agreed

    if address is None:
        tell("Looking for the laptop in the local network.")
        async with Discovery() as discovery:
            places = await addresses_of(code, discovery)
    else:
        places = [address]
    joined = await join(code, places, make, store, agree)
    try:
        await _first_sync(joined, path, keys, progress)
    except CrdtnotesError:
        return JoinedVault(joined.host_name, None, role)
    except asyncio.CancelledError:
        tell("This device is paired, but not all notes are here: `crdtnotes sync --once` fetches the rest.")
        raise
    return JoinedVault(joined.host_name, count_notes(path), role)


async def _first_sync(joined: Joined, path: Path, identity: Identity, progress: Progress) -> None:
    async with (
        OpenVault(path, identity) as vault,
        Node(vault.worker, identity=identity, report=fetching(progress)) as node,
    ):
        where = Address(joined.place, joined.welcome.port, secure=True)
        summary = await node.sync_once(where, [joined.host])
        await vault.run(lambda open_: open_.remember_peer(summary.device, str(where)))


def vault_at(path: Path) -> bytes | None:
    """Return the id of the vault at `path`, None if nothing is there that would be lost.

    A vault in which nobody has written anything may be replaced (`Vault.is_untouched`).
    """
    if not os.path.lexists(path):
        return None
    with Vault.open(path) as vault:
        return None if vault.is_untouched else bytes.fromhex(vault.id)


def make_replica(
    joined: Joined, path: Path, device: str, vault: bytes | None, identity: Identity | None = None
) -> Role:
    """Make the replica of the vault that was joined, or add the membership records to the existing replica.

    Returns the role of this device.

    `vault` is the id of the existing vault; None if there is none or it may be replaced. Raises VaultExists,
    PairingFailed or a StoreError.
    """
    welcome = joined.welcome
    if vault is None and vault_at(path) is None:
        path.unlink(missing_ok=True)
    if vault is None:
        refuse_existing(path)
        Replica.create(path, device, welcome.vault).close()
    elif vault != welcome.vault:
        raise VaultExists(f"There is another vault at {path}; choose another path with --vault.")
    keys = own_identity() if identity is None else identity
    replica = Replica(path, identity=lambda: keys)
    try:
        replica.devices.adopt(welcome.root, list(welcome.records))
        role = replica.devices.own_role()
        if role is None:
            raise PairingFailed("The other device sent no record that admits this device.")
        return role
    finally:
        replica.close()
