"""Connects a replica with its peers: serves, follows and syncs with any number of them at once."""

import asyncio
import logging
import random as random_module
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from websockets.asyncio.server import Server, ServerConnection

from crdtnotes.changes.messages import Presence
from crdtnotes.crdt.ids import OpId
from crdtnotes.errors import (
    Busy,
    CrdtnotesError,
    DiskFull,
    Fork,
    LocalError,
    NotAMember,
    NotPaired,
    PortTaken,
    RemoteError,
    Unreachable,
    VersionMismatch,
    WrongVault,
)
from crdtnotes.store.committed import Committed, Origin
from crdtnotes.sync.net.address import DEFAULT_PORT, Address, is_loopback
from crdtnotes.sync.net.admission import Admission
from crdtnotes.sync.net.backoff import MAX_IMMEDIATE_RETRIES, Backoff
from crdtnotes.sync.net.rate_limits import Breaker, Rates
from crdtnotes.sync.net.tls import Listening, dialling_context
from crdtnotes.sync.net.transport import Connection, dial, free_port, listen
from crdtnotes.sync.peers.conversation import Conversation, Deadlines
from crdtnotes.sync.peers.network_watch import own_addresses
from crdtnotes.sync.peers.peer_book import PeerBook
from crdtnotes.sync.peers.per_device import find_room
from crdtnotes.sync.peers.status import PeerStatus, Summary
from crdtnotes.sync.peers.worker import Worker
from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.sync.session.presence import BEAT_SECONDS, Presences, Present
from crdtnotes.trust.device_id import short
from crdtnotes.trust.identity import Identity

_WAITING_CONNECTIONS = 64
_WAITING_CONNECTIONS_PER_HOST = 32
_CONNECTIONS = 128

_log = logging.getLogger("crdtnotes.sync")
T = TypeVar("T")


class Node:
    """Runs the sessions of one replica; an async context manager.

    `open_replica` is called on the thread that does all of the replica's work. Commits on that thread reach
    the peers at once; if `path` is given, commits of other processes to that file reach them within
    milliseconds. `random` returns floats in [0, 1) and spreads the times of redialling. `report` is called on
    the event loop for each change of a peer's status, `met` when a person arrives, moves or leaves.

    If the caller already has the replica on a thread, it passes its Worker instead of `open_replica`; then
    the caller starts and stops the Worker.
    """

    def __init__(
        self,
        open_replica: Callable[[], SyncStore] | Worker,
        *,
        path: Path | None = None,
        random: Callable[[], float] = random_module.random,
        report: Callable[[PeerStatus], None] | None = None,
        met: Callable[[], None] | None = None,
        deadlines: Deadlines | None = None,
        first_retry: float = 0.5,
        identity: Identity | None = None,
        rates: Rates | None = None,
    ) -> None:
        """`identity` holds this device's keys; only plain connections on this machine work without it."""
        self._lent = isinstance(open_replica, Worker)
        self._worker = open_replica if isinstance(open_replica, Worker) else Worker(open_replica, path)
        self._unsubscribe: Callable[[], None] = lambda: None
        self._random = random
        self._report = report
        self._met = met
        self._presences = Presences(secrets.randbits(62) + 1)
        self._beating: asyncio.Task[None] | None = None
        self._contacts = PeerBook(self._worker)
        self._noting: asyncio.Task[None] | None = None
        self._deadlines = deadlines or Deadlines()
        self._first_retry = first_retry
        self._admission = Admission(
            waiting=_WAITING_CONNECTIONS,
            waiting_per_host=_WAITING_CONNECTIONS_PER_HOST,
            total=_CONNECTIONS,
        )
        self._identity = identity
        self._certificates: dict[bytes, bytes] = {}
        self._listening = None if identity is None else Listening(identity)
        self._servers: list[Server] = []
        self._refreshing: asyncio.Task[None] | None = None
        self._stale = False
        self._signing: asyncio.Task[None] | None = None
        self._running: dict[Conversation, asyncio.Task[None]] = {}
        self._closing = False
        self._rates = rates or Rates()
        self._breaker = Breaker(time.monotonic)
        self._impostors: set[Address] = set()
        self.refused: Counter[str] = Counter()
        """How many peers were disconnected, by the name of the error."""

    async def __aenter__(self) -> Self:
        if not self._lent:
            await self._worker.start()
        self._unsubscribe = self._worker.subscribe(self._committed)
        try:
            if self._identity is not None:
                await self._worker.run(self._worker.replica.devices.introduce)
                await self._sign()
            await self.refresh()
        except CrdtnotesError:
            self._unsubscribe()
            if not self._lent:
                await self._worker.stop()
            raise
        self._beating = asyncio.create_task(self._beat())
        self._noting = asyncio.create_task(self._contacts.keep(lambda: self._running))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # -- for the caller

    async def serve(self, host: str = "localhost", port: int | None = None) -> Address:
        """Listen for peers until the node is closed; return the address with the port in use.

        By default that is the usual port, or any free one if another program uses it. If `port` is given,
        only that port is tried; 0 means any. Connections are not encrypted. Raises NotLoopback for a host
        that is not this machine, or PortTaken.
        """
        return await self._listen(host, port, None)

    async def serve_members(self, host: str, port: int | None = None) -> Address:
        """Listen for the devices of the vault until the node is closed, with mutual TLS.

        For `port` see `serve`; raises PortTaken, or LocalError for a host that is not this machine.
        """
        if self._listening is None:
            raise LocalError("This device has no keys of its own to serve with.")
        return await self._listen(host, port, self._listening)

    async def _listen(self, host: str, port: int | None, listening: Listening | None) -> Address:
        async def at(chosen: int) -> tuple[Server, Address]:
            where = Address(host, chosen, secure=listening is not None)
            return await listen(self._welcome, where, self._admission, listening)

        try:
            # (With port 0, a server at several addresses would get a different port at each.)
            server, address = await at(DEFAULT_PORT if port is None else port or await free_port())
        except PortTaken:
            if port:
                raise
            # Another program of this vault may use it: an editor, or `crdtnotes serve`.
            server, address = await at(await free_port())
            if port is None:
                _log.info("another program has port %d: using port %d", DEFAULT_PORT, address.port)
        self._servers.append(server)
        return address

    async def stop_serving(self) -> None:
        """Accept no more peers, and say Bye to those that dialled us."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close(close_connections=False)
        self._admission.clear()
        came = {one: task for one, task in self._running.items() if not one.dialled}
        for conversation in came:
            conversation.leave()
        if came:
            await asyncio.wait(list(came.values()))
        for server in servers:
            await server.wait_closed()

    async def refresh(self) -> None:
        """Read the members of the vault again. (The node does so whenever they change.)"""
        if self._listening is not None:
            replica = self._worker.replica
            self._certificates = await self._worker.run(replica.devices.certificates)
            self._listening.trust(self._certificates)

    @property
    def members(self) -> frozenset[bytes]:
        """The ids of the other devices that belong to the vault, as of the last `refresh`."""
        own = None if self._identity is None else self._identity.id
        return frozenset(id for id in self._certificates if id != own)

    def connected(self, device: bytes) -> bool:
        """Return whether there is a conversation with this device."""
        return any(conversation.device == device for conversation in self._running)

    def drop_lost(self) -> None:
        """Abort the connections whose local end is at an address that this machine no longer has."""
        here = own_addresses()
        for conversation in self._running:
            local = conversation.connection.local_address
            host = str(local[0]) if local else ""
            if conversation.device is not None and not is_loopback(host) and host not in here:
                conversation.connection.transport.abort()

    async def dial(self, address: Address, devices: Collection[bytes] | None = None) -> Connection:
        """Return a connection to one of these devices, by default to any of the vault's; see
        `transport.dial`.
        """
        if not address.secure:
            return await dial(address)
        wanted = self.members if devices is None else self.members & frozenset(devices)
        if self._identity is None or not wanted:
            raise NotPaired("No other device belongs to this vault: see `crdtnotes pair`.")
        context = dialling_context(self._identity, [self._certificates[id] for id in wanted])
        try:
            connection = await dial(address, context, wanted)
        except NotAMember as error:
            # Logged only once: either there is a relay in between, or the address now belongs to another
            # device, and it may be dialled often.
            if address not in self._impostors:
                self._impostors.add(address)
                _log.warning("refused %s: %s", address.host, error)
            raise
        self._impostors.discard(address)
        return connection

    async def converse(self, connection: Connection, address: Address | None = None) -> Conversation:
        """Stay in sync with the peer at the other end of a connection until either side ends it."""
        return await self._converse(connection, once=False, address=address)

    async def follow(self, address: Address | str) -> None:
        """Stay in sync with the peer at `address` until cancelled or the node is closed; redials forever.

        Raises errors that redialling cannot fix: WrongVault, VersionMismatch, NotAMember, errors of our file.
        """
        address = Address.of(address)
        backoff = Backoff(self._random, first=self._first_retry)
        while not self._closing:
            forked = False
            try:
                conversation = await self._converse(await self.dial(address), once=False, address=address)
                forked = conversation.session.forked
                if conversation.session.error is not None:
                    raise conversation.session.error
                if conversation.session.caught_up:
                    backoff.reset()
            except (WrongVault, VersionMismatch, NotAMember):
                raise
            except (Busy, DiskFull, RemoteError, Unreachable) as error:
                _log.info("following %s: %s", address, error)
            await asyncio.sleep(backoff.next(at_once=forked))

    async def sync_once(self, address: Address | str, devices: Collection[bytes] | None = None) -> Summary:
        """Exchange all missing changes with the peer at `address`, then disconnect.

        Raises Unreachable, a RemoteError (also for an error that the peer reports), or a StoreError.
        """
        place = Address.of(address)

        async def dial() -> tuple[Connection, Address]:
            return await self.dial(place, devices), place

        return await self.sync_by(dial)

    async def sync_by(self, dial: Callable[[], Awaitable[tuple[Connection, Address]]]) -> Summary:
        """Like `sync_once`, for the peer that `dial` connects to; repeats at once after resolving a fork."""
        notices: list[str] = []
        while True:
            try:
                summary = await self._exchange(*await dial())
            except Fork as fork:
                notices.append(str(fork))
                if len(notices) == MAX_IMMEDIATE_RETRIES:
                    raise
            else:
                return replace(summary, notices=tuple(notices))

    async def _exchange(self, connection: Connection, address: Address) -> Summary:
        """Exchange all missing changes, then disconnect; raises the errors of `sync_once`."""
        session = (await self._converse(connection, once=True, address=address)).session
        if session.error is not None:
            raise session.error
        if session.peer is None or not session.caught_up:
            raise Unreachable(f"The peer at {address} hung up before both sides had everything.")
        return Summary(
            session.peer.device,
            session.received,
            session.delivered,
            session.bytes_in,
            session.bytes_out,
            withheld=session.waiting[0],
            missing=session.waiting[1],
        )

    async def run(self, job: Callable[[], T]) -> T:
        """Run `job` on the replica's thread, between the sessions' work; it may use the replica."""
        return await self._worker.run(job)

    def be_at(self, note: str, caret: OpId, start: OpId, actor: str) -> None:
        """Tell the peers where this editor's caret and the other end of its selection are.

        `note` is the note's id, `caret` and `start` are the elements before them (`EditSession.anchor`),
        `actor` is the stream that this replica writes (`Vault.actor`). Call it on the event loop.
        """
        device = self._worker.replica.device
        where = bytes.fromhex(note)
        self._tell([self._presences.move(device, int(actor, 16), where, caret, start, self._now)])

    @property
    def people(self) -> list[Present]:
        """The other people who have a note open, here or at peers."""
        return self._presences.people

    @property
    def peers(self) -> list[PeerStatus]:
        """The accepted peers that are connected now."""
        return [c.status for c in self._running if c.status is not None and c.status.connected]

    async def close(self) -> None:
        """Say Bye to all peers, finish the running transaction, close the replica and end its thread."""
        self._closing = True
        self._tell(self._presences.leave(self._now))
        for task in (self._beating, self._noting):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        for task in (self._refreshing, self._signing):
            if task is not None:
                await asyncio.wait([task])
        for server in self._servers:
            server.close(close_connections=False)
        for conversation in self._running:
            conversation.leave()
        if self._running:
            await asyncio.wait(list(self._running.values()))
        self._admission.clear()
        for server in self._servers:
            await server.wait_closed()
        self._unsubscribe()
        if not self._lent:
            await self._worker.stop()

    # -- internals

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _tell(self, presences: Iterable[Presence], but: Conversation | None = None) -> None:
        said = list(presences)
        for conversation in self._running:
            if said and conversation is not but:
                conversation.say(said)

    def _heard(self, source: Conversation, said: list[Presence]) -> None:
        self._tell(self._presences.hear(said, self._now, source.device), but=source)
        if self._met is not None:
            self._met()

    async def _beat(self) -> None:
        """Repeat this editor's position, and notice people who left without a message."""
        while True:
            await asyncio.sleep(BEAT_SECONDS / 5)
            self._tell(self._presences.beat(self._now))
            if self._presences.expire(self._now) and self._met is not None:
                self._met()

    async def _welcome(self, connection: ServerConnection) -> None:
        if not self._closing:
            try:
                await self._converse(connection, once=False)
            except Unreachable as error:
                _log.info("%s", error)

    async def _sign(self) -> None:
        await self._worker.run(self._worker.replica.signatures.sign_waiting)

    async def _sign_after(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        try:
            await self._sign()
        except CrdtnotesError as error:
            _log.error("changes of this device cannot be signed: %s", error)

    def _refresh_soon(self) -> None:
        self._stale = True
        if self._listening is not None and self._refreshing is None and not self._closing:
            self._refreshing = asyncio.create_task(self._refresh_until_fresh())

    async def _refresh_until_fresh(self) -> None:
        try:
            while self._stale:
                self._stale = False
                await self.refresh()
        except CrdtnotesError as error:
            # Revoked devices are still refused, because each session asks the replica itself.
            _log.error("the devices of the vault cannot be read: %s", error)
        finally:
            self._refreshing = None

    async def _converse(
        self, connection: Connection, *, once: bool, address: Address | None = None
    ) -> Conversation:
        """Run a conversation to its end; if the caller is cancelled, say Bye first."""
        if self._closing:
            await connection.close()
            raise Unreachable("This side is closing.")
        conversation = Conversation(
            connection,
            self._worker,
            once=once,
            deadlines=self._deadlines,
            changed=self._status_changed,
            heard=self._heard,
            known=self._presences.for_newcomer,
            rates=self._rates,
        )
        if conversation.device is not None and not self._breaker.allows(conversation.device):
            await connection.close()
            raise Unreachable(f"The device {short(conversation.device)} is refused for a while.")
        if not find_room(conversation, self._running):
            connection.transport.abort()
            raise Unreachable(f"The device {short(conversation.device or b'')} opens too many connections.")
        task = asyncio.create_task(conversation.run())
        self._running[conversation] = task
        task.add_done_callback(lambda _: self._running.pop(conversation))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            conversation.leave()
            await asyncio.wait([task])
            raise
        self._account(conversation)
        if not self._closing:
            await self._contacts.note(conversation, address)
        return conversation

    def _status_changed(self, conversation: Conversation, status: PeerStatus) -> None:
        self._admission.admit(conversation.connection)
        self._keep_one(conversation)
        if self._report is not None:
            self._report(status)

    def _keep_one(self, conversation: Conversation) -> None:
        """If two devices have dialled each other, the one with the greater id closes its own connection."""
        if self._identity is None or conversation.device is None or self._identity.id < conversation.device:
            return
        same = [one for one in self._running if one.device == conversation.device and one.status is not None]
        if not all(one.dialled for one in same):
            for one in same:
                if one.dialled and not one.once:
                    one.leave()

    def _committed(self, committed: Committed, by: object) -> None:
        """Send the commit to all peers except the one that it came from."""
        if committed.members_changed:
            self._refresh_soon()
        if self._identity is not None and committed.origin is Origin.PROCESS and not self._closing:
            # A program without the passphrase of this device's keys leaves its changes unsigned.
            self._signing = asyncio.create_task(self._sign_after(self._signing))
        if not committed.derived_only:
            for conversation in self._running:
                if conversation is not by or committed.origin is not Origin.PEER:
                    conversation.wake()

    def _account(self, conversation: Conversation) -> None:
        session = conversation.session
        error = session.error
        if session.dispute and (error is None or session.bye is not None):
            _log.warning("peer %s: %s", conversation.host, session.dispute)
        elif error is None:
            return
        elif session.bye is not None or (session.forked and isinstance(error, Fork)):
            # A fork is not a fault; the side that gave up its version has logged it.
            _log.info("peer %s: %s", conversation.host, error)
        elif isinstance(error, RemoteError):
            self.refused[type(error).__name__] += 1
            _log.warning("cut off peer %s: %s", conversation.host, error)
            device = conversation.device
            if device is not None and (seconds := self._breaker.fault(device)) > 0:
                _log.warning("the device %s is refused for %.0f s", short(device), seconds)
        else:
            _log.error("ended the session with %s: %s", conversation.host, error)
