"""Presence: the editors that are open on this vault, and where their carets are; no socket, no clock.

Rules (docs/protocol.md, "Presence")

1. For each person the message with the highest beat counts; any other is ignored. So a message that travels
   around a ring of peers stops where it has been before.
2. A new message is passed on to the other peers, with one more hop, up to MAX_HOPS.
3. A person who is not heard of for EXPIRY_SECONDS has left. An editor announces its place at each move, at
   most every PAUSE_SECONDS, and every BEAT_SECONDS anyway.
4. In a paired vault each message comes from a device that TLS has proven. A device speaks for its own people
   only: what it says with 0 hops is kept apart for each device, and what is passed on about a person counts
   only while that person's own device says nothing. A person's name is that of the device that said so, not
   the one in the message (`Present.source`, `Present.relayed`).
5. At most MAX_PEOPLE are known. `net/rate_limits.py` bounds the messages that are read from one peer; more
   are ignored: presence is optional, and no reason to close a connection.

Time is in seconds of any clock that does not go back, and is passed to each call.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crdtnotes.changes.messages import MAX_HOPS, Presence, device_name, element_of, element_to_wire
from crdtnotes.crdt.ids import ROOT, OpId

EXPIRY_SECONDS = 15.0
BEAT_SECONDS = 5.0
PAUSE_SECONDS = 0.05
MAX_PEOPLE = 64


@dataclass(frozen=True, slots=True)
class Present:
    """A person in a note; `caret` and `start`, the selection's other end, are the elements before them.

    `note` is the note's id as in `Note.id`, `actor` the stream of this person's edits, 16 hex digits.
    `device` and `actor` are what the message says. `source` is the id of the device that the message came
    from, None in a vault that is not paired; `relayed` says that this device has only passed it on.
    """

    person: int
    device: str
    actor: str
    note: str
    caret: OpId
    start: OpId
    source: bytes | None = None
    relayed: bool = False


@dataclass(slots=True)
class _Heard:
    message: Presence
    at: float
    source: bytes | None


class Presences:
    """The presence of all people that one replica knows; `person` is this editor's own number."""

    def __init__(self, person: int) -> None:
        self.person = person
        self._heard: dict[tuple[bytes | None, int], _Heard] = {}
        """By the person's own device, None if it is not proven, and the person's number."""
        self._own: Presence | None = None
        self._own_at = 0.0
        self._beat = 0

    def move(self, device: str, actor: int, note: bytes, caret: OpId, start: OpId, now: float) -> Presence:
        """Set where this editor is; return the message for all peers."""
        self._beat += 1
        self._own_at = now
        self._own = Presence(
            self.person,
            self._beat,
            0,
            device_name(device),
            actor,
            note,
            element_to_wire(caret),
            element_to_wire(start),
        )
        return self._own

    def leave(self, now: float) -> list[Presence]:
        """Note that this editor is closed; return the messages for all peers."""
        own = self._own
        if own is None:
            return []
        farewell = self.move(own.device, own.actor, b"", ROOT, ROOT, now)
        self._own = None
        return [farewell]

    def beat(self, now: float) -> list[Presence]:
        """Return the messages for all peers if this editor has announced nothing for a while."""
        own = self._own
        if own is None or now - self._own_at < BEAT_SECONDS:
            return []
        return [self.move(own.device, own.actor, own.note, element_of(own.caret), element_of(own.start), now)]

    def hear(self, said: Iterable[Presence], now: float, source: bytes | None = None) -> list[Presence]:
        """Process the messages of a peer; return those that are to be passed on to the other peers.

        `source` is the peer's device id if TLS has proven it.
        """
        self.expire(now)
        onward: dict[int, Presence] = {}
        for message in said:
            own = source if message.hops == 0 else None
            known = self._heard.get((own, message.person))
            if message.person == self.person or (known is not None and known.message.beat >= message.beat):
                continue
            if source is not None and own is None and self._speaks_for_itself(message.person):
                continue
            if known is None and (len(self._heard) >= MAX_PEOPLE or not message.note):
                continue
            self._heard[own, message.person] = _Heard(message, now, source)
            if own is not None:
                self._heard.pop((None, message.person), None)
            if message.hops < MAX_HOPS:
                onward[message.person] = _further(message)
        return list(onward.values())

    def _speaks_for_itself(self, person: int) -> bool:
        return any(own is not None and one == person for own, one in self._heard)

    def expire(self, now: float) -> bool:
        """Forget people who were not heard of for EXPIRY_SECONDS; return whether any of them was shown."""
        gone = [person for person, heard in self._heard.items() if now - heard.at >= EXPIRY_SECONDS]
        # A person who has left is kept until then, so that a late, older message does not bring them back.
        seen = any(self._heard[person].message.note for person in gone)
        for person in gone:
            del self._heard[person]
        return seen

    def for_newcomer(self) -> list[Presence]:
        """Return the messages for a peer that has just connected."""
        known = [heard.message for heard in self._heard.values() if heard.message.note]
        others = [_further(message) for message in known if message.hops < MAX_HOPS]
        return others if self._own is None else [self._own, *others]

    @property
    def people(self) -> list[Present]:
        """The other people who are present, in the order in which they came."""
        return [
            Present(
                message.person,
                message.device,
                f"{message.actor:016x}",
                message.note.hex(),
                element_of(message.caret),
                element_of(message.start),
                source,
                source is not None and message.hops > 0,
            )
            for message, source in ((heard.message, heard.source) for heard in self._heard.values())
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
