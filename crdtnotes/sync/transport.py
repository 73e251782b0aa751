"""Websockets, as crdtnotes uses them: all options in one place, dialling, listening."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Hello
from crdtnotes.errors import DecodeError, LocalError, Unreachable, VersionMismatch
from crdtnotes.sync.address import Address
from crdtnotes.sync.lobby import Lobby

Connection = ClientConnection | ServerConnection

SUBPROTOCOL = Subprotocol("crdtnotes")

CLOSE_SECONDS = 2.0

_log = logging.getLogger("crdtnotes.sync.websockets")

_OPTIONS: dict[str, Any] = {
    "subprotocols": [SUBPROTOCOL],
    # A compressed frame can blow up in memory before anybody looks at it; Changes are compressed by us.
    "compression": None,
    "max_size": messages.MAX_STRANGER_FRAME_BYTES,
    # Frames that websockets holds before it stops reading from the socket; the inbox holds more, by bytes.
    "max_queue": 4,
    "open_timeout": 10,
    "ping_interval": 20,
    "ping_timeout": 20,
    "close_timeout": CLOSE_SECONDS,
    "logger": _log,
}


class _LostTransport(asyncio.Transport):
    """Takes the place of a transport whose connection is lost.

    websockets may still `abort` it, which raises AttributeError in CPython (3.11 to 3.13 at least) when
    the connection was lost while the transport, told to close, was emptying its buffer.
    """

    def __init__(self, lost: asyncio.BaseTransport) -> None:
        super().__init__()
        self._lost = lost

    def abort(self) -> None:
        """Do nothing."""

    def is_closing(self) -> bool:
        return True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._lost.get_extra_info(name, default)


class DialledConnection(ClientConnection):
    """A connection to a peer that listens."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        super().connection_lost(exc)
        self.transport = _LostTransport(self.transport)


def trust(connection: Connection) -> None:
    """Let the peer send large frames: its Hello has been accepted.

    websockets reads this limit at the start of each frame, so it can be raised on a living connection;
    it has no call for that (tests/sync/test_transport.py holds it to this).
    """
    connection.protocol.max_message_size = messages.MAX_FRAME_BYTES


async def dial(address: Address) -> ClientConnection:
    """Return an open connection to the peer at `address`; raises Unreachable."""
    refusal: OSError | None = None
    for host in address.hosts:
        try:
            # host and port are given apart from the URI, so that a redirect cannot lead off this machine.
            connection = await connect(
                str(address),
                host=host,
                port=address.port,
                proxy=None,
                user_agent_header=None,
                create_connection=DialledConnection,
                **_OPTIONS,
            )
        except TimeoutError:
            raise Unreachable(f"The peer at {address} does not answer.") from None
        except OSError as error:
            refusal = error
        except (WebSocketException, ValueError, EOFError):
            raise Unreachable(f"What listens at {address} is not a crdtnotes peer.") from None
        else:
            if connection.subprotocol == SUBPROTOCOL:
                return connection
            await connection.close()
            raise Unreachable(f"What listens at {address} is not a crdtnotes peer.")
    reason = f" ({refusal.strerror})" if refusal is not None and refusal.strerror else ""
    raise Unreachable(f"No peer listens at {address}{reason}.")


async def listen(
    handler: Callable[[ServerConnection], Awaitable[None]], address: Address, lobby: Lobby
) -> tuple[Server, Address]:
    """Listen for peers; returns the server and the address with the port it got.

    Raises LocalError if the port is taken. Each connection goes through `lobby` from its first byte on;
    the handler admits it.
    """

    class Guest(ServerConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            lobby.enter(self, host_of(self), self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            lobby.leave(self)
            super().connection_lost(exc)
            self.transport = _LostTransport(self.transport)

    host = address.hosts[0]
    try:
        server = await serve(
            handler,
            host,
            address.port,
            # A web page in a browser can reach loopback too, and cannot help sending its origin.
            origins=[None],
            server_header=None,
            create_connection=Guest,
            **_OPTIONS,
        )
    except OSError as error:
        raise LocalError(f"Peers cannot be served at {address} ({error.strerror}).") from None
    port = next(iter(server.sockets)).getsockname()[1]
    return server, Address(host, port)


async def peek(address: Address, *, seconds: float = 10.0) -> Hello:
    """Return the Hello of the peer at `address` and hang up: what `clone` must know before it has a replica.

    Raises Unreachable, or VersionMismatch for a peer of another protocol.
    """
    connection = await dial(address)
    try:
        async with asyncio.timeout(seconds):
            frame = await connection.recv(decode=False)
        message = messages.decode(frame)
    except (TimeoutError, ConnectionClosed):
        raise Unreachable(f"The peer at {address} does not answer.") from None
    except DecodeError:
        range_ = messages.protocol_range(frame)
        if range_ is not None and range_[0] > messages.NEWEST_PROTOCOL:
            raise VersionMismatch(
                f"The peer at {address} speaks a newer sync protocol; this crdtnotes needs an update."
            ) from None
        raise Unreachable(f"What listens at {address} is not a crdtnotes peer.") from None
    finally:
        await connection.close()
    if isinstance(message, Bye):
        raise Unreachable(f"The peer says: {message.sentence}")
    if not isinstance(message, Hello):
        raise Unreachable(f"What listens at {address} is not a crdtnotes peer.")
    return message


def host_of(connection: Connection) -> str:
    """Return the host that the connection comes from or goes to."""
    address = connection.remote_address
    return str(address[0]) if address else ""
