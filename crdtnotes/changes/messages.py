"""The messages of a sync session to bytes and back (docs/protocol.md, "Messages").

One websocket frame holds one message: a msgpack array whose first element is the message's tag.
All input from outside is checked here, once: `decode` and `unpack` raise DecodeError and nothing else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from crdtnotes.changes.compression import compress_if_worthwhile, decompress
from crdtnotes.changes.derived import from_wire, to_wire
from crdtnotes.changes.limits import MAX_BATCH_BYTES, MAX_TIME
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT, Id, OpId
from crdtnotes.crdt.version import Version, pairs
from crdtnotes.errors import DecodeError, VersionMismatch

OLDEST_PROTOCOL = 4
NEWEST_PROTOCOL = 4
"""The versions of the sync protocol that this version of crdtnotes speaks."""

MAX_HOPS = 3
"""How many times a Presence is passed on."""

MAX_STRANGER_FRAME_BYTES = 64 * 1024
"""A frame from a peer whose Hello has not been accepted."""

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""A frame from an accepted peer."""

MAX_HEADS = 1700
"""Heads in a Hello. A head takes at most 37 bytes, so every Hello fits in MAX_STRANGER_FRAME_BYTES. Further
heads follow in Streams messages."""

MAX_STREAMS = 4096
"""Streams that one Ack or Unsigned names; what is more goes into further ones."""

MAX_POINTS = 512
"""Places of a stream that one Branch compares."""

MAX_DEVICE_LENGTH = 64
"""A device's name, in code points."""

MAX_SENTENCE_LENGTH = 500
"""The sentence of a Bye, in code points."""

MAX_RECORD_BYTES = 64 * 1024
MAX_RECORDS = 4096
"""A record about a device, and how many a message holds."""

MAX_SIGNED_HEADS = 4096
"""Streams whose heads one message signs."""

MAX_WINNERS = 4096
"""Winners of forks that one message names."""

# Control characters could rewrite the terminal they are printed on, and bidirectional overrides could
# reorder the text that a person reads; neither belongs in a name or a sentence.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_Protocol = Annotated[int, Meta(ge=1, le=65535)]
_Actor = Annotated[int, Meta(ge=1, le=BIRTH - 1)]
_Seq = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
_Hash = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Person = Annotated[int, Meta(ge=1, le=BIRTH - 1)]
_Beat = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
_Element = tuple[Annotated[int, Meta(ge=0, le=MAX_COUNTER)], int | bytes]


def element_to_wire(id: Id) -> tuple[int, int | bytes]:
    """Return an element as it is sent: a derived actor as bytes; `(0, 0)` is the beginning."""
    counter, actor = id
    return counter, to_wire(actor)


def element_of(element: tuple[int, int | bytes]) -> OpId:
    """Return the element that was sent; raises DecodeError if there can be none."""
    counter, wire = element
    if element == (0, 0):
        return ROOT
    actor = from_wire(wire)
    if actor is None:
        raise DecodeError("A message names an element that cannot be.")
    return OpId(counter, actor)


class Reason(IntEnum):
    """Why a peer ends the conversation."""

    DONE = 0
    """Both sides have everything that the other had."""
    LEAVING = 1
    """The program is stopping, or was told to stop."""
    REFUSED = 2
    """The receiver had sent something that breaks the protocol or the rules for changes."""
    WRONG_VAULT = 3
    VERSION_MISMATCH = 4
    FORK = 5
    TROUBLE = 6
    """The sender has a problem with its own disk or file."""
    NOT_A_MEMBER = 7
    """The receiver's device does not belong to the vault, or no longer does."""


class _Wire(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """An array of a tag and exactly these fields."""

    def check(self) -> None:
        """Check the rules that the bounds of the fields cannot express; raises DecodeError."""


class Hello(_Wire, frozen=True, tag=1):
    """The first message of each side: who the sender is and which changes it has.

    `heads` are `(actor, seq, hash of the actor's chain at seq)` in the order of the actors.
    """

    oldest: _Protocol
    newest: _Protocol
    vault: _Hash
    device: Annotated[str, Meta(min_length=1, max_length=MAX_DEVICE_LENGTH)]
    heads: Annotated[tuple[tuple[_Actor, _Seq, _Hash], ...], Meta(max_length=MAX_HEADS)]
    records: _Hash
    """A hash of the sender's set of records about devices; zeros for none."""

    @property
    def version(self) -> Version:
        """The changes that the sender has."""
        return {actor: seq for actor, seq, _ in self.heads}

    def check(self) -> None:
        """Check the protocol range, the device's name and the order of the heads."""
        if self.oldest > self.newest:
            raise DecodeError("A Hello's protocol range is empty.")
        _check_printable(self.device, "A Hello's device name")
        _check_ascending([actor for actor, _, _ in self.heads])


class Ack(_Wire, frozen=True, tag=2):
    """The receiver's Hello is accepted, and the first `messages` of its Changes and Heads are committed.

    `version` holds the last seq, by actor, of the changes in those committed since the last Ack.
    """

    messages: Annotated[int, Meta(ge=0, le=MAX_COUNTER)]
    version: Annotated[tuple[tuple[_Actor, _Seq], ...], Meta(max_length=MAX_STREAMS)]

    def check(self) -> None:
        """Check the order of the version."""
        _check_ascending([actor for actor, _ in self.version])


class Changes(_Wire, frozen=True, tag=3):
    """A batch of changes. `data` is the batch if it is `length` bytes long, else its zstd frame."""

    length: Annotated[int, Meta(ge=1, le=MAX_BATCH_BYTES)]
    data: Annotated[bytes, Meta(min_length=1, max_length=MAX_BATCH_BYTES)]


class Bye(_Wire, frozen=True, tag=4):
    """The last message: `reason` is a Reason (or one of a newer protocol), `sentence` says it in words."""

    reason: Annotated[int, Meta(ge=0, le=65535)]
    sentence: Annotated[str, Meta(max_length=MAX_SENTENCE_LENGTH)]

    def check(self) -> None:
        """Check that the sentence can be printed."""
        _check_printable(self.sentence, "A Bye's sentence")


class Branch(_Wire, frozen=True, tag=6):
    """Asks where two copies of this actor's stream, which hold different changes, begin to differ.

    `points` are `(seq, hash)` of the sender's copy, ascending; `time` is that of the change at the last.
    """

    actor: _Actor
    time: Annotated[int, Meta(ge=0, le=MAX_TIME)]
    points: Annotated[tuple[tuple[_Seq, _Hash], ...], Meta(min_length=1, max_length=MAX_POINTS)]

    def check(self) -> None:
        """Check the order of the points."""
        _check_ascending([seq for seq, _ in self.points])


class Presence(_Wire, frozen=True, tag=5):
    """Says that an editor has a note open, or has left it if `note` is empty. Never stored.

    `person` names one open editor, `beat` rises with each of its messages, `hops` counts how often this
    message was passed on. `actor` is the stream that the editor writes to. The caret and the other end of the
    selection are given by the elements before them, as `element_to_wire` gives them.
    """

    person: _Person
    beat: _Beat
    hops: Annotated[int, Meta(ge=0, le=MAX_HOPS)]
    device: Annotated[str, Meta(min_length=1, max_length=MAX_DEVICE_LENGTH)]
    actor: _Actor
    note: Annotated[bytes, Meta(max_length=16)]
    caret: _Element
    start: _Element

    def check(self) -> None:
        """Check the device's name and the length of the note's id."""
        _check_printable(self.device, "A Presence's device name")
        if len(self.note) not in (0, 16):
            raise DecodeError("A Presence's note is not a note id.")
        for element in (self.caret, self.start):
            element_of(element)


class Records(_Wire, frozen=True, tag=7):
    """Records about devices; the record of a signer comes before the records it signed.

    crdtnotes/trust/records.py defines their form.
    """

    records: Annotated[
        tuple[Annotated[bytes, Meta(min_length=1, max_length=MAX_RECORD_BYTES)], ...],
        Meta(max_length=MAX_RECORDS),
    ]


class Heads(_Wire, frozen=True, tag=8):
    """Ends a group of Changes with the signatures that cover it, or with a part of them (`is_part`).

    `proofs` are `(signing key, nonce)`, each proving a stream's name (crdtnotes/trust/actors.py); `heads`
    are `(actor, seq, signature)`, in the order of the actors.
    """

    proofs: Annotated[
        tuple[
            tuple[
                Annotated[bytes, Meta(min_length=32, max_length=32)],
                Annotated[bytes, Meta(min_length=16, max_length=16)],
            ],
            ...,
        ],
        Meta(max_length=MAX_SIGNED_HEADS),
    ]
    heads: Annotated[
        tuple[tuple[_Actor, _Seq, Annotated[bytes, Meta(min_length=64, max_length=64)]], ...],
        Meta(max_length=MAX_SIGNED_HEADS),
    ]

    def check(self) -> None:
        """Check the order of the heads."""
        _check_ascending([actor for actor, _, _ in self.heads])


class Unsigned(_Wire, frozen=True, tag=9):
    """Names streams, in ascending order, of which the sender will not send all that its Hello announced.

    The sender lacks signatures that cover those changes; the receiver should send them if it has them.
    """

    streams: Annotated[tuple[_Actor, ...], Meta(min_length=1, max_length=MAX_STREAMS)]

    def check(self) -> None:
        """Check the order of the streams."""
        _check_ascending(list(self.streams))


class Winner(_Wire, frozen=True, tag=10):
    """Names winners of forks that the receiver may not know: `(actor, seq, hash of the winning version)`.

    Each is the change right after the end of the sender's stream of that actor; the sender does not have it
    (any more, or yet).
    """

    places: Annotated[tuple[tuple[_Actor, _Seq, _Hash], ...], Meta(min_length=1, max_length=MAX_WINNERS)]

    def check(self) -> None:
        """Check the order of the places."""
        _check_ascending([(actor, seq) for actor, seq, _ in self.places])


class Total(_Wire, frozen=True, tag=11):
    """A hash of all heads of a sender whose Hello names MAX_HEADS of them (`total_of`)."""

    digest: _Hash


class Streams(_Wire, frozen=True, tag=12):
    """Names the sender's heads that its Hello does not name, in the same form.

    `more` tells whether further Streams follow.
    """

    heads: Annotated[tuple[tuple[_Actor, _Seq, _Hash], ...], Meta(max_length=MAX_STREAMS)]
    more: bool

    def check(self) -> None:
        """Check the order of the heads."""
        _check_ascending([actor for actor, _, _ in self.heads])


Message = (
    Hello | Ack | Changes | Bye | Presence | Branch | Heads | Records | Unsigned | Winner | Total | Streams
)


class _Greeting(Struct, array_like=True, tag=1, frozen=True):
    """The fields that every version of Hello begins with."""

    oldest: _Protocol
    newest: _Protocol


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_greeting_decoder = msgspec.msgpack.Decoder(_Greeting)


def hello(
    vault: bytes, device: str, heads: Mapping[int, tuple[int, bytes]], records: bytes = bytes(16)
) -> Hello:
    """Return the Hello of a replica.

    If a replica knows more than MAX_HEADS actors, only the longest streams are named; Streams messages name
    the others.
    """
    entries = tuple(sorted((actor, *heads[actor]) for actor in _longest(heads)))
    return Hello(OLDEST_PROTOCOL, NEWEST_PROTOCOL, vault, device_name(device), entries, records)


def _longest(heads: Mapping[int, tuple[int, bytes]]) -> list[int]:
    """Return the actors whose heads a Hello names; the same ones each time for the same mapping."""
    if len(heads) <= MAX_HEADS:
        return list(heads)
    return sorted(heads, key=lambda actor: -heads[actor][0])[:MAX_HEADS]


def total_of(heads: Mapping[int, tuple[int, bytes]]) -> bytes:
    """Return the digest of a Total: a hash of all heads, in the order of the actors."""
    digest = blake2b(digest_size=16)
    for actor, (seq, tip) in sorted(heads.items()):
        digest.update(actor.to_bytes(8, "big") + seq.to_bytes(8, "big") + tip)
    return digest.digest()


def streams_after_hello(heads: Mapping[int, tuple[int, bytes]]) -> list[Streams]:
    """Return the Streams messages that name the heads that the Hello of the same heads does not name."""
    named = set(_longest(heads))
    entries = sorted((actor, seq, digest) for actor, (seq, digest) in heads.items() if actor not in named)
    places = range(0, len(entries), MAX_STREAMS) or range(1)
    return [
        Streams(tuple(entries[begin : begin + MAX_STREAMS]), begin + MAX_STREAMS < len(entries))
        for begin in places
    ]


def device_name(device: str) -> str:
    """Return a device's name in a form that messages may carry."""
    return _UNPRINTABLE.sub(" ", device)[:MAX_DEVICE_LENGTH] or "unnamed"


def ack(messages: int, version: Mapping[int, int]) -> Ack:
    """Return the Ack for this many messages and the version that they reached."""
    return Ack(messages, pairs(version))


def acks(messages: int, version: Mapping[int, int]) -> list[Ack]:
    """Return the Acks for this many messages; each names at most MAX_STREAMS streams."""
    entries = pairs(version)
    places = range(0, len(entries), MAX_STREAMS) or range(1)
    return [Ack(messages, entries[begin : begin + MAX_STREAMS]) for begin in places]


def unsigned(streams: Iterable[int]) -> list[Unsigned]:
    """Return the Unsigned messages that name these streams."""
    named = sorted(streams)
    return [
        Unsigned(tuple(named[begin : begin + MAX_STREAMS])) for begin in range(0, len(named), MAX_STREAMS)
    ]


def heads_in_parts(heads: Heads) -> list[Heads]:
    """Divide signatures into messages: all but the last are full (`is_part`), and the last is not."""
    size = MAX_SIGNED_HEADS
    return [
        Heads(heads.proofs[begin : begin + size], heads.heads[begin : begin + size])
        for begin in range(0, len(heads.heads) + 1, size)
    ]


def is_part(heads: Heads) -> bool:
    """Whether more signatures of the same group follow these, for peers that know of parts."""
    return len(heads.heads) == MAX_SIGNED_HEADS


def joined(parts: Sequence[Heads]) -> Heads:
    """Return the signatures of all parts."""
    if len(parts) == 1:
        return parts[0]
    return Heads(
        tuple(proof for part in parts for proof in part.proofs),
        tuple(head for part in parts for head in part.heads),
    )


def bye(reason: Reason, sentence: str) -> Bye:
    """Return a Bye; its sentence is made printable and cut to the limit."""
    return Bye(int(reason), _UNPRINTABLE.sub(" ", sentence)[:MAX_SENTENCE_LENGTH])


def pack(batch: bytes) -> Changes:
    """Return the message for a batch, compressed if that saves at least an eighth."""
    smaller = compress_if_worthwhile(batch)
    return Changes(len(batch), batch if smaller is None else smaller)


def unpack(message: Changes) -> bytes:
    """Return the batch; raises DecodeError. Never decompresses more than the declared length and one byte."""
    if len(message.data) == message.length:
        return message.data
    if len(message.data) > message.length:
        raise DecodeError("A Changes message holds more bytes than it declares.")
    return decompress(message.data, message.length)


def encode(message: Message) -> bytes:
    """Return the frame of a message."""
    return _encoder.encode(message)


def decode(frame: bytes) -> Message:
    """Return the message in a frame; raises DecodeError."""
    try:
        message = _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"A message cannot be read ({error}).") from None
    message.check()
    return message


def protocol_range(frame: bytes) -> tuple[int, int] | None:
    """Return the (oldest, newest) protocol of a Hello of any version, or None if the frame is not a Hello."""
    try:
        greeting = _greeting_decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return greeting.oldest, greeting.newest


_T = TypeVar("_T", int, tuple[int, int])


def _check_printable(text: str, what: str) -> None:
    if _UNPRINTABLE.search(text):
        raise DecodeError(f"{what} holds control characters.")


def _check_ascending(numbers: Sequence[_T]) -> None:
    if any(former >= latter for former, latter in pairwise(numbers)):
        raise DecodeError("The actors or seqs of a message are not in ascending order.")


def check_protocol(oldest: int, newest: int) -> None:
    """Check that both sides speak a common version; raises VersionMismatch. The arguments are the peer's."""
    if oldest > NEWEST_PROTOCOL or newest < OLDEST_PROTOCOL:
        raise VersionMismatch(
            f"One side supports sync protocol {oldest} to {newest}, the other {OLDEST_PROTOCOL} to "
            f"{NEWEST_PROTOCOL}: the older crdtnotes needs an update."
        )
