"""Serving and following until Ctrl-C: prints the address for peers, and each peer that comes or goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from crdtnotes.cli.output import counted, quoted
from crdtnotes.errors import LocalError, NotPaired
from crdtnotes.peering.listener import Listener
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.peering.service import PeerService
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.dialer import identity_for
from crdtnotes.sync.peers.status import PeerStatus


async def stay_and_serve(path: Path, host: str | None, port: int | None, *, plain: bool) -> None:
    """Serve the vault at `path` until cancelled; the first line on stdout names the address.

    See `PeerService.serve`. It also connects to the vault's other devices; with `plain`, raises LocalError
    when the vault is paired.
    """
    async with _service(path) as service:
        await service.serve(host, port, plain=plain)
        if not plain:
            await service.run()
        await service.until_paired()
        raise LocalError(
            "This vault is paired now, so it is no longer served without encryption; `crdtnotes serve` "
            "serves it to its devices."
        )


async def stay_and_follow(path: Path, address: Address) -> None:
    """Keep the vault at `path` in sync with the peer at `address` until cancelled; see `Node.follow`."""
    async with _service(path) as service:
        following = await service.follow(address)
        click.echo(f"Following {address}")
        await following


async def stay_in_touch(path: Path) -> None:
    """Keep the vault at `path` in sync with its other devices until cancelled, without listening."""
    if identity_for(path) is None:
        raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`, or give an address.")
    async with _service(path, listens=False) as service:
        click.echo("Following the devices of this vault")
        await service.run()


@asynccontextmanager
async def _service(path: Path, *, listens: bool = True) -> AsyncIterator[PeerService]:
    async with OpenVault(path) as vault:
        device = await vault.run(lambda open_: open_.device)
        listener = Listener(
            serving=lambda address: click.echo(f"Serving {quoted(device)} at {address}"),
            in_sync=say_in_sync,
            left=say_left,
        )
        async with PeerService(vault, listener, listens=listens) as service:
            yield service


def say_in_sync(status: PeerStatus) -> None:
    """Print that a peer is in sync."""
    click.echo(f"In sync with {quoted(status.device)}")


def say_left(status: PeerStatus) -> None:
    """Print that a peer disconnected, and how many changes were exchanged."""
    received, sent = counted(status.received, "change"), counted(status.delivered, "change")
    click.echo(f"{quoted(status.device)} disconnected: {received} received, {sent} sent")
