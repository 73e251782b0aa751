"""Pairing over the network: the host's listener, and a joiner that finds it.

The frames of `crdtnotes.trust.pairing` are sent over TLS, each preceded by its length in four bytes. The
listener is separate from the sync listener, which admits no device whose certificate is not known yet.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from crdtnotes.errors import (
    CrdtnotesError,
    DecodeError,
    LocalError,
    PairingFailed,
    ProtocolError,
    RemoteError,
    Unreachable,
)
from crdtnotes.sync.net.address import PAIRING_PORT, Address
from crdtnotes.sync.net.admission import Admission
from crdtnotes.sync.net.tls import joining_context, pairing_context
from crdtnotes.sync.net.transport import CLOSE_SECONDS, free_port
from crdtnotes.sync.peers.discovery import PAIRING, Discovery, Found
from crdtnotes.trust.code import Code
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.pairing import (
    MAX_FRAME_BYTES,
    MAX_WELCOME_BYTES,
    PairingHost,
    PairingJoiner,
    Stage,
    Welcome,
)

PAIRING_SECONDS = 300.0
"""How long a code is valid."""

STEP_SECONDS = 15.0
"""How long the other side may take for a frame; a person may take longer to answer."""

_WAITING = 32
_WAITING_PER_HOST = 16
_CONNECTIONS = 160
# A joiner goes through five stages: the TLS handshake, and the wait for each of its first four frames.

_log = logging.getLogger("crdtnotes.sync")

MAX_ANNOUNCED = 4
"""Addresses of an announcement that a joiner tries: anybody in the network can announce many."""

Ask = Callable[[str, bytes, str], Awaitable[bool]]
"""Called with a device's name, its id, and the digits that both devices show: asks the person whether to
admit it.
"""

AskJoiner = Callable[[str, str], Awaitable[bool]]
"""Called with the host's name and the digits that both devices show: asks the person whether to join it."""

Admit = Callable[[str, bytes], Awaitable[Welcome]]
"""Called with a device's name and certificate: makes it a member, and returns the Welcome to send it."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """The device that was paired."""

    id: bytes
    name: str


class PairingServer:
    """The side that shows a code: listens, and pairs with the device that knows the code."""

    def __init__(
        self, make: Callable[[], PairingHost], ask: Ask, admit: Admit, *, step: float = STEP_SECONDS
    ) -> None:
        """`make` returns the protocol's state for one connection."""
        self._make = make
        self._ask = ask
        self._admit = admit
        self._step = step
        self._admission = Admission(waiting=_WAITING, waiting_per_host=_WAITING_PER_HOST, total=_CONNECTIONS)
        self._result: asyncio.Future[NewDevice] = asyncio.get_running_loop().create_future()
        self._asking = asyncio.Lock()
        self._meeting: dict[asyncio.StreamReader, asyncio.Task[None]] = {}
        """The conversations in which nobody was asked yet."""

    @asynccontextmanager
    async def listening(
        self, identity: Identity, host: str = "", port: int = PAIRING_PORT
    ) -> AsyncIterator[int]:
        """Listen; yields the port. If `port` is taken, another one is used."""
        guest = partial(_Guest, self._welcome, self._admission, pairing_context(identity), self._step)
        start = partial(asyncio.get_running_loop().create_server, guest, host or None)
        try:
            server = await start(port)
        except OSError:
            try:
                server = await start(await free_port())
            except OSError as error:
                raise LocalError(f"Cannot open a port for pairing ({error.strerror}).") from None
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            self._admission.clear()
            for task in self._meeting.values():
                task.cancel()
            await asyncio.gather(*self._meeting.values(), return_exceptions=True)

    async def paired(self, seconds: float = PAIRING_SECONDS) -> NewDevice:
        """Wait for the device; raises PairingFailed if the code was used up or no device came in time."""
        try:
            return await asyncio.wait_for(self._result, seconds)
        except TimeoutError:
            raise PairingFailed("No device used the code in time; start again.") from None

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._meeting[reader] = task = asyncio.create_task(self._meet(reader, writer))
        task.add_done_callback(lambda _: self._meeting.pop(reader, None))

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _host_of(writer.transport)
        host = self._make()
        try:
            await self._converse(host, reader, writer, peer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            if host.stage is Stage.DONE:
                _log.warning("pairing: %s disconnected before it was done; give it the same code again", peer)
            else:
                _log.debug("pairing: %s disconnected", peer)
        except RemoteError as error:
            _log.warning("pairing: refused %s: %s", peer, error)
        except LocalError as error:
            # This device cannot admit any device.
            self._end(error)
        finally:
            if host.burnt:
                # Whoever made a wrong guess may be gone already: the guess counts all the same.
                _log.warning("pairing: %s was refused, and the code is no longer valid", peer)
                self._end(host.error or PairingFailed("The device was refused."))
            with suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _converse(
        self, host: PairingHost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        while not host.closed and not self._result.done():
            async with asyncio.timeout(self._step):
                host.receive(await read_frame(reader, MAX_FRAME_BYTES))
            self._admission.advance(reader)
            if host.stage is Stage.ASK:
                self._admission.admit(reader)
                self._meeting.pop(reader, None)
                if not await self._decide(host, reader) and not host.burnt:
                    _log.warning("pairing: %s disconnected while you were asked; the code stays valid", peer)
                    return
            async with asyncio.timeout(self._step):
                await _send(writer, host.data_to_send())
        if host.burnt:
            return
        if host.error is not None:
            _log.warning("pairing: refused %s: %s", peer, host.error)
        elif host.closed and not self._result.done():
            self._result.set_result(NewDevice(host.joiner, host.name))

    async def _decide(self, host: PairingHost, reader: asyncio.StreamReader) -> bool:
        """Ask the person, about one device at a time, and answer the device.

        Returns False if the device disconnected, or refused, before both persons had agreed.
        """
        async with self._asking:
            answer = False if self._result.done() else await self._answer(host, reader)
            if answer is None:
                return False
            if answer:
                welcome = await self._admit(host.name, host.certificate)
                host.accept(welcome.vault, welcome.root, welcome.records, welcome.port)
            else:
                host.decline()
            return True

    async def _answer(self, host: PairingHost, reader: asyncio.StreamReader) -> bool | None:
        """Return whether both persons agree; None if the device disconnects or refuses meanwhile."""
        agreed = asyncio.Event()

        async def both_agree() -> bool:
            return await self._ask(host.name, host.joiner, host.digits) and await agreed.wait()

        async def listen() -> None:
            with suppress(OSError, asyncio.IncompleteReadError, ProtocolError):
                while not host.closed:
                    host.receive(await read_frame(reader, MAX_FRAME_BYTES))
                    if host.agreed:
                        agreed.set()

        asking = asyncio.ensure_future(both_agree())
        leaving = asyncio.ensure_future(listen())
        try:
            await asyncio.wait([asking, leaving], return_when=asyncio.FIRST_COMPLETED)
            return None if leaving.done() else asking.result()
        finally:
            for task in (asking, leaving):
                task.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)

    def _end(self, error: CrdtnotesError) -> None:
        if not self._result.done():
            self._result.set_exception(error)


class _Guest(asyncio.StreamReaderProtocol):
    """A connection to the pairing listener: it is counted, and can be dropped, from its first byte on.

    The server's own `ssl` would count a connection only after its TLS handshake, for which a silent socket
    may take its time. The reader is the connection's key in the Admission.
    """

    def __init__(
        self,
        meet: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None],
        admission: Admission,
        context: ssl.SSLContext,
        seconds: float,
    ) -> None:
        self._key = asyncio.StreamReader()
        super().__init__(self._key, meet)
        self._admission = admission
        self._context = context
        self._seconds = seconds
        self._securing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport was expected")
        self._admission.enter(self._key, _host_of(transport), transport.abort)
        self._securing = asyncio.get_running_loop().create_task(self._secure(transport))

    async def _secure(self, transport: asyncio.Transport) -> None:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=self._seconds,
                ssl_shutdown_timeout=CLOSE_SECONDS,
            )
        except OSError as error:  # ssl.SSLError is one
            _log.debug("pairing: %s disconnected: %s", _host_of(transport), error)
            secure = None
        if secure is None or secure.is_closing():  # it may have been dropped meanwhile
            self._admission.leave(self._key)
            transport.abort()
        else:
            self._admission.advance(self._key)
            super().connection_made(secure)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._admission.leave(self._key)
        super().connection_lost(exc)


def _host_of(transport: asyncio.BaseTransport) -> str:
    return str((transport.get_extra_info("peername") or ("?",))[0])


@dataclass(frozen=True, slots=True)
class Joined:
    """What a joiner received, the host's device id and name, and the numeric address of the host."""

    welcome: Welcome
    host: bytes
    host_name: str
    place: str


async def join(
    code: Code,
    addresses: Iterable[Address],
    make: Callable[[bytes], PairingJoiner],
    store: Callable[[Joined], Awaitable[None]],
    ask: AskJoiner,
) -> Joined:
    """Pair with the device that shows `code` at one of the addresses.

    All of them are dialled at the same time, and the protocol is spoken with one after the other, until one
    could learn from it whether it knows the code: after that no other one is tried.

    `make` returns the protocol's state for a host's certificate. `store` saves the received data before the
    host is told that it arrived. Raises Unreachable or a RemoteError.
    """
    tasks = [asyncio.create_task(_connect(address)) for address in dict.fromkeys(addresses)]
    failure: CrdtnotesError = Unreachable(
        f"No device with the code {code.number:04} was found; give its address after the code."
    )
    try:
        for task in asyncio.as_completed(tasks):
            try:
                reader, writer = await task
            except Unreachable as error:
                failure = error
                continue
            joiner: PairingJoiner | None = None
            try:
                joiner = make(_certificate_of(writer))
                return await _join_at(joiner, reader, writer, store, ask)
            except (DecodeError, ProtocolError, Unreachable) as error:
                if joiner is not None and joiner.guessed:
                    raise
                # Another device, or another pairing than ours: it learnt nothing, so try the next one.
                failure = error
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    finally:
        for task in tasks:
            task.cancel()
        for one in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(one, tuple):
                one[1].close()
    raise failure


async def _connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for host in address.hosts:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await asyncio.open_connection(host, address.port, ssl=joining_context())
        except ssl.SSLError:
            raise Unreachable(f"The program at {address.place} does not offer pairing.") from None
        except OSError:
            continue
    raise Unreachable(f"No device is waiting to be paired at {address.place}.")


def _certificate_of(writer: asyncio.StreamWriter) -> bytes:
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    if certificate is None:
        raise Unreachable("The other device shows no certificate.")
    return certificate


async def _join_at(
    joiner: PairingJoiner,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    store: Callable[[Joined], Awaitable[None]],
    ask: AskJoiner,
) -> Joined:
    try:
        while joiner.error is None and joiner.welcome is None:
            await _send(writer, joiner.data_to_send())
            if joiner.stage is Stage.ASK:
                await _agree(joiner, reader, ask)
                continue
            waits = joiner.stage is Stage.WELCOME
            async with asyncio.timeout(PAIRING_SECONDS if waits else STEP_SECONDS):
                joiner.receive(await read_frame(reader, MAX_WELCOME_BYTES if waits else MAX_FRAME_BYTES))
        await _send(writer, joiner.data_to_send())
        if joiner.error is not None or joiner.welcome is None:
            raise joiner.error or PairingFailed("The other device has refused.")
        place = str(writer.get_extra_info("peername")[0])
        joined = Joined(joiner.welcome, joiner.host, joiner.host_name, place)
        await store(joined)
        joiner.finish()
        await _send(writer, joiner.data_to_send())
    except (DecodeError, ProtocolError) as error:
        if joiner.guessed:
            raise PairingFailed(f"The pairing failed; start again with a new code. ({error})") from error
        raise
    except CrdtnotesError:
        raise
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        if joiner.guessed:
            raise PairingFailed(
                "The other device hung up in the middle of the pairing; start again with a new code."
            ) from None
        raise Unreachable(
            "The other device hung up: check that the code's number is right and the code is not used up."
        ) from None
    return joined


async def _agree(joiner: PairingJoiner, reader: asyncio.StreamReader, ask: AskJoiner) -> None:
    """Ask the person, and let the host take its own question back meanwhile."""
    asking = asyncio.ensure_future(ask(joiner.host_name, joiner.digits))
    reading = asyncio.ensure_future(read_frame(reader, MAX_FRAME_BYTES))
    try:
        async with asyncio.timeout(PAIRING_SECONDS):
            await asyncio.wait([asking, reading], return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            joiner.receive(reading.result())
        elif asking.result():
            joiner.agree()
        else:
            joiner.decline()
    finally:
        for task in (asking, reading):
            task.cancel()
        await asyncio.gather(asking, reading, return_exceptions=True)


async def addresses_of(code: Code, discovery: Discovery, seconds: float = 20.0) -> list[Address]:
    """Return addresses in the local network of a device that shows the code; empty if none is found.

    There are at most `MAX_ANNOUNCED`, because each of them can make a joiner speak the protocol with it.
    """
    addresses: asyncio.Future[list[Address]] = asyncio.get_running_loop().create_future()

    def found(one: Found) -> None:
        if one.texts.get("number") == f"{code.number:04}" and not addresses.done():
            hosts = list(dict.fromkeys(one.hosts))[:MAX_ANNOUNCED]
            addresses.set_result([Address(host, one.port, secure=True) for host in hosts])

    await discovery.find(PAIRING, found)
    try:
        return await asyncio.wait_for(addresses, seconds)
    except TimeoutError:
        return []


async def read_frame(reader: asyncio.StreamReader, limit: int) -> bytes:
    """Return the next frame; raises ProtocolError for one over the limit, before reading it."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > limit:
        raise ProtocolError(f"A frame of {length} bytes came, but the limit is {limit}.")
    return await reader.readexactly(length)


async def _send(writer: asyncio.StreamWriter, frames: Iterable[bytes]) -> None:
    for frame in frames:
        writer.write(len(frame).to_bytes(4, "big") + frame)
    await writer.drain()
