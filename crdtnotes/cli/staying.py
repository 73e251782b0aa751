"""Serving and following: what runs until it is told to end."""

import asyncio
import logging
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from crdtnotes.cli.dialling import OwnReplica
from crdtnotes.cli.output import counted, quoted
from crdtnotes.errors import CrdtnotesError, NotPaired
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.conversation import PeerStatus
from crdtnotes.sync.peers.dialer import Dialer, identity_for
from crdtnotes.sync.peers.network_watch import best_address
from crdtnotes.sync.peers.node import Node
from crdtnotes.trust.identity import Identity

_log = logging.getLogger("crdtnotes.cli")


PLAIN_HOST = "127.0.0.1"

_LOOK_SECONDS = 1.0
# How often a server that is plain because nothing was paired looks whether that has changed.


async def stay_and_serve(path: Path, host: str | None, port: int | None, *, plain: bool) -> None:
    """Serve the replica at `path` until cancelled; its first line on stdout names the address.

    In mutual TLS, and staying in touch with the vault's other devices; in the clear and on this machine
    only if `plain`, or as long as the vault was never paired with any device. For the port see `Node.serve`.
    """
    while plain or (identity := identity_for(path)) is None:
        async with Company(path, None) as company:
            bound = await company.node.serve(PLAIN_HOST if host is None else host, port)
            click.echo(f"Serving {quoted(company.own.device)} at {bound}")
            await company.until_paired(forever=plain)
        port = bound.port
    async with Company(path, None, identity) as company:
        bound = await company.node.serve_members(host or "", port)
        shown = bound if bound.host else Address(best_address(), bound.port, secure=True)
        click.echo(f"Serving {quoted(company.own.device)} at {shown}")
        await company.reach(identity, bound.port).run()


async def stay_and_follow(path: Path, address: Address) -> None:
    """Keep the replica at `path` in sync with the peer at `address` until cancelled; see `Node.follow`."""
    async with Company(path, address, identity_for(path) if address.secure else None) as company:
        click.echo(f"Following {address}")
        await company.node.follow(address)


async def stay_in_touch(path: Path) -> None:
    """Keep the replica at `path` in sync with the vault's other devices until cancelled, without
    listening.
    """
    identity = identity_for(path)
    if identity is None:
        raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`, or give an address.")
    async with Company(path, None, identity) as company:
        click.echo("Following the devices of this vault")
        await company.reach(identity, None).run()


class Company:
    """A node and its peers: says on stdout who comes and goes, and remembers whom it was in step with.

    `address` is where the peers are dialled, None if they come by themselves.
    """

    def __init__(self, path: Path, address: Address | None, identity: Identity | None = None) -> None:
        self.own = OwnReplica(path)
        self.node = Node(self.own.open, path=path, report=self._notice, identity=identity)
        self._address = address
        self._met: set[tuple[str, str]] = set()
        self._leaving = False
        self._remembering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.node.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._leaving = True
            for _, device in self._met:
                self._remember(device)
            if self._remembering:
                await asyncio.wait(self._remembering)
        finally:
            await self.node.__aexit__(kind, error, traceback)

    def reach(self, identity: Identity, port: int | None) -> Dialer:
        """Return what keeps the node in touch with the vault's devices; `port` is announced."""
        replica = self.own.replica
        members = replica.members
        return Dialer(
            self.node, replica.vault_id, identity.id, members.addresses, named=members.name, port=port
        )

    async def until_paired(self, *, forever: bool) -> None:
        """Wait until the vault is paired with a device, or for ever."""
        members = self.own.replica.members
        while forever or await self.node.run(lambda: members.root) is None:
            await asyncio.sleep(_LOOK_SECONDS)

    def _notice(self, status: PeerStatus) -> None:
        if self._leaving:
            return  # what leaves now leaves because of us, and the replica is being closed
        peer = (status.host, status.device)
        if status.caught_up and status.connected and peer not in self._met:
            self._met.add(peer)
            click.echo(f"In sync with {quoted(status.device)}")
            self._remember(status.device, _dialled(status))
        elif status.caught_up and not status.connected:
            if any((one.host, one.device) == peer for one in self.node.peers):
                # Two devices that have dialled each other give up one of the connections.
                return
            self._met.discard(peer)
            received, sent = counted(status.received, "change"), counted(status.delivered, "change")
            click.echo(f"{quoted(status.device)} disconnected: {received} received, {sent} sent")
            self._remember(status.device, _dialled(status))

    def _remember(self, device: str, dialled: Address | None = None) -> None:
        task = asyncio.create_task(self._remembered(device, self._address or dialled))
        self._remembering.add(task)
        task.add_done_callback(self._remembering.discard)

    async def _remembered(self, device: str, address: Address | None) -> None:
        try:
            await self.own.remember(self.node, device, address)
        except CrdtnotesError as error:
            # The notes are safe; only the list of peers lacks a line.
            _log.warning("%s", error)


def _dialled(status: PeerStatus) -> Address | None:
    """Return where a device of the vault was dialled, None if it came by itself."""
    if status.id is None or status.dialled_port is None:
        return None
    return Address(status.host, status.dialled_port, secure=True)
