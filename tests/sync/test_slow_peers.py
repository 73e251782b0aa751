"""Peers that are slow, silent or never read: an honest peer still syncs, and they are dropped in time."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes import messages
from crdtnotes.sync.net import transport
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.conversation import Deadlines
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.running import Peer, peer, rest, run, stranger

IDLE = 500
HELLO = messages.encode(messages.hello(VAULT, "slow", {}))
ACK = messages.encode(messages.ack(0, {}))
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: crdtnotes\r\n\r\n"
)

enough_descriptors = pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2 * IDLE, reason="too few file descriptors are allowed"
)


@contextlib.asynccontextmanager
async def plain_socket(address: Address) -> AsyncIterator[socket.socket]:
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
        yield sock


async def dribble(send: Callable[[bytes], object], data: bytes) -> None:
    """Send byte by byte, one at each turn of the loop: no byte is late, but the whole frame never arrives."""
    for at in range(len(data)):
        send(data[at : at + 1])
        await asyncio.sleep(0)


async def is_closed(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(sock, 65536):
            pass


async def honest_peer_syncs(a: Peer, address: Address) -> None:
    async with peer(2, 5) as b:
        await b.node.sync_once(address)
        assert set(a.replica.payloads()) == set(b.replica.payloads())


@enough_descriptors
def test_idle_sockets_at_every_stage() -> None:
    """Sockets that send nothing, half a handshake, a handshake and no Hello, half a Hello."""

    async def main() -> None:
        async with peer(1, 50) as a, contextlib.AsyncExitStack() as stack:
            address = await a.node.serve("127.0.0.1", 0)
            for number in range(IDLE):
                sock = await stack.enter_async_context(plain_socket(address))
                said = (b"", REQUEST[:40], REQUEST, REQUEST + b"\x82\xfe")[number % 4]
                await asyncio.get_running_loop().sock_sendall(sock, said)
                if number % 125 == 60:
                    await honest_peer_syncs(a, address)
            await honest_peer_syncs(a, address)
            assert len(a.node._admission) < 40

    run(main())


def test_a_hello_sent_byte_by_byte_times_out() -> None:
    async def main() -> None:
        async with peer(1, 5, deadlines=Deadlines(hello=0.05)) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with plain_socket(address) as sock:
                await asyncio.get_running_loop().sock_sendall(sock, REQUEST)
                # The beginning of a frame of 64 bytes, and then a part of it.
                await dribble(sock.send, b"\x82\xc0\0\0\0\0" + HELLO[:20])
                await honest_peer_syncs(a, address)
                await is_closed(sock)

    run(main())


def test_an_endless_handshake_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transport._OPTIONS, "open_timeout", 0.1)

    async def main() -> None:
        async with peer(1, 5) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with plain_socket(address) as sock:
                await dribble(sock.send, REQUEST[:-2])
                await is_closed(sock)

    run(main())


async def greeted(connection: ClientConnection) -> None:
    for frame in (HELLO, ACK):
        await connection.send(frame)
    for _ in range(2):
        await connection.recv()


def test_an_endless_frame_is_cut_off_by_the_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer cannot answer a ping inside a frame: one that takes longer than the heartbeat is dropped."""
    monkeypatch.setitem(transport._OPTIONS, "ping_interval", 0.1)
    monkeypatch.setitem(transport._OPTIONS, "ping_timeout", 0.1)

    async def main() -> None:
        async with peer(1) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with stranger(address) as connection:
                await greeted(connection)
                # A frame of 1 MiB is announced, and a few bytes of it come.
                await dribble(
                    connection.transport.write, b"\x82\xff" + (1 << 20).to_bytes(8, "big") + bytes(9)
                )
                await honest_peer_syncs(a, address)
                await a.until(lambda: not a.node.peers)
                with contextlib.suppress(ConnectionClosed):
                    await rest(connection)

    run(main())


def test_a_peer_that_never_reads_blocks_nobody() -> None:
    async def main() -> None:
        async with peer(1, 4000, size=4000) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with stranger(address) as connection:
                await greeted(connection)
                connection.transport.pause_reading()
                await a.until(lambda: bool(a.node.peers))
                async with peer(2, 5) as b:
                    await b.node.sync_once(address)
                    assert a.replica.payloads() == b.replica.payloads()
                connection.transport.abort()

    run(main())


def test_the_queue_for_a_slow_replica_is_bounded() -> None:
    """A peer that sends faster than the replica can store is read only at the speed of storing."""

    async def main() -> None:
        source = FakeReplica(9)
        for _ in range(600):
            source.write(bytes(20_000))
        async with peer(1) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with stranger(address) as connection:
                await greeted(connection)
                sizes = []
                for batch in source.changes_since({}):
                    await connection.send(messages.encode(messages.Changes(len(batch), batch)))
                    sizes += [c._inbox._size for c in a.node._running]
                await a.has(source)
                connection.transport.abort()
            assert max(sizes) < 6 * 1024 * 1024

    run(main())
