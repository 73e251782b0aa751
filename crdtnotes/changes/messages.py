"""The messages of a sync session to bytes and back (docs/protocol.md, "Messages").

One websocket frame holds one message: a msgpack array whose first element is the message's tag.
Everything from outside is checked here, once: `decode` and `unpack` raise DecodeError and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from crdtnotes.changes.compression import compress_if_worth, decompress
from crdtnotes.changes.limits import MAX_BATCH_BYTES, MAX_DEPS, MAX_TIME
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER
from crdtnotes.crdt.version import Version, pairs
from crdtnotes.errors import DecodeError

OLDEST_PROTOCOL = 2
NEWEST_PROTOCOL = 2
"""The versions of the sync protocol that this crdtnotes speaks."""

PRESENCE_PROTOCOL = 2
"""From this version on a peer knows Presence."""

MAX_HOPS = 3
"""How often a Presence is passed on."""

MAX_STRANGER_FRAME_BYTES = 64 * 1024
"""A frame from a peer whose Hello has not been accepted."""

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""A frame from an accepted peer."""

MAX_HEADS = 1700
"""Heads in a Hello: at most 37 bytes each, so that every Hello fits in a stranger's frame."""

MAX_POINTS = 512
"""Places of a stream that one Branch compares."""

MAX_DEVICE_LENGTH = 64
"""A device's name, in code points."""

MAX_SENTENCE_LENGTH = 500
"""What a Bye says, in code points."""

MAX_RECORD_BYTES = 64 * 1024
MAX_RECORDS = 4096
"""A record about a device, and how many a message holds."""

MAX_COVERED = 4096
"""Streams whose heads one message signs."""

MAX_STANDING = 4096
"""Versions that stand, in one message."""

# Control characters could rewrite the terminal they are printed on, and bidirectional overrides what a
# person reads; neither is part of a name or a sentence.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_Protocol = Annotated[int, Meta(ge=1, le=65535)]
_Actor = Annotated[int, Meta(ge=1, le=BIRTH - 1)]
_Seq = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
_Hash = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Person = Annotated[int, Meta(ge=1, le=BIRTH - 1)]
_Beat = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
_Element = tuple[Annotated[int, Meta(ge=0, le=MAX_COUNTER)], Annotated[int, Meta(ge=0)]]


class Reason(IntEnum):
    """Why a peer ends the conversation."""

    DONE = 0
    """Both have what the other had."""
    LEAVING = 1
    """The program stops, or was told to."""
    REFUSED = 2
    """You sent something that breaks the protocol or a rule of the changes."""
    WRONG_VAULT = 3
    VERSION_MISMATCH = 4
    FORK = 5
    TROUBLE = 6
    """My own disk or file is at fault."""
    NOT_A_MEMBER = 7
    """Your device does not belong to the vault, or does no longer."""


class _Wire(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """An array of a tag and exactly these fields."""

    def check(self) -> None:
        """Check what the bounds of the fields cannot express; raises DecodeError."""


class Hello(_Wire, frozen=True, tag=1):
    """The first message of each side: who I am and what I have.

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
        """The changes that the peer has."""
        return {actor: seq for actor, seq, _ in self.heads}

    def check(self) -> None:
        """Check the protocol range, the device's name and the order of the heads."""
        if self.oldest > self.newest:
            raise DecodeError("A Hello's protocol range is empty.")
        _check_printable(self.device, "A Hello's device name")
        _check_ascending([actor for actor, _, _ in self.heads])


class Ack(_Wire, frozen=True, tag=2):
    """Your Hello is accepted; so many of your Changes messages, in total, are committed here.

    `version` holds what the changes among them, since the last Ack, reach up to.
    """

    messages: Annotated[int, Meta(ge=0, le=MAX_COUNTER)]
    version: Annotated[tuple[tuple[_Actor, _Seq], ...], Meta(max_length=MAX_DEPS)]

    def check(self) -> None:
        """Check the order of the version."""
        _check_ascending([actor for actor, _ in self.version])


class Changes(_Wire, frozen=True, tag=3):
    """A batch of changes. `data` is the batch if it is `length` bytes long, else its zstd frame."""

    length: Annotated[int, Meta(ge=1, le=MAX_BATCH_BYTES)]
    data: Annotated[bytes, Meta(min_length=1, max_length=MAX_BATCH_BYTES)]


class Bye(_Wire, frozen=True, tag=4):
    """The last message: `reason` is a Reason (or one of a newer protocol), `sentence` says it to a person."""

    reason: Annotated[int, Meta(ge=0, le=65535)]
    sentence: Annotated[str, Meta(max_length=MAX_SENTENCE_LENGTH)]

    def check(self) -> None:
        """Check that the sentence can be printed."""
        _check_printable(self.sentence, "A Bye's sentence")


class Branch(_Wire, frozen=True, tag=6):
    """We hold different changes under one number of this actor's stream; where do they begin to differ?

    `points` are `(seq, hash)` of the sender's stream, ascending; `time` is that of the change at the last.
    """

    actor: _Actor
    time: Annotated[int, Meta(ge=0, le=MAX_TIME)]
    points: Annotated[tuple[tuple[_Seq, _Hash], ...], Meta(min_length=1, max_length=MAX_POINTS)]

    def check(self) -> None:
        """Check the order of the points."""
        _check_ascending([seq for seq, _ in self.points])


class Presence(_Wire, frozen=True, tag=5):
    """Somebody has a note open, or has left where `note` is empty. Never stored.

    `person` is one open editor, `beat` rises with each of its messages, `hops` counts how often this one was
    passed on. `actor` is the stream that the editor writes in. Caret and the selection's other end are the
    elements before them, as `(counter, actor)`; `(0, 0)` is the beginning.
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
            raise DecodeError("A Presence's note is no id of a note.")


class Records(_Wire, frozen=True, tag=7):
    """Records about devices, each after its signer's; their form is the business of
    crdtnotes/trust/records.py.
    """

    records: Annotated[
        tuple[Annotated[bytes, Meta(min_length=1, max_length=MAX_RECORD_BYTES)], ...],
        Meta(max_length=MAX_RECORDS),
    ]


class Heads(_Wire, frozen=True, tag=8):
    """Ends a group of Changes: the signatures that cover it.

    `proofs` are `(signing key, nonce)`, each the proof of a stream's name (crdtnotes/trust/actors.py);
    `heads` are `(actor, seq, signature)`, in the order of the actors.
    """

    proofs: Annotated[
        tuple[
            tuple[
                Annotated[bytes, Meta(min_length=32, max_length=32)],
                Annotated[bytes, Meta(min_length=16, max_length=16)],
            ],
            ...,
        ],
        Meta(max_length=MAX_COVERED),
    ]
    heads: Annotated[
        tuple[tuple[_Actor, _Seq, Annotated[bytes, Meta(min_length=64, max_length=64)]], ...],
        Meta(min_length=1, max_length=MAX_COVERED),
    ]

    def check(self) -> None:
        """Check the order of the heads."""
        _check_ascending([actor for actor, _, _ in self.heads])


class Unsigned(_Wire, frozen=True, tag=9):
    """Of these streams, in ascending order, not all that my Hello named is coming to you.

    What covers them is missing here. Tell me, if you have it.
    """

    streams: Annotated[tuple[_Actor, ...], Meta(min_length=1, max_length=MAX_DEPS)]

    def check(self) -> None:
        """Check the order of the streams."""
        _check_ascending(list(self.streams))


class Winner(_Wire, frozen=True, tag=10):
    """Of these changes another version than yours may stand: `(actor, seq, hash of that one)`.

    Each is the next in my stream of that actor, and is not here (any more, or yet).
    """

    places: Annotated[tuple[tuple[_Actor, _Seq, _Hash], ...], Meta(min_length=1, max_length=MAX_STANDING)]

    def check(self) -> None:
        """Check the order of the places."""
        _check_ascending([(actor, seq) for actor, seq, _ in self.places])


Message = Hello | Ack | Changes | Bye | Presence | Branch | Heads | Records | Unsigned | Winner


class _Greeting(Struct, array_like=True, tag=1, frozen=True):
    """What every version of Hello begins with."""

    oldest: _Protocol
    newest: _Protocol


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_greeting_decoder = msgspec.msgpack.Decoder(_Greeting)


def hello(
    vault: bytes, device: str, heads: Mapping[int, tuple[int, bytes]], records: bytes = bytes(16)
) -> Hello:
    """Return the Hello of a replica.

    Where a replica knows more than MAX_HEADS actors, the longest streams are named: the peer then
    sends the others' changes anew, which costs bytes and nothing else.
    """
    longest = sorted(heads.items(), key=lambda head: -head[1][0])[:MAX_HEADS]
    entries = tuple(sorted((actor, seq, digest) for actor, (seq, digest) in longest))
    return Hello(OLDEST_PROTOCOL, NEWEST_PROTOCOL, vault, device_name(device), entries, records)


def device_name(device: str) -> str:
    """Return a device's name as messages may carry it."""
    return _UNPRINTABLE.sub(" ", device)[:MAX_DEVICE_LENGTH] or "unnamed"


def ack(messages: int, version: Mapping[int, int]) -> Ack:
    """Return the Ack for this many messages and what they reached up to."""
    return Ack(messages, pairs(version))


def bye(reason: Reason, sentence: str) -> Bye:
    """Return a Bye, its sentence made fit to be printed and cut to the limit."""
    return Bye(int(reason), _UNPRINTABLE.sub(" ", sentence)[:MAX_SENTENCE_LENGTH])


def pack(batch: bytes) -> Changes:
    """Return the message for a batch, compressed where that saves at least an eighth."""
    smaller = compress_if_worth(batch)
    return Changes(len(batch), batch if smaller is None else smaller)


def unpack(message: Changes) -> bytes:
    """Return the batch; raises DecodeError. Never inflates more than the declared length and one byte."""
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
    """Return the (oldest, newest) protocol of a Hello of any version, or None if it is no Hello at all."""
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
