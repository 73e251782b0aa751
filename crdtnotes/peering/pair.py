"""Pairing: showing a code, and letting the device that knows it join the vault."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from crdtnotes.errors import Unreachable
from crdtnotes.peering.service import PeerService
from crdtnotes.sync.net.address import PAIRING_PORT, Address
from crdtnotes.sync.peers.discovery import PAIRING, Discovery
from crdtnotes.sync.peers.network_watch import best_address
from crdtnotes.sync.peers.pairing import Ask, NewDevice, PairingServer
from crdtnotes.terminal import printable
from crdtnotes.trust.code import Code, new_code, new_qr_code
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.pairing import PairingHost, Welcome
from crdtnotes.trust.roles import Role
from crdtnotes.trust.spake import BlindedSecret, PairingSide
from crdtnotes.vault import Vault

__all__ = [
    "FIRST_SYNC_SECONDS",
    "Ask",
    "ChosenRole",
    "NewDevice",
    "ShowCodes",
    "pair_device",
    "wait_for_first_sync",
]

FIRST_SYNC_SECONDS = 60.0
"""How long the new device may take to begin its first sync."""

_LOOK_SECONDS = 0.05

ShowCodes = Callable[[Code, Code], None]
"""Called with the code in words and with the code for a QR code, which contains the address."""

ChosenRole = Callable[[], Role | None]
"""Returns the role of the new device; None if the person chose none."""


async def pair_device(
    service: PeerService,
    ask: Ask,
    show: ShowCodes,
    *,
    port: int = PAIRING_PORT,
    role: ChosenRole = lambda: None,
) -> NewDevice:
    """Show a code and wait for the device that knows it; the device is a member of the vault from then on.

    `ask` is called with the name and the id of the device and with the digits that both devices show, and
    returns whether the person accepts it. `port` is the port on which this device listens for the pairing; if
    it is taken, any free port is used. `role` is called once the person has accepted the device, and
    returns its role; for None, a new device becomes an owner, and one that belongs already keeps its role.

    Raises NotPermitted if this device is no owner, PairingFailed if the code was wrong, the person said no,
    or no device connected in time, and the errors of `PeerService.open_to_new_device`.
    """
    await service.vault.run(lambda vault: vault.replica.devices.check_owner())
    device, vault_id = await service.vault.run(lambda vault: (vault.device, bytes.fromhex(vault.id)))
    words = new_code(secrets.token_bytes)
    codes = [(words, BlindedSecret(PairingSide.HOST, words.secret, secrets.token_bytes))]
    async with service.open_to_new_device() as (identity, sync_port):

        def make() -> PairingHost:
            return PairingHost(codes, identity, device, vault_id, secrets.token_bytes)

        async def admit(name: str, certificate: bytes) -> Welcome:
            chosen = role()

            def add(vault: Vault) -> Welcome:
                replica = vault.replica
                replica.devices.admit(certificate, name, chosen)
                root = replica.members.root or b""
                # The rest follows when the device syncs: all records may be too many for one frame.
                records = replica.devices.introduction(device_id(certificate))
                return Welcome(replica.vault_id, root, tuple(records), sync_port)

            welcome = await service.vault.run(add)
            await service.refresh()
            return welcome

        host = PairingServer(make, ask, admit)
        async with host.listening(identity, service.ways.host, port) as bound:
            address = Address(service.ways.host or best_address(), bound, secure=True).place
            scanned = new_qr_code(words.number, address, identity.id, secrets.token_bytes)
            codes.append((scanned, BlindedSecret(PairingSide.HOST, scanned.secret, secrets.token_bytes)))
            show(words, scanned)
            async with _announced(words.number, bound, discover=service.ways.discover):
                return await host.paired()


@asynccontextmanager
async def _announced(number: int, port: int, *, discover: bool) -> AsyncIterator[None]:
    """Announce in the local network that this device is waiting for a pairing."""
    if not discover:
        yield
        return
    async with Discovery() as discovery:
        text = f"{number:04}"
        await discovery.announce(PAIRING, f"{text}-{port}", port, {"number": text})
        yield


async def wait_for_first_sync(service: PeerService, device: NewDevice) -> None:
    """Wait until a device that was just paired has all notes and has disconnected.

    Raises Unreachable if it does not fetch them in time; it can still fetch them later.
    """
    clock = asyncio.get_running_loop().time
    patience = clock() + FIRST_SYNC_SECONDS
    while not service.has_caught_up(device.id):
        if service.connected(device.id):
            patience = clock() + FIRST_SYNC_SECONDS
        elif clock() > patience:
            raise Unreachable(
                f'"{printable(device.name)}" is paired, but has not fetched the notes yet; leave '
                "`crdtnotes serve` running here."
            )
        await asyncio.sleep(_LOOK_SECONDS)
    while service.connected(device.id):
        await asyncio.sleep(_LOOK_SECONDS)
