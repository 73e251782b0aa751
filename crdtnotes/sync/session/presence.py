"""Who is where: the editors that are open on this vault, and where their carets are; no socket, no clock.

Rules (docs/protocol.md, "Presence")

1. Of each person the message with the highest beat counts; one that is not newer is passed over. So what goes
   round in a circle of peers ends where it has been.
2. What is new is passed on to the other peers, with one hop more, up to MAX_HOPS.
3. Who is not heard of for EXPIRY_SECONDS has left. An editor says where it is at each move, at most every
   PAUSE_SECONDS, and every BEAT_SECONDS anyway.
4. At most MAX_PEOPLE are known. `net/rate_limits.py` bounds the messages that are read from one peer; more
   are passed over: presence is a courtesy, no reason to close a connection.

Time is seconds of any clock that does not go back, given to each call.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crdtnotes.changes.messages import MAX_HOPS, Presence, device_name
from crdtnotes.crdt.ids import ROOT, OpId

EXPIRY_SECONDS = 15.0
BEAT_SECONDS = 5.0
PAUSE_SECONDS = 0.05
MAX_PEOPLE = 64


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in a note: caret and the selection's other end are the elements before them.

    `note` is the note's id as `Note.id` has it, `actor` the stream that this person's edits are in, 16 hex
    digits.
    """

    person: int
    device: str
    actor: str
    note: str
    caret: OpId
    start: OpId


@dataclass(slots=True)
class _Heard:
    message: Presence
    at: float


class Presences:
    """What one replica knows of who is where; `person` is this editor's own number."""

    def __init__(self, person: int) -> None:
        self.person = person
        self._heard: dict[int, _Heard] = {}
        self._own: Presence | None = None
        self._own_at = 0.0
        self._beat = 0

    def move(self, device: str, actor: int, note: bytes, caret: OpId, start: OpId, now: float) -> Presence:
        """Note where this editor is, and return what to tell all peers."""
        self._beat += 1
        self._own_at = now
        self._own = Presence(
            self.person,
            self._beat,
            0,
            device_name(device),
            actor,
            note,
            (caret[0], caret[1]),
            (start[0], start[1]),
        )
        return self._own

    def leave(self, now: float) -> list[Presence]:
        """Note that this editor is closed, and return what to tell all peers."""
        own = self._own
        if own is None:
            return []
        farewell = self.move(own.device, own.actor, b"", ROOT, ROOT, now)
        self._own = None
        return [farewell]

    def beat(self, now: float) -> list[Presence]:
        """Return what to tell all peers where this editor has said nothing for a while."""
        own = self._own
        if own is None or now - self._own_at < BEAT_SECONDS:
            return []
        return [self.move(own.device, own.actor, own.note, OpId(*own.caret), OpId(*own.start), now)]

    def hear(self, said: Iterable[Presence], now: float) -> list[Presence]:
        """Take in what a peer said; return what of it is to be passed on to the others."""
        self.expire(now)
        onward: dict[int, Presence] = {}
        for message in said:
            known = self._heard.get(message.person)
            if message.person == self.person or (known is not None and known.message.beat >= message.beat):
                continue
            if known is None and (len(self._heard) >= MAX_PEOPLE or not message.note):
                continue
            self._heard[message.person] = _Heard(message, now)
            if message.hops < MAX_HOPS:
                onward[message.person] = _further(message)
        return list(onward.values())

    def expire(self, now: float) -> bool:
        """Forget who has not been heard of for long; return whether anybody seen was among them."""
        gone = [person for person, heard in self._heard.items() if now - heard.at >= EXPIRY_SECONDS]
        # Who said goodbye is kept until then, so that an older message that arrives late brings nobody back.
        seen = any(self._heard[person].message.note for person in gone)
        for person in gone:
            del self._heard[person]
        return seen

    def for_newcomer(self) -> list[Presence]:
        """Return what to tell a peer that has just come."""
        known = [heard.message for heard in self._heard.values() if heard.message.note]
        others = [_further(message) for message in known if message.hops < MAX_HOPS]
        return others if self._own is None else [self._own, *others]

    @property
    def people(self) -> list[Present]:
        """The others that are here, in the order in which they came."""
        return [
            Present(
                message.person,
                message.device,
                f"{message.actor:016x}",
                message.note.hex(),
                OpId(*message.caret),
                OpId(*message.start),
            )
            for message in (heard.message for heard in self._heard.values())
            if message.note
        ]


def _further(message: Presence) -> Presence:
    return Presence(
        message.person,
        message.beat,
        message.hops + 1,
        message.device,
        message.actor,
        message.note,
        message.caret,
        message.start,
    )
