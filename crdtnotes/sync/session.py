"""One conversation with one peer: frames in, frames out; no socket, no clock, no thread.

Rules, the same for both sides (docs/protocol.md):

1. Each side sends its Hello at once. A Hello is accepted if the vault is the same, the protocols overlap,
   and no actor's stream is forked: where this replica has `(actor, seq)` of the peer's heads, the hashes
   agree (else rule 6). It is accepted by an Ack of nothing, or refused by a Bye.
2. Changes go out only to a peer that has accepted our Hello, so nothing is exchanged unless both agree.
3. What the peer is known to have (`theirs`: its Hello, its Acks, and what it sent) is not sent to it, and
   what was sent once is not sent again. Everything else that is committed here is, in causal order:
   also what came from other peers. So a chain A-B-C converges.
4. Only what is committed is sent or acknowledged; each burst that comes in is one transaction.
5. Changes messages are sent while fewer than `window` bytes are unacknowledged. Acks count messages.
6. Where both hold different changes under one number, no Changes are exchanged any more: Branch messages
   find where the streams part, one side's branch gives way, and a Bye ends the conversation. When they meet
   again there is no fork.
7. A message that breaks a rule ends the conversation with a Bye, and nothing of its burst is kept.
8. Presence is news of the moment: it goes only to a peer whose protocol has it, and is never stored.
9. Where the sets of records about devices differ, each side sends those that it has, before its changes. A
   peer whose device is known is asked for at the membership before each burst and before each sending, not
   once a connection.
10. In a vault that was paired, changes come in groups, each ended by the signatures that cover it (Heads).
   What came of a group is held back until then; the window is looked at between groups only. There a side
   gives way only to a branch that the other has proven: by its changes and what covers them.
11. A side that lacks what covers some of its streams says so (Bare), and gets it if the other has it. Until
   then it sends those streams to nobody, and what it has besides only to who has all of them.
12. After a Bye, sent or received, nothing more is read or sent.

How what the peer lacks is found: a *pass* fixes the version to reach, and iterates over the changes
between what the peer has or was sent and that version. When a pass is through, `sent` includes its version. A
commit meanwhile (`wake`) makes one more pass follow.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from crdtnotes.changes import messages
from crdtnotes.changes.limits import MAX_DEPS, MAX_GROUP_BYTES
from crdtnotes.changes.messages import (
    Ack,
    Bare,
    Branch,
    Bye,
    Changes,
    Heads,
    Hello,
    Message,
    Presence,
    Reason,
    Records,
    Standing,
)
from crdtnotes.crdt.version import Version, ahead, count_missing, covers, join
from crdtnotes.errors import (
    CrdtnotesError,
    DecodeError,
    Fork,
    LocalError,
    NotAMember,
    ProtocolError,
    RemoteError,
    Unreachable,
    VersionMismatch,
    WrongVault,
)
from crdtnotes.sync.branches import MAX_BRANCHES, branch, compare, gives_way, rank_of
from crdtnotes.sync.replica import Replica

WINDOW_BYTES = 4 * 1024 * 1024
"""Unacknowledged bytes beyond which no further Changes are sent."""

BUDGET_BYTES = 1024 * 1024
"""About what `data_to_send` returns at a time."""

_MAX_COST = 2 * messages.MAX_FRAME_BYTES
# Of a burst that costs more than this to take in, the rest waits, so that memory and time stay bounded.

_MAX_HELD_BYTES = 2 * MAX_GROUP_BYTES
_MAX_HELD_MESSAGES = 4096
# A group that waits for its signatures.

_REASONS: dict[type[CrdtnotesError], Reason] = {
    WrongVault: Reason.WRONG_VAULT,
    VersionMismatch: Reason.VERSION_MISMATCH,
    Fork: Reason.FORK,
    NotAMember: Reason.NOT_A_MEMBER,
}
_ERRORS: dict[int, type[CrdtnotesError]] = {
    Reason.WRONG_VAULT: WrongVault,
    Reason.VERSION_MISMATCH: VersionMismatch,
    Reason.FORK: Fork,
    Reason.NOT_A_MEMBER: NotAMember,
    Reason.TROUBLE: Unreachable,
}


class Session:
    """A conversation over `replica` with one peer.

    Give it the frames that arrive (`receive`) and say when something was committed (`wake`); after each
    call send what `data_to_send` returns, until that is nothing. When `closed`, close the connection.
    A RemoteError or LocalError does not leave these methods: it ends the session and stays in `error`.
    """

    def __init__(self, replica: Replica, *, window: int = WINDOW_BYTES, device: bytes | None = None) -> None:
        """`device` is the id of the peer's device where the transport has proven it."""
        self._replica = replica
        self._device = device
        self._records_known: set[bytes] = set()
        self._records_digest = b""
        self._records_sent = False
        self._records_agree = False
        self._records_came = False
        self._records_dirty = True
        self._window = window
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._offered: Version = {}
        self._wanted: Version = {}
        self._mine: Version = {}
        self._sent: Version = {}
        self._pass: Iterator[bytes | Heads] | None = None
        self._covered = False
        self._in_group = False
        self._held: list[bytes | Heads] = []
        self._held_bytes = 0
        self._proofs_sent: set[tuple[bytes, bytes]] = set()
        self._bare_said = False
        self._standing_said = False
        self._epoch = 0
        self._asked: Version = {}
        self._answers: deque[Heads] = deque()
        self._answered: set[tuple[int, int]] = set()
        self._target: Version = {}
        self._dirty = True
        self._greeting: list[Message] = []
        self._farewell: Bye | None = None
        self._acceptance_sent = False
        self._unacknowledged: deque[int] = deque()
        self._unacknowledged_bytes = 0
        self._messages_acknowledged = 0
        self._messages_taken = 0
        self._ack_due: Version = {}
        self._ack_owed = False
        self._greeted = False
        self._asked_for_proof: dict[int, tuple[Branch, int]] = {}
        self._branches = 0
        self._presences: list[Presence] = []
        self._frames: deque[bytes] = deque()

        self.peer: Hello | None = None
        """The peer's Hello, once it is accepted."""
        self.theirs: Version = {}
        """What the peer is known to have."""
        self.welcomed = False
        """Whether the peer has accepted our Hello."""
        self.closed = False
        """Whether the conversation is over; `data_to_send` may still hold the last frames."""
        self.bye: Bye | None = None
        """The peer's Bye."""
        self.error: CrdtnotesError | None = None
        """Why the session broke, or the peer says it did; None while open and after a normal end."""
        self.forked = False
        """Whether two versions of a stream were found: no changes are exchanged any more, and a meeting
        after this one goes on."""
        self.dispute = ""
        """A sentence about the peer's version of a change, where the one here stands."""
        self.received = 0
        """Changes from the peer that were new here."""
        self.learned = 0
        """Records about devices from the peer that were new here."""
        self.delivered = 0
        """Changes that the peer acknowledged and did not have before."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.heard: list[Presence] = []
        """What the peer said of who is where; the caller takes it out."""

    # -- what the caller sees

    @property
    def accepted(self) -> bool:
        """Whether the peer's Hello has come and passed the checks."""
        return self.peer is not None

    @property
    def has_more(self) -> bool:
        """Whether frames that were given to `receive` wait to be taken in."""
        return bool(self._frames) and not self.closed

    @property
    def trusted(self) -> bool:
        """Whether the peer may send large frames: its Hello is accepted, or a fork is being settled."""
        return self.accepted or self.forked

    @property
    def caught_up(self) -> bool:
        """Whether each side has what the other had when it said Hello.

        That is: all that the peer's Hello names is committed here, and the peer has (by its Hello, its
        Acks or what it sent) all that our Hello named. Later commits on either side do not undo it.
        """
        return (
            self.accepted
            and not self.forked
            and not self._wanted
            and covers(self.theirs, self._offered)
            and (self._records_agree or (self._records_came and self._records_sent))
        )

    @property
    def in_step(self) -> bool:
        """Whether, as far as this side knows, both hold the same changes right now."""
        return (
            self.caught_up
            and not self._dirty
            and self._pass is None
            and covers(self.theirs, self._mine)
            and covers(self._mine, self.theirs)
        )

    @property
    def behind(self) -> tuple[int, int]:
        """How many changes, as far as this side knows, the peer lacks, and how many this side does."""
        return count_missing(self._mine, self.theirs), count_missing(self.theirs, self._mine)

    @property
    def knows_presence(self) -> bool:
        """Whether the peer has accepted our Hello and speaks a protocol with Presence."""
        return self.welcomed and self.peer is not None and self.peer.newest >= messages.PRESENCE_PROTOCOL

    # -- what the caller does

    def say(self, presences: Sequence[Presence]) -> None:
        """Tell the peer who is where, if it understands that."""
        if self.knows_presence and not self.closed:
            self._presences += presences

    def start(self) -> None:
        """Say Hello."""
        try:
            self._epoch = self._replica.epoch
            self._check_peer()
            self._heads = self._replica.heads()
            records = self._replica.devices.records_digest()
            self._records_known = set(self._replica.devices.records())
        except (RemoteError, LocalError) as error:
            self.fail(error)
            return
        self._records_digest = records
        self._offered = {actor: seq for actor, (seq, _) in self._heads.items()}
        self._mine = dict(self._offered)
        self._greeting.append(
            messages.hello(self._replica.vault_id, self._replica.device, self._heads, records)
        )

    def wake(self) -> None:
        """Note that something was committed here, by whomever."""
        self._dirty = True
        self._records_dirty = True

    def receive(self, frames: Sequence[bytes]) -> int:
        """Take in the frames that have arrived; returns how many changes and records were new here.

        All changes among them go into one transaction. A frame that breaks a rule ends the session. What
        is too much for one transaction waits: while `has_more`, call this again, with no frames.
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
                changes = self._records_to_send() + self._standing_to_send() + self._bare_to_send()
                changes += self._changes_to_send(budget)
        except (RemoteError, LocalError) as error:
            self._greeting.clear()
            self.fail(error)
        out = self._greeting
        self._greeting = []
        if self._ack_owed:
            out.append(messages.ack(self._messages_taken, self._ack_due))
            self._ack_due, self._ack_owed = {}, False
        self._acceptance_sent = self.accepted
        frames = [messages.encode(message) for message in out] + changes
        # Behind the changes, so that the elements that it names are there.
        frames += [messages.encode(presence) for presence in self._presences]
        self._presences = []
        if self._farewell is not None:
            frames.append(messages.encode(self._farewell))
            self._farewell = None
        self.bytes_out += sum(map(len, frames))
        return frames

    def finish(self) -> None:
        """End normally: both have what the other had."""
        self._say_bye(Reason.DONE, "Both sides have what the other had.")

    def leave(self) -> None:
        """End because this program stops."""
        self._say_bye(Reason.LEAVING, "The peer's program is stopping.")

    def fail(self, error: CrdtnotesError) -> None:
        """End because of `error`, whoever is at fault."""
        if self.closed:
            return
        self.error = error
        if isinstance(error, RemoteError):
            self._say_bye(_REASONS.get(type(error), Reason.REFUSED), str(error))
        else:
            # The sentence of a local error can name files of this machine.
            self._say_bye(Reason.TROUBLE, "The peer cannot read or write its replica at the moment.")

    def drop(self) -> None:
        """End without a word: the connection is gone."""
        self.closed = True
        self._pass = None
        self._frames.clear()

    # -- inside

    def _say_bye(self, reason: Reason, sentence: str) -> None:
        if not self.closed:
            self._farewell = messages.bye(reason, sentence)
            self.drop()

    def _receive(self, frames: Sequence[bytes]) -> None:
        self._frames.extend(frames)
        items: list[bytes | Heads] = []
        room = _MAX_COST
        while self._frames and room > 0 and not self.closed and self.bye is None:
            frame = self._frames.popleft()
            self.bytes_in += len(frame)
            message = self._read(frame)
            if not isinstance(message, Changes | Heads):
                self._take(message)
            elif self.forked:
                self._take_proof(message)
            elif self._hold(message):
                items += self._held
                room -= sum(self._replica.cost(item) for item in self._held if isinstance(item, bytes))
                self._held, self._held_bytes = [], 0
        if items:
            self._store(items)
        if self.bye is not None:
            self._part(self.bye)

    def _take(self, message: Message) -> None:
        """Take in a message that is not about changes."""
        match message:
            case Hello():
                self._greet(message)
            case Ack():
                self._acknowledge(message)
            case Branch():
                self._settle_fork(message)
            case Bye():
                self.bye = message
            case Presence():
                self.heard.append(message)
            case Records():
                self._take_records(list(message.records))
            case Bare():
                self._take_bare(message)
            case Standing():
                self._take_standing(message)

    def _hold(self, message: Changes | Heads) -> bool:
        """Put a message to those that came of its group; return whether the group ends with it."""
        if isinstance(message, Heads):
            self._held.append(message)
            return True
        batch = messages.unpack(message)
        self._held.append(batch)
        self._held_bytes += len(batch)
        if not self._replica.founded:
            return True
        if self._held_bytes > _MAX_HELD_BYTES or len(self._held) > _MAX_HELD_MESSAGES:
            raise ProtocolError("A group of changes is over the limit.")
        return False

    def _read(self, frame: bytes) -> Message:
        """Decode a frame and check that it may come now."""
        try:
            message = messages.decode(frame)
        except DecodeError:
            # A newer Hello may have fields that are not known here; its first two are always the range.
            if not self.accepted and (range_ := messages.protocol_range(frame)) is not None:
                _check_protocol(*range_)
            raise
        if isinstance(message, Hello):
            if self._greeted:
                raise ProtocolError("A second Hello came.")
        elif not isinstance(message, Bye) and not self._greeted:
            raise ProtocolError("A message came before the Hello.")
        if isinstance(message, Changes | Heads | Presence | Records | Bare | Standing) and not (
            self._acceptance_sent or self.forked
        ):
            raise ProtocolError("A message came before the Hello was accepted.")
        return message

    def _greet(self, hello: Hello) -> None:
        _check_protocol(hello.oldest, hello.newest)
        if hello.vault != self._replica.vault_id:
            raise WrongVault("The two sides keep different vaults, so nothing was exchanged.")
        self._greeted = True
        self._records_agree = hello.records == self._records_digest
        if not self._records_agree:
            self._records_known.clear()
        for actor, seq, digest in hello.heads:
            own_seq, own_digest = self._heads.get(actor, (0, b""))
            known = own_digest if own_seq == seq else self._replica.hash_at(actor, seq)
            if known is not None and known != digest:
                self._show_branch(actor, 0, seq)
                return
        self.peer = hello
        self.theirs = hello.version
        self._wanted = ahead(self.theirs, self._mine)
        self._greeting.append(messages.ack(0, {}))

    def _acknowledge(self, ack: Ack) -> None:
        count = ack.messages - self._messages_acknowledged
        if not 0 <= count <= len(self._unacknowledged):
            raise ProtocolError("An Ack counts messages that were never sent, or takes some back.")
        self.welcomed = True
        self._messages_acknowledged = ack.messages
        for _ in range(count):
            self._unacknowledged_bytes -= self._unacknowledged.popleft()
        version = dict(ack.version)
        self.delivered += count_missing(version, self.theirs)
        join(self.theirs, version)

    def _show_branch(self, actor: int, agree: int, differ: int) -> None:
        """Tell the peer how a stream goes here between two seqs; nothing else is exchanged any more."""
        self.forked = True
        self._pass = None
        self._held, self._held_bytes = [], 0
        self._greeting.append(branch(self._replica, actor, agree, differ))

    def _settle_fork(self, message: Branch) -> None:
        """Find where the streams part; there, either this side gives way or the peer is to."""
        self._branches += 1
        if self._branches > MAX_BRANCHES:
            raise ProtocolError("A peer cannot say where two versions of a stream part.")
        place = compare(self._replica, message)
        if place is None:
            # Another conversation has settled it already.
            self._say_bye(Reason.FORK, "Two versions of a stream were found, and settled: meet again.")
            return
        # Who is gone is said all the same: else a device that was revoked could keep that from others.
        if not (self._records_agree or self._records_sent) and (records := self._replica.devices.records()):
            self._records_sent = True
            self._greeting.append(Records(tuple(records)))
        agree, differ = place
        if agree + 1 != differ or differ != message.points[-1][0]:
            self._show_branch(message.actor, agree, differ)
        elif not gives_way(self._replica, message, differ):
            self._show_branch(message.actor, agree, differ)
            self.dispute = (
                f"It has another version of change {differ} of {message.actor:016x}, which does not stand: a "
                "device was copied or restored from a backup, or somebody forges."
            )
            if self._replica.founded:
                self._prove(message.actor, differ)
        elif not self._replica.founded:
            self._give_way(message, differ, [])
        elif message.actor not in self._asked_for_proof:
            # Showing it the own branch asks for its proof.
            self._show_branch(message.actor, agree, differ)
            self._asked_for_proof[message.actor] = message, differ

    def _prove(self, actor: int, first: int) -> None:
        """Show the peer that the branch which stands is signed by the stream's author."""
        proof = self._replica.proof(actor, first)
        if not proof:
            self._say_bye(
                Reason.FORK, "Which version of a stream stands is known, but it is yet to come: meet again."
            )
        self._greeting += [item if isinstance(item, Heads) else messages.pack(item) for item in proof]

    def _take_proof(self, message: Changes | Heads) -> None:
        """Give way once the peer has proven its branch; what else comes during a fork is passed over."""
        if not self._asked_for_proof or not self._hold(message):
            return
        proof, self._held, self._held_bytes = self._held, [], 0
        # Each side may have found another fork: the proof says which one it is about.
        proven = [actor for actor, _, _ in message.heads] if isinstance(message, Heads) else []
        for actor in proven:
            if actor in self._asked_for_proof:
                self._give_way(*self._asked_for_proof[actor], proof)
                return

    def _give_way(self, message: Branch, seq: int, proof: Sequence[bytes | Heads]) -> None:
        sentence = self._replica.give_way(message.actor, seq, rank_of(message), proof)
        self.error = Fork(sentence, message.actor, seq)
        self._say_bye(Reason.FORK, sentence)

    def _store(self, items: list[bytes | Heads]) -> None:
        try:
            received = self._replica.receive(items)
        except Fork as fork:
            if not fork.actor or self._replica.hash_at(fork.actor, fork.seq) is None:
                raise  # both versions came from this peer, and neither is kept
            self._show_branch(fork.actor, fork.seq - 1, fork.seq)
            return
        self._messages_taken += len(items)
        self._ack_owed = True
        self.received += received.changes
        if received.covered:
            self.learned += 1
            self._dirty = True
        for version in (self.theirs, self._mine, self._ack_due):
            join(version, received.version)
        self._wanted = ahead(self._wanted, self._mine)

    def _check_peer(self) -> None:
        """Refuse a device that does not belong to the vault: asked before each burst and before each
        sending.
        """
        if self._device is not None and not self._replica.devices.is_member(self._device):
            raise NotAMember("This device does not belong to the vault, or does no longer.")
        if self._replica.epoch != self._epoch:
            # What was said of streams that were written anew since is not true any more.
            self.forked = True
            raise Fork("Two versions of a stream were settled with somebody else: meet again.")

    def _take_records(self, records: list[bytes]) -> None:
        self.learned += self._replica.devices.take_records(records)
        self._records_known.update(records)
        self._records_came = True
        # Taking them may have made further ones, and what waited for them can be sent now.
        self._records_dirty = True
        self._check_peer()

    def _records_to_send(self) -> list[bytes]:
        """Return a message with the records that the peer is not known to have.

        Where the Hellos differ, each side sends one such message, were it empty: then both know that they
        agree.
        """
        if not (self.welcomed and self._records_dirty):
            return []
        self._records_dirty = False
        missing = [record for record in self._replica.devices.records() if record not in self._records_known]
        if not missing and (self._records_agree or self._records_sent):
            return []
        self._records_sent = True
        self._records_known.update(missing)
        return [messages.encode(Records(tuple(missing)))]

    def _standing_to_send(self) -> list[bytes]:
        """Return, once, a message with the versions that stand here though they are not here, if any do."""
        if self._standing_said or self.forked or not self.welcomed:
            return []
        self._standing_said = True
        absent = self._replica.absent()
        return [
            messages.encode(Standing(tuple(absent[begin : begin + messages.MAX_STANDING])))
            for begin in range(0, len(absent), messages.MAX_STANDING)
        ]

    def _take_standing(self, message: Standing) -> None:
        """Look whether this replica has another version than one that stands at the peer."""
        for actor, seq, digest in message.places:
            if not self.forked and self._replica.hash_at(actor, seq) not in (None, digest):
                self._show_branch(actor, seq - 1, seq)

    def _bare_to_send(self) -> list[bytes]:
        """Return, once, a message that names the streams of which not all can be sent, if there are any."""
        if self._bare_said or self.forked or not (self.welcomed and self._knows_records):
            return []
        self._bare_said = True
        bare = self._replica.bare()
        if not bare:
            return []
        version = self._replica.version()
        if self._held_back(bare, version):
            bare = ahead(version, self.theirs) | bare
        for actor in bare:
            self._offered.pop(actor, None)
        streams = sorted(bare)[:MAX_DEPS]
        return [messages.encode(Bare(tuple(streams)))]

    def _take_bare(self, message: Bare) -> None:
        """Wait no longer for these streams, and look what covers them."""
        for actor in message.streams:
            self._wanted.pop(actor, None)
            if actor in self.theirs:
                self._asked[actor] = self.theirs[actor]
        self._dirty = True

    def _answer(self) -> None:
        """Tell the peer what covers the streams that are bare there, as far as it is new."""
        if self._asked and self._replica.founded:
            for heads in self._replica.covers_of(self._asked):
                fresh = tuple(head for head in heads.heads if head[:2] not in self._answered)
                if fresh:
                    self._answered.update(head[:2] for head in fresh)
                    self._answers.append(Heads(heads.proofs, fresh))

    def _held_back(self, bare: Mapping[int, int], version: Mapping[int, int]) -> bool:
        """Whether the peer lacks some of what is bare here: then it cannot take what was built on that."""
        return any(self.theirs.get(actor, 0) < version[actor] for actor in bare)

    @property
    def _knows_records(self) -> bool:
        """Whether who belongs to the vault is known to both: it decides which changes are taken."""
        return self._records_agree or self._records_came

    def _part(self, bye: Bye) -> None:
        if bye.reason not in (Reason.DONE, Reason.LEAVING):
            self.error = _ERRORS.get(bye.reason, ProtocolError)(f"The peer says: {bye.sentence}")
        self.drop()

    def _changes_to_send(self, budget: int) -> list[bytes]:
        frames: list[bytes] = []
        size = 0
        try:
            while self.welcomed and not self.closed and not self.forked and size < budget:
                if self._unacknowledged_bytes >= self._window and not self._in_group:
                    break
                item = self._next_item()
                if item is None:
                    break
                self._in_group = self._covered and not isinstance(item, Heads)
                frame = messages.encode(self._news(item) if isinstance(item, Heads) else messages.pack(item))
                self._unacknowledged.append(len(frame))
                self._unacknowledged_bytes += len(frame)
                frames.append(frame)
                size += len(frame)
        except LocalError as error:
            self.fail(error)
        return frames

    def _news(self, heads: Heads) -> Heads:
        """Leave out the proofs that were sent before."""
        proofs = tuple(proof for proof in heads.proofs if proof not in self._proofs_sent)
        self._proofs_sent.update(proofs)
        return Heads(proofs, heads.heads)

    def _next_item(self) -> bytes | Heads | None:
        """Return the next batch that the peer lacks, or what ends a group; None if it was sent everything."""
        while True:
            if self._answers and not self._in_group:
                return self._answers.popleft()
            if self._pass is None:
                # First who belongs to the vault.
                if not self._dirty or not self._knows_records:
                    return None
                self._answer()
                if self._answers:
                    continue
                self._target = self._replica.version()
                join(self._mine, self._target)
                self._wanted = ahead(self._wanted, self._mine)
                bare = self._replica.bare()
                if self._held_back(bare, self._target):
                    return None
                self._dirty = False
                self._target.update(bare)
                join(self._sent, self.theirs)
                if covers(self._sent, self._target):
                    return None
                self._covered = self._replica.founded
                self._pass = self._replica.changes_since(dict(self._sent))
            item = next(self._pass, None)
            if item is not None:
                return item
            join(self._sent, self._target)
            self._pass = None


def _check_protocol(oldest: int, newest: int) -> None:
    if oldest > messages.NEWEST_PROTOCOL or newest < messages.OLDEST_PROTOCOL:
        raise VersionMismatch(
            f"One side speaks sync protocol {oldest} to {newest}, the other {messages.OLDEST_PROTOCOL} to "
            f"{messages.NEWEST_PROTOCOL}: the older crdtnotes needs an update."
        )
