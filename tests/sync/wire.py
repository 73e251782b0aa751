"""Sessions linked without sockets: frames wait in queues until they are delivered."""

from collections import deque

from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.sync.session.session import WINDOW_BYTES, Session


class End:
    """One session, with the frames that it has sent and the other side has not read yet."""

    def __init__(self, replica: SyncStore, window: int) -> None:
        self.replica = replica
        self.session = Session(replica, window=window)
        self.outbox: deque[bytes] = deque()
        self.sent: list[bytes] = []

    def send(self, budget: int = 2000) -> bool:
        frames = self.session.data_to_send(budget)
        self.outbox.extend(frames)
        self.sent.extend(frames)
        return bool(frames)


class Wire:
    """A connection between two replicas, `a` and `b`."""

    def __init__(self, a: SyncStore, b: SyncStore, *, window: int = WINDOW_BYTES) -> None:
        self.a = End(a, window)
        self.b = End(b, window)
        self.a.session.start()
        self.b.session.start()

    @property
    def ends(self) -> tuple[End, End]:
        return self.a, self.b

    def other(self, end: End) -> End:
        return self.b if end is self.a else self.a

    def deliver(self, end: End, count: int | None = None) -> int:
        """Give `end` the frames that the other sent, or the first `count`; returns what was new there."""
        outbox = self.other(end).outbox
        burst = [outbox.popleft() for _ in range(len(outbox) if count is None else min(count, len(outbox)))]
        return end.session.receive(burst) if burst else 0

    def turn(self) -> bool:
        """Let both send and read everything; returns whether any frame was sent."""
        moved = [end.send() for end in self.ends]
        for end in self.ends:
            self.deliver(end)
        return any(moved)


def settle(*wires: Wire) -> None:
    """Run all wires until no frame is sent; a commit in one session wakes its replica's other sessions."""
    moved = True
    while moved:
        moved = False
        for wire in wires:
            for end in wire.ends:
                moved |= end.send()
            for end in wire.ends:
                moved |= bool(wire.other(end).outbox)
                if wire.deliver(end):
                    wake(end, *wires)


def wake(source: End, *wires: Wire) -> None:
    """Tell the other sessions of the replica behind `source` that something was committed."""
    for wire in wires:
        for end in wire.ends:
            if end is not source and end.replica is source.replica:
                end.session.wake()
