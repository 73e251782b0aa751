"""Nodes on real loopback sockets, and helpers to wait for their effects."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes import messages
from crdtnotes.sync.net.account_key import account_key
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.recognition import prove_to_listener
from crdtnotes.sync.net.transport import SUBPROTOCOL, DialledConnection
from crdtnotes.sync.peers.conversation import Deadlines
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import PeerStatus
from tests.sync.fake import VAULT, FakeReplica

T = TypeVar("T")

TIMEOUT_SECONDS = 30
"""Seconds after which a test has failed; no test normally takes this long."""


def run(main: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await main

    return asyncio.run(bounded())


class Peer:
    """A node with its replica in memory."""

    def __init__(self, replica: FakeReplica, deadlines: Deadlines | None = None) -> None:
        self.replica = replica
        self.statuses: list[PeerStatus] = []
        self._moved = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        replica.committed = self._committed
        self.node = Node(
            lambda: replica,
            random=lambda: 0.5,
            report=self._report,
            met=self._moved.set,
            deadlines=deadlines,
            first_retry=0.01,
        )

    def _committed(self) -> None:
        self._loop.call_soon_threadsafe(self._moved.set)

    def _report(self, status: PeerStatus) -> None:
        self.statuses.append(status)
        self._moved.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a commit or a report makes the condition true."""
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    async def has(self, other: FakeReplica) -> None:
        """Wait until this replica has everything that the other has now."""
        entries = set(other.payloads())
        await self.until(lambda: entries <= set(self.replica.payloads()))

    async def write(self, payload: bytes = b"x") -> None:
        """Commit a change on the replica's thread."""
        await self.node.run(lambda: self.replica.write(payload))


@contextlib.asynccontextmanager
async def peer(
    actor: int, changes: int = 0, *, size: int = 1, vault: bytes = VAULT, deadlines: Deadlines | None = None
) -> AsyncIterator[Peer]:
    replica = FakeReplica(actor, vault=vault, device=f"device {actor}")
    random = Random(actor)
    for _ in range(changes):
        replica.write(random.randbytes(size))
    made = Peer(replica, deadlines)
    async with made.node:
        yield made
    assert replica.closed


@contextlib.asynccontextmanager
async def following(node: Node, address: Address) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(node.follow(address))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def outsider(address: Address) -> connect:
    """A websocket of a program that has not proven for which user it runs."""
    return connect(
        str(address),
        subprotocols=[SUBPROTOCOL],
        compression=None,
        proxy=None,
        create_connection=DialledConnection,
    )


@contextlib.asynccontextmanager
async def stranger(address: Address) -> AsyncIterator[ClientConnection]:
    """A websocket of a program of this user, over which a test sends its own frames."""
    async with outsider(address) as connection:
        await prove_to_listener(connection, account_key(), str(address))
        yield connection


async def rest(connection: ClientConnection) -> list[messages.Message]:
    """Return the messages that come until the other side closes."""
    received = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            received.append(messages.decode(await connection.recv(decode=False)))
    return received


async def last_message(connection: ClientConnection) -> messages.Message:
    """Return the last message before the other side closes."""
    return (await rest(connection))[-1]
