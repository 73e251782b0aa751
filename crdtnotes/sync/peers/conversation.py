"""Passes the frames of one session between its websocket and the replica's thread.

Three tasks: one reads frames into the inbox, one passes them to the session in bursts, and one sends
the session's frames. Reading never waits for sending, so two peers that both have much to send cannot block
each other. Every call of the session runs on the replica's thread and is short: sessions take turns there,
and pings are answered meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes.messages import Presence
from crdtnotes.errors import ProtocolError, Unreachable
from crdtnotes.sync.net.inbox import Inbox
from crdtnotes.sync.net.rate_limits import Bucket, PresenceRate, Rates
from crdtnotes.sync.net.transport import (
    CLOSE_SECONDS,
    Connection,
    allow_large_frames,
    device_of,
    host_of,
    port_of,
)
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes.sync.peers.worker import Worker
from crdtnotes.sync.session.presence import PAUSE_SECONDS
from crdtnotes.sync.session.session import Session

_BURST_BYTES = 1024 * 1024
# Bytes of frames stored in one transaction: a quarter of the window, so that sending overlaps with storing.

_INBOX_BYTES = 4 * 1024 * 1024

_NORMAL_CLOSURE = 1000
_POLICY_VIOLATION = 1008


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to wait for the peer's Hello, and for the next frame while a one-time sync is not done."""

    hello: float = 10.0
    silence: float = 30.0


class Conversation:
    """One open connection and its session; call all methods from the event loop that runs `run`."""

    def __init__(
        self,
        connection: Connection,
        worker: Worker,
        *,
        once: bool,
        deadlines: Deadlines,
        changed: Callable[["Conversation", PeerStatus], None],
        heard: Callable[["Conversation", list[Presence]], None],
        known: Callable[[], list[Presence]],
        rates: Rates | None = None,
    ) -> None:
        """`once`: end as soon as each side has the changes that the other had.

        `changed` is called whenever the peer's status changes, `heard` with its presence messages; `known`
        returns the presence messages for a new peer.
        """
        self.connection = connection
        self.host = host_of(connection)
        self.device = device_of(connection)
        self.session = Session(
            worker.replica, device=self.device, held=worker.held, plain=self.device is None
        )
        self.status: PeerStatus | None = None
        self._worker = worker
        self.once = once
        self.dialled = isinstance(connection, ClientConnection)
        self._dialled_port = port_of(connection) if self.dialled else None
        self._deadlines = deadlines
        self._changed = changed
        self._heard = heard
        self._known = known
        self._introduced = False
        self._rate = PresenceRate()
        self._saying: dict[int, Presence] = {}
        self._may_say_at = 0.0
        rates = rates or Rates()
        clock = asyncio.get_running_loop().time
        self._bytes = Bucket(rates.bytes, rates.bytes * rates.burst_seconds, clock)
        self._changes = Bucket(rates.changes, rates.changes * rates.burst_seconds, clock)
        self._inbox = Inbox(_INBOX_BYTES)
        self._outgoing = asyncio.Event()
        self._woken = False
        self._leaving = False
        self._makes_room = False

    def wake(self) -> None:
        """Send new changes soon, because something was committed here."""
        self._woken = True
        self._outgoing.set()

    def say(self, presences: Iterable[Presence]) -> None:
        """Send presence messages: the latest of each person, at most every PAUSE_SECONDS."""
        self._saying.update({presence.person: presence for presence in presences})
        loop = asyncio.get_running_loop()
        if self._saying and self._may_say_at <= loop.time():
            self._may_say_at = loop.time() + PAUSE_SECONDS
            self._outgoing.set()
            # Messages that are added meanwhile are sent then.
            loop.call_later(PAUSE_SECONDS, self.say, ())

    def leave(self) -> None:
        """Say Bye and end after the running transaction."""
        self._leaving = True
        self._inbox.close(discard=True)

    def make_room(self) -> None:
        """Like `leave`, because the peer's device has opened further connections."""
        self._makes_room = True
        self.leave()

    @property
    def leaving(self) -> bool:
        """Whether the conversation was told to end."""
        return self._leaving

    async def run(self) -> None:
        """Run the conversation until either side ends it; the result is in `session`."""
        reader = asyncio.create_task(self._read())
        sender = asyncio.create_task(self._send())
        sender.add_done_callback(lambda _: self._inbox.close())
        try:
            await self._worker.run(self.session.start, self)
            self._outgoing.set()
            await self._take_in()
        finally:
            await self._end(reader, sender)

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.connection.recv(decode=False)
                await self._inbox.put(frame)
                if (wait := self._bytes.take(len(frame))) > 0:
                    await asyncio.sleep(wait)
        except ConnectionClosed:
            pass
        finally:
            self._inbox.close()

    async def _take_in(self) -> None:
        loop = asyncio.get_running_loop()
        hello_deadline = loop.time() + self._deadlines.hello
        while not self.session.closed:
            deadline = None
            if not self.session.accepted:
                deadline = hello_deadline
            elif self.once:
                deadline = loop.time() + self._deadlines.silence
            try:
                async with asyncio.timeout_at(deadline):
                    frames = await self._inbox.take(_BURST_BYTES)
            except TimeoutError:
                await self._worker.run(self._give_up)
                return
            if not frames:
                return
            await self._take_in_burst(frames)
            while self.session.has_more and not self._leaving:
                # Each burst is a job of its own, so that other conversations get their turns in between.
                await self._take_in_burst([])

    async def _take_in_burst(self, frames: list[bytes]) -> None:
        stored, status, heard = await self._worker.run(partial(self._step, frames), self)
        if heard:
            allowed = self._rate.allow(len(heard), asyncio.get_running_loop().time())
            self._heard(self, heard[len(heard) - allowed :])
        self._note(status)
        self._outgoing.set()
        if self.session.knows_presence and not self._introduced:
            self._introduced = True
            self.say(self._known())
        if (wait := self._changes.take(stored)) > 0:
            await asyncio.sleep(wait)

    async def _send(self) -> None:
        try:
            while True:
                await self._outgoing.wait()
                self._outgoing.clear()
                while True:
                    woken, self._woken = self._woken, False
                    saying, self._saying = list(self._saying.values()), {}
                    frames, closed, status = await self._worker.run(
                        partial(self._frames, woken, saying), self
                    )
                    if self.session.trusted:
                        # Do this before our acceptance is sent: from then on the peer may send large frames.
                        allow_large_frames(self.connection)
                    self._note(status)
                    for frame in frames:
                        await self.connection.send(frame)
                    if closed:
                        return
                    if not frames:
                        break
        except ConnectionClosed:
            return

    async def _end(self, reader: asyncio.Task[None], sender: asyncio.Task[None]) -> None:
        """Send the last frames, if the peer accepts them in time, and close the connection."""
        self._inbox.close(discard=True)
        try:
            await self._worker.run(self._say_goodbye if self._leaving else self.session.drop)
            self._outgoing.set()
            async with asyncio.timeout(CLOSE_SECONDS):
                await sender
        except TimeoutError:
            pass
        finally:
            await self._hang_up()
            await reader
            if self.status is not None:
                self._note(self._status(connected=False))

    async def _hang_up(self) -> None:
        code = _NORMAL_CLOSURE if self.session.error is None else _POLICY_VIOLATION
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.connection.close(code)
        except TimeoutError:
            self.connection.transport.abort()

    def _note(self, status: PeerStatus | None) -> None:
        if status is not None and status != self.status:
            self.status = status
            self._changed(self, status)

    # -- on the replica's thread

    def _say_goodbye(self) -> None:
        # Send the pending presence messages first, in particular the one that says that this editor has left.
        saying, self._saying = list(self._saying.values()), {}
        self.session.say(saying)
        if self._makes_room:
            self.session.make_room()
        else:
            self.session.leave()

    def _step(self, frames: list[bytes]) -> tuple[int, PeerStatus | None, list[Presence]]:
        stored = self.session.receive(frames)
        heard, self.session.heard = self.session.heard, []
        return stored, self._status(), heard

    def _frames(self, woken: bool, saying: list[Presence]) -> tuple[list[bytes], bool, PeerStatus | None]:
        """Return the next frames, whether they are the last ones, and the status."""
        if woken:
            self.session.wake()
        self.session.say(saying)
        frames = self.session.data_to_send()
        if self.once and self.session.caught_up and not self.session.closed:
            # A one-time sync is done: either the received frames or the frames just produced complete it.
            self.session.finish()
            frames += self.session.data_to_send()
        if not frames and self.session.caught_up:
            # The peer knows that everything it had is here, so now there is time for the search index.
            self._worker.replica.put_in_prepared()
        return frames, self.session.closed, self._status()

    def _give_up(self) -> None:
        if self.session.accepted:
            self.session.fail(Unreachable("The peer stopped answering."))
        else:
            self.session.fail(ProtocolError("No Hello came in time."))

    def _status(self, *, connected: bool = True) -> PeerStatus | None:
        session = self.session
        if session.peer is None:
            return None
        return PeerStatus(
            self.host,
            session.peer.device,
            connected,
            connected and session.in_sync,
            session.caught_up,
            session.received,
            session.delivered,
            *session.behind,
            id=self.device,
            dialled_port=self._dialled_port,
        )
