import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Origin, Subprotocol

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Reason
from crdtnotes.errors import Unreachable, VersionMismatch
from crdtnotes.sync.net.account_key import account_key
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.admission import Admission
from crdtnotes.sync.net.recognition import prove_to_listener, recognise_dialler
from crdtnotes.sync.net.transport import SUBPROTOCOL, Connection, allow_large_frames, dial, listen, peek
from tests.sync.fake import VAULT
from tests.sync.running import peer, run

ANYWHERE = Address("127.0.0.1", 0)


def admission() -> Admission:
    return Admission(waiting=10, waiting_per_host=10, total=10)


@asynccontextmanager
async def linked(accepted: asyncio.Queue[ServerConnection]) -> AsyncIterator[Address]:
    """Listen, put each connection into the queue and keep it open."""

    async def handler(connection: ServerConnection) -> None:
        await accepted.put(connection)
        await connection.wait_closed()

    server, address = await listen(handler, ANYWHERE, admission())
    async with server:
        yield address


def test_the_frame_limit_can_be_raised_on_an_open_connection() -> None:
    """websockets has no function for this: `allow_large_frames` relies on the behaviour tested here."""

    async def main() -> None:
        accepted: asyncio.Queue[ServerConnection] = asyncio.Queue()
        small, large = bytes(messages.MAX_STRANGER_FRAME_BYTES), bytes(messages.MAX_FRAME_BYTES)
        async with linked(accepted) as address, await dial(address) as client:
            server = await accepted.get()
            pairs: list[tuple[Connection, Connection]] = [(client, server), (server, client)]
            for sender, receiver in pairs:
                await asyncio.gather(sender.send(small), receiver.recv())
                allow_large_frames(receiver)
                _, got = await asyncio.gather(sender.send(large), receiver.recv(decode=False))
                assert len(got) == len(large)

    run(main())


def test_a_stranger_may_send_only_small_frames() -> None:
    async def main() -> None:
        accepted: asyncio.Queue[ServerConnection] = asyncio.Queue()
        async with linked(accepted) as address, await dial(address) as client:
            server = await accepted.get()
            await client.send(bytes(messages.MAX_STRANGER_FRAME_BYTES + 1))
            with pytest.raises(ConnectionClosed):
                await server.recv()
            close = server.protocol.close_sent
            assert close is not None
            assert close.code == CloseCode.MESSAGE_TOO_BIG

    run(main())


def test_nothing_is_compressed_by_the_transport() -> None:
    async def main() -> None:
        accepted: asyncio.Queue[ServerConnection] = asyncio.Queue()
        async with (
            linked(accepted) as address,
            connect(str(address), subprotocols=[SUBPROTOCOL], proxy=None) as client,
        ):
            assert client.protocol.extensions == []
            await prove_to_listener(client, account_key(), str(address))
            assert (await accepted.get()).protocol.extensions == []

    run(main())


def test_a_web_page_is_refused() -> None:
    """A page in a browser can open ws://127.0.0.1, and would get all notes."""

    async def main() -> None:
        async with peer(1, 3) as a:
            address = await a.node.serve("127.0.0.1", 0)
            for origin in ("https://example.org", "null", f"http://{address.host}:{address.port}"):
                with pytest.raises(InvalidStatus):
                    await connect(str(address), subprotocols=[SUBPROTOCOL], origin=Origin(origin), proxy=None)

    run(main())


def test_a_client_without_our_subprotocol_is_refused() -> None:
    async def main() -> None:
        async with peer(1, 3) as a:
            address = await a.node.serve("127.0.0.1", 0)
            with pytest.raises(InvalidStatus):
                await connect(str(address), proxy=None)
            with pytest.raises(InvalidStatus):
                await connect(str(address), subprotocols=[Subprotocol("chat")], proxy=None)

    run(main())


async def _somebody_else(connection: ServerConnection) -> None:
    await connection.wait_closed()


def _redirect(connection: ServerConnection, request: Request) -> Response:
    response = connection.respond(302, "Go elsewhere.")
    response.headers["Location"] = "ws://192.0.2.1:80/"
    return response


def test_other_websocket_servers_are_not_peers() -> None:
    async def main() -> None:
        async with serve(_somebody_else, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="is not a crdtnotes peer"):
                await dial(Address("127.0.0.1", port))

    run(main())


def test_a_redirect_does_not_lead_off_this_machine() -> None:
    async def main() -> None:
        async with serve(_somebody_else, "127.0.0.1", 0, process_request=_redirect) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="is not a crdtnotes peer"):
                await dial(Address("127.0.0.1", port))

    run(main())


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff\r\n\r\n", b""])
def test_other_servers_are_not_peers(answer: bytes) -> None:
    async def main() -> None:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="is not a crdtnotes peer"):
                await dial(Address("127.0.0.1", port))

    run(main())


def test_localhost_is_dialled_on_both_families() -> None:
    async def main() -> None:
        async with peer(1) as a:
            address = await a.node.serve("localhost", 0)
            connection = await dial(Address("localhost", address.port))
            await connection.close()

    run(main())


def test_peek_returns_the_hello_of_a_peer() -> None:
    async def main() -> None:
        async with peer(1, 3) as a:
            hello = await peek(await a.node.serve("127.0.0.1", 0))
            assert (hello.vault, hello.device) == (VAULT, "device 1")
            assert hello.version == {1: 3}
        assert not a.node.refused

    run(main())


@pytest.mark.parametrize(
    ("frame", "error", "sentence"),
    [
        (b"nonsense", Unreachable, "is not a crdtnotes peer"),
        (messages.encode(messages.ack(0, {})), Unreachable, "is not a crdtnotes peer"),
        (messages.encode(messages.bye(Reason.TROUBLE, "Not now.")), Unreachable, "says: Not now"),
        (b"\x94\x01\x05\x06\xc0", VersionMismatch, "newer sync protocol"),
        (b"\x94\x01\x01\x01\xc0", VersionMismatch, "older sync protocol"),
        (None, Unreachable, "does not answer"),
    ],
)
def test_peek_at_something_else(frame: bytes | None, error: type[Exception], sentence: str) -> None:
    async def handler(connection: ServerConnection) -> None:
        assert await recognise_dialler(connection, account_key())
        if frame is not None:
            await connection.send(frame)
            await connection.wait_closed()

    async def main() -> None:
        async with serve(handler, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(error, match=sentence):
                await peek(Address("127.0.0.1", port))

    run(main())
