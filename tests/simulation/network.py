"""Connections between machines, with one virtual clock: a queue of actions with their times."""

from collections import deque
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random

from crdtnotes.errors import Fork, NotAMember, NotSigned, ProtocolError, RemoteError
from crdtnotes.sync.session.session import Session
from tests.simulation.machine import Machine
from tests.simulation.oracles import check_addressee, check_sent, require


class Clock:
    """The world's time in ms, and the actions that are due later."""

    def __init__(self) -> None:
        self.now = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay: int, action: Callable[[], None]) -> int:
        """Schedule an action after a delay in ms."""
        self._count += 1
        heappush(self._queue, (self.now + delay, self._count, action))
        return self.now + delay

    def run(self, until: int) -> None:
        """Advance the time, running the actions that become due."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, action = heappop(self._queue)
            action()
        self.now = max(self.now, until)

    @property
    def idle(self) -> bool:
        """Whether no action is scheduled."""
        return not self._queue


class End:
    """One side of a connection: a machine's session and the frames in transit to it."""

    def __init__(self, machine: Machine, process: int, peer: bytes | None) -> None:
        """`peer` is the id of the other machine's device, if it is proven."""
        self.machine = machine
        self.replica = machine.running[process].vault.replica
        self.peer = peer
        self.records = self.replica.devices.records_digest()
        """What the machine knew about devices at the start."""
        self.session = Session(self.replica, window=4096, device=peer)
        self.inbox: deque[bytes] = deque()
        self.last = 0


class Wire:
    """A connection, as long as both machines run and can reach each other. `random` causes its faults."""

    def __init__(self, network: "Network", a: End, b: End, random: Random, garble: float = 0.0) -> None:
        self.network = network
        self.a = a
        self.b = b
        self.open = True
        self._random = random
        self._garble = garble

    def start(self) -> None:
        """Let both sides send their Hello."""
        for end in (self.a, self.b):
            self.network.guard(end.machine, end.session.start)
        self.pump(self.a)
        self.pump(self.b)

    def cut(self) -> None:
        """Break the connection; all frames in transit are lost, including partly sent frames."""
        self.open = False
        for end in (self.a, self.b):
            end.inbox.clear()
            end.session.drop()

    def pump(self, end: End) -> None:
        """Send the pending frames of one side."""
        other = self.b if end is self.a else self.a
        while self.open:
            frames = self._frames(end)
            if not self.open:
                return
            if not frames:
                break
            check_sent(end.replica, frames)
            if end.peer is not None:
                check_addressee(end.replica, end.peer, frames)
            clock = self.network.clock
            for frame in self._spoil(frames):
                other.last = max(other.last, clock.now + self._random.randint(0, self.network.delay))
                clock.after(other.last - clock.now, partial(self._arrive, other, frame))
        if end.session.closed and not other.inbox:
            self.network.clock.after(self.network.delay + 1, self.hang_up)

    def _frames(self, end: End) -> list[bytes]:
        frames: list[bytes] = []
        self.network.guard(end.machine, lambda: frames.extend(end.session.data_to_send(4096)))
        return frames

    def hang_up(self) -> None:
        """Close the connection once a side has sent its last frame."""
        if self.open and (self.a.session.closed or self.b.session.closed):
            self.cut()
            self.network.wires.remove(self)

    def _spoil(self, frames: list[bytes]) -> list[bytes]:
        """The frames as a lying peer alters them."""
        if not self._garble:
            return frames
        random, result = self._random, []
        for frame in frames:
            if random.random() < self._garble:
                kind = random.choice(("drop", "twice", "cut", "rubbish"))
                if kind == "twice":
                    result += [frame, frame]
                elif kind == "cut":
                    result.append(frame[: random.randrange(len(frame))])
                elif kind == "rubbish":
                    result.append(random.randbytes(random.randint(0, 40)))
            else:
                result.append(frame)
        if random.random() < self._garble:
            random.shuffle(result)
        return result

    def _arrive(self, end: End, frame: bytes) -> None:
        if not self.open:
            return
        if not end.inbox:
            self.network.clock.after(0, lambda: self._take(end))
        end.inbox.append(frame)

    def _take(self, end: End) -> None:
        """Process everything that has arrived, as one burst."""
        if not self.open:
            return
        frames = list(end.inbox)
        end.inbox.clear()
        stored = 0

        def receive() -> None:
            nonlocal stored
            stored = end.session.receive(frames)

        self.network.guard(end.machine, receive)
        error = end.session.error
        if isinstance(error, Fork):
            self.network.forks += 1
        elif isinstance(error, RemoteError) and not self._garble and end.peer is not None:
            require(self._may_end(end, error), f"honest devices end with {error!r}")
        if stored and self.open:
            self.network.wake(end.machine, end.session)
        if self.open:
            self.pump(end)

    def _may_end(self, end: End, error: RemoteError) -> bool:
        """Whether a conversation of honest devices may end so: a peer may be out.

        If news about devices came during this conversation, changes of one that has lost the right to write
        may have crossed them. The next conversation begins with the news.
        """
        if isinstance(error, NotAMember):
            return True
        told = any(one.records != one.replica.devices.records_digest() for one in (self.a, self.b))
        return told and isinstance(error, NotSigned | ProtocolError)


class Network:
    """All connections. `guard` runs actions that may stop a machine."""

    def __init__(
        self,
        clock: Clock,
        delay: int,
        guard: Callable[[Machine, Callable[[], object]], None],
        meet: Callable[[Machine, Machine], bool] | None = None,
    ) -> None:
        """In a paired world, `meet` says whether two machines let each other in."""
        self.meet = meet
        self.clock = clock
        self.delay = delay
        self.guard = guard
        self.wires: list[Wire] = []
        self.forks = 0

    def connect(self, a: Machine, b: Machine, random: Random, garble: float = 0.0) -> Wire | None:
        """Connect two machines that can reach each other and are not connected yet."""
        if a.away or b.away or a.group != b.group or a is b:
            return None
        if any({wire.a.machine, wire.b.machine} == {a, b} for wire in self.wires):
            return None
        if self.meet is not None and not self.meet(a, b):
            return None
        left, right = (
            End(one, random.randrange(len(one.running)), None if self.meet is None else other.identity.id)
            for one, other in ((a, b), (b, a))
        )
        wire = Wire(self, left, right, random, garble)
        self.wires.append(wire)
        wire.start()
        return wire

    def wake(self, machine: Machine, source: Session | None = None) -> None:
        """After a commit at a machine, let its other sessions pass the changes on."""
        for wire in self.wires[:]:
            for end in (wire.a, wire.b):
                if wire.open and end.machine is machine and end.session is not source:
                    end.session.wake()
                    wire.pump(end)

    def cut(self, reaches: Callable[[Wire], bool]) -> None:
        """Cut the connections for which `reaches` is true."""
        for wire in self.wires[:]:
            if reaches(wire):
                wire.cut()
                self.wires.remove(wire)

    def cut_off(self, machine: Machine) -> None:
        """Cut all connections of a machine."""
        self.cut(lambda wire: machine in (wire.a.machine, wire.b.machine))
