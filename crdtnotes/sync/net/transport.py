"""Websockets as crdtnotes uses them: all options in one place, dialling, listening."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Collection
from errno import EADDRINUSE
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Hello
from crdtnotes.errors import (
    DecodeError,
    LocalError,
    NotAMember,
    NotLetIn,
    PortTaken,
    Unreachable,
    VersionMismatch,
)
from crdtnotes.sync.net.account_key import account_key
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.admission import Admission
from crdtnotes.sync.net.recognition import prove_to_listener, recognise_dialler
from crdtnotes.sync.net.tls import Listening, device_shown

Connection = ClientConnection | ServerConnection

SUBPROTOCOL = Subprotocol("crdtnotes")

CLOSE_SECONDS = 2.0

HANDSHAKE_SECONDS = 10.0

_log = logging.getLogger("crdtnotes.sync.websockets")
_doorkeeper = logging.getLogger("crdtnotes.sync")

_OPTIONS: dict[str, Any] = {
    "subprotocols": [SUBPROTOCOL],
    # A compressed frame can expand to a huge size before it is checked; we compress Changes ourselves.
    "compression": None,
    "max_size": messages.MAX_STRANGER_FRAME_BYTES,
    # Frames that websockets queues before it stops reading from the socket; the inbox queues more, by bytes.
    "max_queue": 4,
    "open_timeout": 10,
    "ping_interval": 20,
    "ping_timeout": 20,
    "close_timeout": CLOSE_SECONDS,
    "logger": _log,
}


class _LostTransport(asyncio.Transport):
    """Replaces a transport whose connection is lost.

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


def allow_large_frames(connection: Connection) -> None:
    """Let the peer send large frames: its Hello has been accepted.

    websockets reads this limit at the start of each frame, so it can be raised on an open connection.
    websockets has no function for that (tests/sync/net/test_transport.py checks that this keeps working).
    """
    connection.protocol.max_message_size = messages.MAX_FRAME_BYTES


async def dial(
    address: Address, context: ssl.SSLContext | None = None, devices: Collection[bytes] = ()
) -> ClientConnection:
    """Return an open connection to the peer at `address`; raises Unreachable.

    For a secure address, give the TLS `context` and the ids of the acceptable devices: raises NotAMember if
    another device answers. At any other address, raises NotAMember if the program there does not prove that
    it runs for this user, and LocalError without this user's key (`account_key`).
    """
    if address.secure and context is None:
        raise LocalError("wss:// needs a vault that is paired with other devices: see `crdtnotes pair`.")
    key = b"" if address.secure else account_key()
    refusal: OSError | None = None
    for host in address.hosts:
        try:
            # host and port are given besides the URI, so that a redirect cannot lead elsewhere.
            connection = await connect(
                str(address),
                host=host,
                port=address.port,
                proxy=None,
                user_agent_header=None,
                create_connection=DialledConnection,
                ssl=context if address.secure else None,
                **_OPTIONS,
            )
        except TimeoutError:
            raise Unreachable(f"The peer at {address} does not answer.") from None
        except ssl.SSLError:
            raise NotAMember(f"The device at {address} is not the expected one.") from None
        except OSError as error:
            refusal = error
        except (WebSocketException, ValueError, EOFError):
            if address.secure:
                raise _not_let_in(address) from None
            raise Unreachable(f"The program at {address} is not a crdtnotes peer.") from None
        else:
            if address.secure and device_of(connection) not in devices:
                connection.transport.abort()
                raise NotAMember(f"The device at {address} is not the expected one.")
            if connection.subprotocol != SUBPROTOCOL:
                await connection.close()
                raise Unreachable(f"The program at {address} is not a crdtnotes peer.")
            if not address.secure:
                await _prove(connection, key, address)
            return connection
    if address.secure and isinstance(refusal, ConnectionResetError | BrokenPipeError):
        # In TLS 1.3 a listener's refusal of our certificate shows up here in this way.
        raise _not_let_in(address)
    reason = f" ({refusal.strerror})" if refusal is not None and refusal.strerror else ""
    raise Unreachable(f"No peer listens at {address}{reason}.")


async def _prove(connection: ClientConnection, key: bytes, address: Address) -> None:
    proven = False
    try:
        await prove_to_listener(connection, key, str(address))
        proven = True
    finally:
        if not proven:
            await connection.close()


def _not_let_in(address: Address) -> NotLetIn:
    return NotLetIn(f"The peer at {address} does not let this device in.")


def device_of(connection: Connection) -> bytes | None:
    """Return the id of the device at the other end, as proven by TLS; None without TLS."""
    return device_shown(connection.transport.get_extra_info("ssl_object"))


async def listen(
    handler: Callable[[ServerConnection], Awaitable[None]],
    address: Address,
    admission: Admission,
    listening: Listening | None = None,
) -> tuple[Server, Address]:
    """Listen for peers; returns the server and the address with the port it got.

    A secure address needs `listening`: then only the devices that it trusts may connect, over TLS. At any
    other address, only programs of this user may; raises LocalError without this user's key. Raises
    PortTaken, or LocalError if there is no such host. Each connection is registered with `admission` before
    its first byte is read; the handler admits it.
    """

    class Guest(ServerConnection):
        _securing: asyncio.Task[None] | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if not isinstance(transport, asyncio.Transport):
                raise TypeError("a stream transport was expected")
            host = str(transport.get_extra_info("peername", ("",))[0])
            admission.enter(self, host, transport.abort)
            if listening is None:
                super().connection_made(transport)
            else:
                self._securing = self.loop.create_task(self._secure(transport, host, listening))

        async def _secure(self, transport: asyncio.Transport, host: str, trusted: Listening) -> None:
            """Start TLS, and go on only if the other side has shown the certificate of a member.

            This is done here and not by the server's own `ssl`, so that connections are counted and can be
            dropped from their first byte on, and that each refusal is logged.
            """
            secure: asyncio.Transport | None = None
            try:
                secure = await self.loop.start_tls(
                    transport,
                    self,
                    trusted.context,
                    server_side=True,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                    ssl_shutdown_timeout=CLOSE_SECONDS,
                )
            except ssl.SSLError as error:
                why = "it shows no certificate of a device of this vault"
                if error.reason and "CERT" not in error.reason:
                    why = "it does not speak TLS 1.3"
                _doorkeeper.warning("refused %s: %s", host, why)
            except OSError as error:
                _doorkeeper.debug("%s disconnected before it sent anything: %s", host, error)
            if secure is not None and not trusted.knows(device_shown(secure.get_extra_info("ssl_object"))):
                _doorkeeper.warning("refused %s: its certificate is not that of a device of this vault", host)
                secure.abort()
                secure = None
            if secure is None:
                admission.leave(self)
                transport.abort()
            else:
                super().connection_made(secure)

        def connection_lost(self, exc: Exception | None) -> None:
            admission.leave(self)
            if self._securing is not None and not hasattr(self, "transport"):
                return  # websockets has not seen this connection yet
            super().connection_lost(exc)
            self.transport = _LostTransport(self.transport)

    host = address.hosts[0]
    guarded = handler if address.secure else _for_this_user(handler, account_key())
    try:
        server = await serve(
            guarded,
            host,
            address.port,
            # A web page in a browser can reach loopback too, but it always sends its origin.
            origins=[None],
            server_header=None,
            create_connection=Guest,
            **_OPTIONS,
        )
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise PortTaken(
                f"Cannot listen at {address}: another program uses that port; leave the port out to take a "
                "free one."
            ) from None
        raise LocalError(f"Cannot listen at {address} ({error.strerror}).") from None
    port = next(iter(server.sockets)).getsockname()[1]
    return server, Address(host, port, address.secure)


def _for_this_user(
    handler: Callable[[ServerConnection], Awaitable[None]], key: bytes
) -> Callable[[ServerConnection], Awaitable[None]]:
    """Return a handler that passes on the connections of this user's programs, and closes others."""

    async def meet(connection: ServerConnection) -> None:
        if await recognise_dialler(connection, key):
            await handler(connection)
        else:
            await connection.close(CloseCode.POLICY_VIOLATION)

    return meet


async def free_port() -> int:
    """Return a port that is free at the moment on all addresses of this machine."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "0.0.0.0", 0)  # noqa: S104
    async with server:
        return int(server.sockets[0].getsockname()[1])


async def peek(address: Address, *, seconds: float = 10.0) -> Hello:
    """Return the Hello of the peer at `address` and hang up: `clone` needs it before it has a replica.

    Raises Unreachable, VersionMismatch for a peer of another protocol, and the errors of `dial`.
    """
    connection = await dial(address)
    try:
        async with asyncio.timeout(seconds):
            frame = await connection.recv(decode=False)
        message = messages.decode(frame)
    except (TimeoutError, ConnectionClosed):
        raise Unreachable(f"The peer at {address} does not answer.") from None
    except DecodeError:
        oldest, newest = messages.protocol_range(frame) or (
            messages.NEWEST_PROTOCOL,
            messages.NEWEST_PROTOCOL,
        )
        if oldest > messages.NEWEST_PROTOCOL:
            raise VersionMismatch(
                f"The peer at {address} speaks a newer sync protocol; this crdtnotes needs an update."
            ) from None
        if newest < messages.OLDEST_PROTOCOL:
            raise VersionMismatch(
                f"The peer at {address} speaks an older sync protocol; its crdtnotes needs an update."
            ) from None
        raise Unreachable(f"The program at {address} is not a crdtnotes peer.") from None
    finally:
        await connection.close()
    if isinstance(message, Bye):
        raise Unreachable(f"The peer says: {message.sentence}")
    if not isinstance(message, Hello):
        raise Unreachable(f"The program at {address} is not a crdtnotes peer.")
    return message


def host_of(connection: Connection) -> str:
    """Return the host that the connection comes from or goes to."""
    address = connection.remote_address
    return str(address[0]) if address else ""


def port_of(connection: Connection) -> int | None:
    """Return the port that the connection comes from or goes to."""
    address = connection.remote_address
    return int(address[1]) if address else None
