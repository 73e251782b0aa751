"""Sending to a peer: the changes that it lacks, and signatures for its unsigned changes.

Rules (docs/protocol.md, "Exchange", "Groups", "Unsigned changes", "Flow control")
    - Changes that the peer is known to have are not sent to it, and no change is sent twice. Everything else
      that is committed here is sent, in causal order, including changes that came from other peers.
    - How these changes are found: a *pass* fixes the version to reach, and iterates over the changes between
      the version that the peer has or was sent and that version. When a pass is complete, `_sent` includes
      its version. A commit meanwhile (`wake`) makes one more pass follow.
    - Frames are produced while fewer than `window` bytes are unacknowledged; in a paired vault the window is
      checked between groups only. Acks count messages.
    - Changes that are unsigned here are sent to no peer, and signed changes only to a peer that has all of
      the unsigned ones.
    - A peer with unsigned changes has asked for signatures, and gets those that are known here and new to it.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Ack, Heads, Unsigned
from crdtnotes.crdt.version import Version, ahead, covers, join
from crdtnotes.errors import ProtocolError
from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.sync.session.versions import Versions


class Outgoing:
    """The changes for one peer, which has accepted our Hello and knows who belongs to the vault."""

    def __init__(self, replica: SyncStore, versions: Versions, window: int) -> None:
        self._replica = replica
        self._versions = versions
        self._window = window
        self._dirty = True
        self._pass: Iterator[bytes | Heads] | None = None
        self._target: Version = {}
        self._sent: Version = {}
        self._must_be_signed = False
        self._in_group = False
        self._proofs_sent: set[tuple[bytes, bytes]] = set()
        self._unacknowledged: deque[int] = deque()
        self._unacknowledged_bytes = 0
        self._acknowledged = 0
        self._bare_said = False
        self._asked: Version = {}
        self._answers: deque[Heads] = deque()
        self._parts: deque[Heads] = deque()
        self._answered: set[tuple[int, int]] = set()

    def wake(self) -> None:
        """Note that something was committed here."""
        self._dirty = True

    def stop(self) -> None:
        """Send nothing more."""
        self._pass = None

    @property
    def idle(self) -> bool:
        """Whether everything that is known to be committed here was sent."""
        return not self._dirty and self._pass is None

    def acknowledge(self, ack: Ack) -> int:
        """Process an Ack; returns how many of its changes the peer was not known to have.

        Raises ProtocolError.
        """
        count = ack.messages - self._acknowledged
        if not 0 <= count <= len(self._unacknowledged):
            raise ProtocolError("An Ack counts more messages than were sent, or fewer than the Ack before.")
        self._acknowledged = ack.messages
        for _ in range(count):
            self._unacknowledged_bytes -= self._unacknowledged.popleft()
        return self._versions.acknowledged(dict(ack.version))

    def next_frame(self) -> bytes | None:
        """Return the next frame; None if the peer was sent everything, or must acknowledge some first."""
        if self._unacknowledged_bytes >= self._window and not self._in_group:
            return None
        item: bytes | Heads | None
        if self._parts:
            item = self._parts.popleft()
        else:
            item = self._next_item()
            if isinstance(item, Heads):
                item, *rest = messages.heads_in_parts(self._news(item))
                self._parts.extend(rest)
        if item is None:
            return None
        self._in_group = bool(self._parts) or (self._must_be_signed and not isinstance(item, Heads))
        frame = messages.encode(item if isinstance(item, Heads) else messages.pack(item))
        self._unacknowledged.append(len(frame))
        self._unacknowledged_bytes += len(frame)
        return frame

    # -- unsigned changes

    def unsigned_to_announce(self) -> list[Unsigned]:
        """Return, once, a message that names the streams that cannot be sent completely, if there are any."""
        if self._bare_said:
            return []
        self._bare_said = True
        unsigned = self._replica.signatures.unsigned_streams()
        if not unsigned:
            return []
        version = self._replica.version()
        if self._held_back(unsigned, version):
            unsigned = ahead(version, self._versions.theirs) | unsigned
        self._versions.withhold(unsigned)
        return messages.unsigned(unsigned)

    def take_unsigned(self, message: Unsigned) -> None:
        """Stop waiting for these streams, and look up signatures for them."""
        self._versions.waive(message.streams)
        for actor in message.streams:
            if actor in self._versions.theirs:
                self._asked[actor] = self._versions.theirs[actor]
        self._dirty = True

    def _held_back(self, unsigned: Mapping[int, int], version: Mapping[int, int]) -> bool:
        """Whether the peer lacks some of our unsigned changes, so that it cannot accept later ones."""
        return any(self._versions.theirs.get(actor, 0) < version[actor] for actor in unsigned)

    def _answer(self) -> None:
        """Queue signatures for the peer's unsigned streams, as far as they are new to it."""
        if self._asked and self._replica.signatures.required:
            for heads in self._replica.signatures.of_streams(self._asked):
                fresh = tuple(head for head in heads.heads if head[:2] not in self._answered)
                if fresh:
                    self._answered.update(head[:2] for head in fresh)
                    self._answers.append(Heads(heads.proofs, fresh))

    # -- changes

    def _news(self, heads: Heads) -> Heads:
        """Return the Heads without the proofs that were sent before."""
        proofs = tuple(proof for proof in heads.proofs if proof not in self._proofs_sent)
        self._proofs_sent.update(proofs)
        return Heads(proofs, heads.heads)

    def _next_item(self) -> bytes | Heads | None:
        """Return the next batch that the peer lacks, or the Heads of a group; None if all was sent."""
        while True:
            if self._answers and not self._in_group:
                return self._answers.popleft()
            if self._pass is None:
                if not self._dirty:
                    return None
                self._answer()
                if self._answers:
                    continue
                if not self._begin_pass():
                    return None
            item = None if self._pass is None else next(self._pass, None)
            if item is not None:
                return item
            join(self._sent, self._target)
            self._pass = None

    def _begin_pass(self) -> bool:
        """Fix the version to reach; returns whether the peer lacks any of it and can accept it."""
        self._target = self._replica.version()
        self._versions.committed(self._target)
        unsigned = self._replica.signatures.unsigned_streams()
        if self._held_back(unsigned, self._target):
            return False
        self._dirty = False
        self._target.update(unsigned)
        join(self._sent, self._versions.theirs)
        if covers(self._sent, self._target):
            return False
        self._must_be_signed = self._replica.signatures.required
        self._pass = self._replica.changes_since(dict(self._sent))
        return True
