"""Learning all heads of a peer that has more of them than a Hello names.

Rules (docs/protocol.md, "Total and Streams")
    - A side whose Hello names MAX_HEADS heads sends a Total once the peer has accepted it. Then, unless the
      Total of the peer says that both have the same heads, Streams name the heads that are not in the Hello.
    - Both sides compare the same two Totals, so each knows whether Streams will come. A side whose peer sends
      no Total names its heads at once.
    - Until the heads of the peer are known, no changes are sent to it, and it is not caught up.
"""

from collections.abc import Mapping

from crdtnotes.changes import messages
from crdtnotes.changes.messages import MAX_HEADS, Hello, Streams, Total
from crdtnotes.crdt.version import Version
from crdtnotes.errors import ProtocolError

MAX_PEER_HEADS = 1 << 18
"""Heads that a peer may name, so that they do not fill the memory: 262,144, some 60 MB."""


class PeerHeads:
    """The heads of both sides of one conversation. The caller must send all messages that are returned."""

    def __init__(self) -> None:
        self._mine: Mapping[int, tuple[int, bytes]] = {}
        self._digest = b""
        self._many = False
        self._awaited = False
        self._total: bytes | None = None
        self._total_sent = False
        self._named = False
        self._count = 0

    def begin(self, heads: Mapping[int, tuple[int, bytes]]) -> None:
        """Note our heads at the time of our Hello."""
        self._mine = heads

    def greeted(self, hello: Hello) -> None:
        """Note the peer's Hello."""
        self._many = len(self._mine) >= MAX_HEADS
        self._awaited = len(hello.heads) == MAX_HEADS
        self._count = len(hello.heads)
        if self._many or self._awaited:
            self._digest = messages.total_of(self._mine)

    @property
    def known(self) -> bool:
        """Whether all heads of the peer are known."""
        return not self._awaited

    def to_send(self) -> list[Total | Streams]:
        """Return what is due: our Total, and our heads once it is known that they differ."""
        result: list[Total | Streams] = []
        if self._many and not self._total_sent:
            self._total_sent = True
            result.append(Total(self._digest))
        answered = self._total is not None or not self._awaited
        if self._many and not self._named and answered:
            self._named = True
            if self._total != self._digest:
                result += messages.streams_after_hello(self._mine)
        return result

    def take_total(self, message: Total) -> Version:
        """Return the version of the peer if it is the same as ours; else nothing, and Streams will follow."""
        if not self._awaited or self._total is not None:
            raise ProtocolError("A Total came that is not due.")
        self._total = message.digest
        if self._many and message.digest == self._digest:
            self._awaited = False
            return {actor: seq for actor, (seq, _) in self._mine.items()}
        return {}

    def take_streams(self, message: Streams) -> Version:
        """Return the version that the heads in a message make."""
        if not self._awaited or self._total is None:
            raise ProtocolError("A Streams came that is not due.")
        self._count += len(message.heads)
        if self._count > MAX_PEER_HEADS or (message.more and not message.heads):
            raise ProtocolError("A peer names too many streams.")
        self._awaited = message.more
        return {actor: seq for actor, seq, _ in message.heads}
