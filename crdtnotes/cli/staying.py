"""Serving and following: what runs until it is told to end."""

import asyncio
import logging
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from crdtnotes.cli.dialling import OwnReplica
from crdtnotes.cli.output import counted, quoted
from crdtnotes.errors import CrdtnotesError
from crdtnotes.sync.address import Address
from crdtnotes.sync.conversation import PeerStatus
from crdtnotes.sync.node import Node

_log = logging.getLogger("crdtnotes.cli")


async def stay_and_serve(path: Path, address: Address) -> None:
    """Serve the replica at `path` until cancelled; its first line on stdout names the address."""
    async with Company(path, None) as company:
        bound = await company.node.serve(address.host, address.port)
        click.echo(f"Serving {quoted(company.own.device)} at {bound}")
        await asyncio.Event().wait()


async def stay_and_follow(path: Path, address: Address) -> None:
    """Keep the replica at `path` in sync with the peer at `address` until cancelled; see `Node.follow`."""
    async with Company(path, address) as company:
        click.echo(f"Following {address}")
        await company.node.follow(address)


class Company:
    """A node and its peers: says on stdout who comes and goes, and remembers whom it was in step with.

    `address` is where the peers are dialled, None if they come by themselves.
    """

    def __init__(self, path: Path, address: Address | None) -> None:
        self.own = OwnReplica(path)
        self.node = Node(self.own.open, path=path, report=self._notice)
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

    def _notice(self, status: PeerStatus) -> None:
        if self._leaving:
            return  # what leaves now leaves because of us, and the replica is being closed
        peer = (status.host, status.device)
        if status.caught_up and status.connected and peer not in self._met:
            self._met.add(peer)
            click.echo(f"In step with {quoted(status.device)}")
            self._remember(status.device)
        elif status.caught_up and not status.connected:
            self._met.discard(peer)
            received, sent = counted(status.received, "change"), counted(status.delivered, "change")
            click.echo(f"{quoted(status.device)} has left: {received} received, {sent} sent")
            self._remember(status.device)

    def _remember(self, device: str) -> None:
        task = asyncio.create_task(self._remembered(device))
        self._remembering.add(task)
        task.add_done_callback(self._remembering.discard)

    async def _remembered(self, device: str) -> None:
        try:
            await self.own.remember(self.node, device, self._address)
        except CrdtnotesError as error:
            # The notes are safe; only the list of peers lacks a line.
            _log.warning("%s", error)
