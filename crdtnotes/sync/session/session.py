"""One conversation with one peer: frames in, frames out; no socket, no clock, no thread.

Rules, the same for both sides (docs/protocol.md):

1. Each side sends its Hello at once. A Hello is accepted if the vault is the same, the protocols overlap,
   and no actor's stream is forked. It is accepted by an Ack of nothing, or refused by a Bye.
2. Changes are sent only to a peer that has accepted our Hello, so nothing is exchanged unless both agree:
   first the changes that it lacks, in causal order, then new commits (`outgoing.py`). So a chain A-B-C
   converges.
3. Only committed changes are sent or acknowledged; each burst that is received is one transaction.
4. If both sides have different changes under one number, no more changes are exchanged: they determine the
   winner (`fork_resolution.py`), and a Bye ends the conversation. When they reconnect, there is no fork any
   more. The same applies if a fork was meanwhile resolved with another peer.
5. A message that breaks a rule ends the conversation with a Bye, and nothing of its burst is stored.
6. Presence is sent only to a peer whose protocol supports it, and is never stored.
7. The records about devices come before the changes (`records.py`). If the peer's device is known, its
   membership is checked before each burst and before each sending, not once a connection.
8. In a paired vault, changes come in groups (`groups.py`).
9. Without encryption, nothing of a paired vault is exchanged, on either side, and no record about devices is
   accepted: a replica becomes that of a paired vault by pairing only.
10. After a Bye, sent or received, nothing more is read or sent.
"""

from collections import deque
from collections.abc import Sequence
from typing import assert_never

from crdtnotes.changes import messages
from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import (
    Ack,
    Branch,
    Bye,
    Changes,
    Heads,
    Hello,
    Message,
    Presence,
    Reason,
    Records,
    Streams,
    Total,
    Unsigned,
    Winner,
)
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import (
    CrdtnotesError,
    DecodeError,
    Fork,
    LocalError,
    NotAMember,
    ProtocolError,
    RemoteError,
    WrongVault,
)
from crdtnotes.sync.session.close_reasons import bye_for, error_in
from crdtnotes.sync.session.fork_resolution import Settling
from crdtnotes.sync.session.groups import Groups
from crdtnotes.sync.session.held import HeldBudget
from crdtnotes.sync.session.outgoing import Outgoing
from crdtnotes.sync.session.peer_heads import PeerHeads
from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.sync.session.records import RecordsExchange
from crdtnotes.sync.session.versions import Versions

WINDOW_BYTES = 4 * 1024 * 1024
"""Unacknowledged bytes beyond which no further Changes are sent."""

BUDGET_BYTES = 1024 * 1024
"""The bytes that `data_to_send` returns at a time, approximately."""

_MAX_COST = 2 * messages.MAX_FRAME_BYTES
# If a burst costs more than this, the rest of it waits, so that memory and time stay bounded.


class Session:
    """A conversation over `replica` with one peer.

    Pass it the frames that arrive (`receive`) and tell it about commits (`wake`); after each call send the
    frames that `data_to_send` returns, until it returns none. When `closed`, close the connection.
    These methods never raise a RemoteError or LocalError: it ends the session and is stored in `error`.
    """

    def __init__(
        self,
        replica: SyncStore,
        *,
        window: int = WINDOW_BYTES,
        device: bytes | None = None,
        held: HeldBudget | None = None,
        plain: bool = False,
    ) -> None:
        """`device` is the id of the peer's device, if the transport has proven it.

        `held` is shared by all sessions of the replica; it bounds what they hold back together. `plain` says
        that the connection is not encrypted, and that it is known only that the peer runs for this user.
        """
        self._replica = replica
        self._device = device
        self._plain = plain
        self._versions = Versions()
        self._records = RecordsExchange(replica.devices)
        self._outgoing = Outgoing(replica, self._versions, window)
        held = held or HeldBudget()
        peer = self if device is None else device
        self._groups = Groups(replica, held.holding(peer))
        self._settling = Settling(replica, held.holding(peer))
        self._peer_heads = PeerHeads()
        self._epoch = 0
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._greeted = False
        self._acceptance_sent = False
        self._to_say: list[Message] = []
        self._farewell: Bye | None = None
        self._messages_taken = 0
        self._ack_due: Version = {}
        self._ack_owed = False
        self._stored_since = False
        self._presences: list[Presence] = []
        self._frames: deque[bytes] = deque()

        self.peer: Hello | None = None
        """The peer's Hello, once it is accepted."""
        self.welcomed = False
        """Whether the peer has accepted our Hello."""
        self.closed = False
        """Whether the conversation is over; `data_to_send` may still return the last frames."""
        self.bye: Bye | None = None
        """The peer's Bye."""
        self.error: CrdtnotesError | None = None
        """Why the session failed, here or by the peer's Bye; None while open and after a normal end."""
        self.received = 0
        """Changes from the peer that were new here."""
        self.learned = 0
        """Records about devices from the peer that were new here."""
        self.delivered = 0
        """Changes that the peer acknowledged and did not have before."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.heard: list[Presence] = []
        """Presence messages from the peer; the caller removes them."""

    # -- what the caller sees

    @property
    def accepted(self) -> bool:
        """Whether the peer's Hello has come and passed the checks."""
        return self.peer is not None

    @property
    def has_more(self) -> bool:
        """Whether frames that were passed to `receive` wait to be processed."""
        return bool(self._frames) and not self.closed

    @property
    def trusted(self) -> bool:
        """Whether the peer may send large frames: its Hello is accepted, or a fork is being resolved."""
        return self.accepted or self.forked

    @property
    def theirs(self) -> Version:
        """The version that the peer is known to have."""
        return self._versions.theirs

    @property
    def forked(self) -> bool:
        """Whether two versions of a stream were found: the next conversation goes on from there."""
        return self._settling.forked

    @property
    def dispute(self) -> str:
        """A sentence about the peer's version of a change, if our version wins; else empty."""
        return self._settling.dispute

    @property
    def caught_up(self) -> bool:
        """Whether each side has everything that the other had when it said Hello.

        That is: everything that the peer's Hello names is committed here, and the peer has (by its Hello, its
        Acks or the changes it sent) everything that our Hello named. Later commits on either side do not
        undo it.
        """
        return self.accepted and not self.forked and self._versions.caught_up and self._is_settled

    @property
    def _is_settled(self) -> bool:
        return self._records.settled and self._peer_heads.known

    @property
    def in_sync(self) -> bool:
        """Whether, as far as this side knows, both have the same changes right now."""
        return self.caught_up and self._outgoing.idle and self._versions.equal

    @property
    def behind(self) -> tuple[int, int]:
        """How many changes, as far as this side knows, the peer lacks, and how many this side lacks."""
        return self._versions.behind

    @property
    def waiting(self) -> tuple[int, int]:
        """How many changes this side does not send for lack of signatures, and how many the peer does not."""
        return self._versions.waiting

    @property
    def knows_presence(self) -> bool:
        """Whether the peer has accepted our Hello, so that it takes Presence messages."""
        return self.welcomed and self.peer is not None

    # -- what the caller does

    def say(self, presences: Sequence[Presence]) -> None:
        """Send presence messages to the peer, if it takes them already."""
        if self.knows_presence and not self.closed:
            self._presences += presences

    def start(self) -> None:
        """Say Hello."""
        try:
            self._epoch = self._replica.epoch
            self._check_peer()
            self._heads = self._replica.heads()
            records = self._records.begin()
        except (RemoteError, LocalError) as error:
            self.fail(error)
            return
        self._peer_heads.begin(self._heads)
        self._versions.offer({actor: seq for actor, (seq, _) in self._heads.items()})
        self._to_say.append(
            messages.hello(self._replica.vault_id, self._replica.device, self._heads, records)
        )

    def wake(self) -> None:
        """Note that something was committed here, by any process or peer."""
        self._stored_since = True
        self._outgoing.wake()
        self._records.wake()

    def receive(self, frames: Sequence[bytes]) -> int:
        """Process the frames that have arrived; returns how many changes and records were new here.

        All changes among them go into one transaction. A frame that breaks a rule ends the session. Frames
        that are too much for one transaction wait: while `has_more`, call this again, with no frames.
        """
        before = self.received + self.learned
        try:
            self._check_peer()
            self._receive(frames)
        except (RemoteError, LocalError) as error:
            self.fail(error)
        return self.received + self.learned - before

    def data_to_send(self, budget: int = BUDGET_BYTES) -> list[bytes]:
        """Return the next frames for the peer, with about `budget` bytes of changes; none when idle."""
        changes: list[bytes] = []
        try:
            if not self.closed:
                self._check_peer()
                if self._stored_since and not self.forked:
                    self._stored_since = False
                    self._show(self._settling.found_meanwhile())
                changes = self._before_changes() + self._changes_to_send(budget)
        except (RemoteError, LocalError) as error:
            self._to_say.clear()
            self.fail(error)
        out, self._to_say = self._to_say, []
        if self._ack_owed:
            out += messages.acks(self._messages_taken, self._ack_due)
            self._ack_due, self._ack_owed = {}, False
        self._acceptance_sent = self.accepted
        frames = [messages.encode(message) for message in out] + changes
        # Presence follows the changes, so that the elements that it names are there.
        frames += [messages.encode(presence) for presence in self._presences]
        self._presences = []
        if self._farewell is not None:
            frames.append(messages.encode(self._farewell))
            self._farewell = None
        self.bytes_out += sum(map(len, frames))
        return frames

    def finish(self) -> None:
        """End normally: each side has what the other had."""
        self._say_bye(messages.bye(Reason.DONE, "Both sides have what the other had."))

    def leave(self) -> None:
        """End because this program is stopping."""
        self._say_bye(messages.bye(Reason.LEAVING, "The peer's program is stopping."))

    def make_room(self) -> None:
        """End because the peer's device has opened further connections; this is nobody's fault."""
        self._say_bye(
            messages.bye(Reason.REFUSED, "This device has opened another connection; two are kept at most.")
        )

    def fail(self, error: CrdtnotesError) -> None:
        """End because of `error`, whoever is at fault."""
        if not self.closed:
            self.error = error
            self._say_bye(bye_for(error))

    def drop(self) -> None:
        """End without a Bye: the connection is gone."""
        self.closed = True
        self._outgoing.stop()
        self._groups.clear()
        self._settling.clear()
        self._frames.clear()

    # -- inside

    def _say_bye(self, bye: Bye) -> None:
        if not self.closed:
            self._farewell = bye
            self.drop()

    def _receive(self, frames: Sequence[bytes]) -> None:
        self._frames.extend(frames)
        items: list[Batch | Heads] = []
        room = _MAX_COST
        while self._frames and room > 0 and not self.closed and self.bye is None:
            frame = self._frames.popleft()
            self.bytes_in += len(frame)
            group = self._take(self._read(frame))
            opened = [item if isinstance(item, Heads) else self._replica.open_batch(item) for item in group]
            room -= sum(item.cost for item in opened if not isinstance(item, Heads))
            items += opened
        if items:
            self._store(items)
        if self.bye is not None:
            self.error = self.error or error_in(self.bye)
            self.drop()

    def _take(self, message: Message) -> list[bytes | Heads]:
        """Take in a message; return the group of changes that is whole with it, to be stored."""
        match message:
            case Changes() | Heads():
                if not self.forked:
                    return self._groups.add(message)
                self._settling.take_proof(message)
            case Hello():
                self._greet(message)
            case Ack():
                self.delivered += self._outgoing.acknowledge(message)
                self.welcomed = True
            case Branch():
                self._to_say += self._records.in_fork()
                self._to_say += self._settling.answer(message)
            case Winner():
                self._show(self._settling.found_in_winner(message))
            case Bye():
                self.bye = message
            case Presence():
                self.heard.append(message)
            case Records():
                self.learned += self._records.take(message)
                self._check_peer()
            case Unsigned():
                self._outgoing.take_unsigned(message)
            case Total():
                self._versions.named(self._peer_heads.take_total(message))
            case Streams():
                if not self._show(self._settling.found_in_heads(message.heads, self._heads)):
                    self._versions.named(self._peer_heads.take_streams(message))
            case _:
                assert_never(message)
        return []

    def _read(self, frame: bytes) -> Message:
        """Decode a frame and check that it is allowed at this point."""
        try:
            message = messages.decode(frame)
        except DecodeError:
            # A newer Hello may have unknown fields; its first two are always the protocol range.
            if not self.accepted and (range_ := messages.protocol_range(frame)) is not None:
                messages.check_protocol(*range_)
            raise
        self._check_turn(message)
        return message

    def _check_turn(self, message: Message) -> None:
        """Raise ProtocolError if a message may not come yet, or not again."""
        match message:
            case Bye():
                pass
            case Hello():
                if self._greeted:
                    raise ProtocolError("A second Hello came.")
            case Ack() | Branch():
                self._check_greeted()
            case Changes() | Heads() | Presence() | Records() | Unsigned() | Winner() | Total() | Streams():
                self._check_greeted()
                if not (self._acceptance_sent or self.forked):
                    raise ProtocolError("A message came before the Hello was accepted.")
                if self._plain and isinstance(message, Records):
                    raise _paired_elsewhere()
            case _:
                assert_never(message)

    def _check_greeted(self) -> None:
        if not self._greeted:
            raise ProtocolError("A message came before the Hello.")

    def _greet(self, hello: Hello) -> None:
        messages.check_protocol(hello.oldest, hello.newest)
        if hello.vault != self._replica.vault_id:
            raise WrongVault("The two sides have different vaults, so nothing was exchanged.")
        if self._plain and any(hello.records):
            raise _paired_elsewhere()
        self._greeted = True
        self._records.greeted(hello)
        if not self._show(self._settling.found_in_heads(hello.heads, self._heads)):
            self.peer = hello
            self._versions.greeted(hello.version)
            self._peer_heads.greeted(hello)
            self._to_say.append(messages.ack(0, {}))

    def _show(self, branch: Branch | None) -> bool:
        """Send the peer a Branch, if there is one, and stop exchanging changes; returns whether there is."""
        if branch is not None:
            self._outgoing.stop()
            self._groups.clear()
            self._to_say.append(branch)
        return branch is not None

    def _store(self, items: list[Batch | Heads]) -> None:
        with_proofs = [item for item in items if isinstance(item, Heads) and item.proofs]
        if with_proofs and self._device is not None:
            self._replica.devices.check_streams(self._device, with_proofs)
        try:
            received = self._replica.receive(items)
        except Fork as fork:
            self._show(self._settling.found_in_changes(fork))
            return
        self._stored_since = True
        self._messages_taken += len(items)
        self._ack_owed = True
        self.received += received.changes
        if received.newly_signed:
            self.learned += 1
            self._outgoing.wake()
        self._versions.took(received.version)
        join(self._ack_due, received.version)

    def _check_peer(self) -> None:
        """Refuse a device that does not belong to the vault, and a plain connection if the vault is paired;
        called before each burst and before each sending.
        """
        if self._plain and self._replica.signatures.required:
            raise NotAMember(
                "A paired vault is exchanged only between its own devices, in encrypted connections."
            )
        if self._device is not None and not self._replica.devices.is_member(self._device):
            raise NotAMember("This device does not belong to the vault, or not any more.")
        if self._replica.epoch != self._epoch:
            # The log was rewritten since the Hello, so the heads in the Hello are not true any more.
            self._settling.forked = True
            raise Fork("Two versions of a stream were resolved with another peer; reconnect to go on.")

    def _before_changes(self) -> list[bytes]:
        """Return the messages that the peer needs before it receives changes."""
        if not self.welcomed:
            return []
        said: list[Message] = [*self._records.to_send(), *self._settling.winners_to_announce()]
        if not self.forked:
            said += self._peer_heads.to_send()
            if self._is_informed:
                said += self._outgoing.unsigned_to_announce()
        return [messages.encode(message) for message in said]

    @property
    def _is_informed(self) -> bool:
        """Whether both sides know who belongs to the vault, and this side knows what the peer has."""
        return self._records.known and self._peer_heads.known

    def _changes_to_send(self, budget: int) -> list[bytes]:
        frames: list[bytes] = []
        size = 0
        try:
            while self.welcomed and self._is_informed and not self.closed and not self.forked:
                frame = self._outgoing.next_frame() if size < budget else None
                if frame is None:
                    break
                frames.append(frame)
                size += len(frame)
        except LocalError as error:
            self.fail(error)
        return frames


def _paired_elsewhere() -> NotAMember:
    return NotAMember(
        "One side's vault is paired and the other's is not, so nothing was exchanged; join the paired one "
        "with a code (crdtnotes pair, crdtnotes join)."
    )
