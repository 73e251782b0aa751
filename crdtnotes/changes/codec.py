"""Changes to bytes and back, canonically (docs/protocol.md, "Changes").

A change is a msgpack array `[format, actor, seq, start, deps, time, note, actors, ops]`. Operations
refer to elements as `(index, distance)`: index 0 is the change's own actor, i is `actors[i-1]`;
distance is the operation's own counter minus the element's. It is small, and at least 1, because an
operation only refers to older elements. `actors` lists other actors in the order of their first use.

One change has exactly one encoding; bytes that are not that encoding are rejected, because the hash
chain is computed over bytes. Operations of unknown kinds are kept verbatim; each takes one counter.
"""

from operator import lt
from typing import assert_never, get_args

import msgspec
from msgspec import Struct

from crdtnotes.changes.change import Change, birth_actor
from crdtnotes.changes.limits import (
    MAX_CHANGE_BYTES,
    MAX_DEPS,
    MAX_NAME_BYTES,
    MAX_OPS,
    MAX_TIME,
    MAX_VALUE_BYTES,
)
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT, OpId
from crdtnotes.crdt.ops import (
    Create,
    Delete,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Span,
    Unknown,
    Unlink,
    next_counter,
)
from crdtnotes.errors import DecodeError, InvalidText, TooLarge

FORMAT = 1
"""The version of the change format that this module writes."""


class Wire(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """An array of exactly these fields."""


class _Insert(Wire, frozen=True, tag=1):
    actor: int
    distance: int
    text: str


class _Delete(Wire, frozen=True, tag=2):
    spans: tuple[tuple[int, int, int], ...]


class _Create(Wire, frozen=True, tag=3):
    name: str
    text: str
    links: tuple[tuple[str, str, int], ...]


class _Rename(Wire, frozen=True, tag=4):
    name: str


class _Link(Wire, frozen=True, tag=5):
    kind: str
    value: str


class _Unlink(Wire, frozen=True, tag=6):
    kind: str
    value: str
    tags: tuple[tuple[int, int], ...]


class _Remove(Wire, frozen=True, tag=7):
    cover: tuple[tuple[int, int], ...]


WireOp = _Insert | _Delete | _Create | _Rename | _Link | _Unlink | _Remove
KNOWN_KINDS = len(get_args(WireOp))
"""Kinds 1 to this are known. A replica records it, to reread changes after an update adds kinds."""


class _Change(Wire, frozen=True):
    format: int
    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    actors: tuple[int, ...]
    ops: tuple[WireOp, ...]


class _OpaqueChange(Wire, frozen=True):
    """A change whose operations are still bytes."""

    format: int
    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    actors: tuple[int, ...]
    ops: tuple[msgspec.Raw, ...]


_encoder = msgspec.msgpack.Encoder()
_change_decoder = msgspec.msgpack.Decoder(_Change)
_opaque_decoder = msgspec.msgpack.Decoder(_OpaqueChange)
_op_decoder: msgspec.msgpack.Decoder[WireOp] = msgspec.msgpack.Decoder(WireOp)
_fields_decoder = msgspec.msgpack.Decoder(tuple[msgspec.Raw, ...])
_int_decoder = msgspec.msgpack.Decoder(int)


class ActorTable:
    """Numbers the actors that operations refer to, in the order of first use; 0 is the change's own actor."""

    def __init__(self, own: int) -> None:
        self._numbers = {own: 0}

    def number(self, actor: int) -> int:
        """Return an actor's number."""
        return self._numbers.setdefault(actor, len(self._numbers))

    def table(self) -> tuple[int, ...]:
        """Return the other actors, in order, starting with number 1."""
        return tuple(self._numbers)[1:]


# -- writing


def encode(change: Change) -> bytes:
    """Return the change's bytes.

    Raises TooLarge when they are over a limit, InvalidText for a text that is not valid Unicode.
    """
    if len(change.ops) > MAX_OPS:
        raise TooLarge(f"One edit can have at most {MAX_OPS:,} steps; this one has {len(change.ops):,}.")
    if len(change.deps) > MAX_DEPS:
        raise TooLarge(f"One edit can depend on at most {MAX_DEPS:,} streams of changes.")
    actors = ActorTable(change.actor)
    counter = change.start
    ops: list[WireOp | msgspec.Raw] = []
    for op in change.ops:
        ops.append(to_wire(op, counter, actors))
        counter = next_counter(counter, op)
    wire = (
        FORMAT,
        change.actor,
        change.seq,
        change.start,
        change.deps,
        change.time,
        change.note,
        actors.table(),
        ops,
    )
    try:
        data = _encoder.encode(wire)
    except UnicodeEncodeError:
        raise InvalidText("The text holds half of a surrogate pair, which is not valid Unicode.") from None
    if len(data) > MAX_CHANGE_BYTES:
        raise TooLarge(
            f"This edit takes {len(data):,} bytes; one edit can take at most {MAX_CHANGE_BYTES:,}."
        )
    return data


def to_wire(op: Op, counter: int, actors: ActorTable) -> WireOp | msgspec.Raw:
    """Return the wire form of an operation whose own counter is `counter`."""
    match op:
        case Insert():
            if op.after == ROOT:
                return _Insert(0, 0, op.text)
            after, actor = op.after
            return _Insert(actors.number(actor), counter - after, op.text)
        case Delete():
            return _Delete(tuple((actors.number(actor), counter - at, size) for actor, at, size in op.spans))
        case Create():
            return _Create(op.name, op.text, op.links)
        case Rename():
            return _Rename(op.name)
        case Link():
            return _Link(*op.element)
        case Unlink():
            kind, value = op.element
            return _Unlink(kind, value, tuple((actors.number(t.actor), counter - t.counter) for t in op.tags))
        case Remove():
            return _Remove(op.cover)
        case Unknown():
            return msgspec.Raw(op.raw)
        case _:
            assert_never(op)


# -- reading


def decode(data: bytes) -> Change:
    """Return the change that these bytes hold; raises DecodeError unless they are its one encoding."""
    if len(data) > MAX_CHANGE_BYTES:
        raise DecodeError(f"A change of {len(data):,} bytes is over the limit.")
    try:
        try:
            wire: _Change | _OpaqueChange = _change_decoder.decode(data)
        except msgspec.ValidationError:
            wire = _opaque_decoder.decode(data)
        if _encoder.encode(wire) != data:
            raise DecodeError("A change is not in its canonical form.")
        return _from_wire(wire)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"These bytes are not a change ({error}).") from None


def check(condition: bool, what: str) -> None:
    """Raise DecodeError unless the condition holds; `what` names the part that is out of bounds."""
    if not condition:
        raise DecodeError(f"A change is out of bounds: {what}.")


def _from_wire(wire: _Change | _OpaqueChange) -> Change:
    check(wire.format == FORMAT, f"format {wire.format} is unknown")
    check(0 < len(wire.ops) <= MAX_OPS, "the number of its operations")
    reader = OpReader(wire.actor, wire.actors, wire.note)
    counter = wire.start
    ops: list[Op] = []
    for raw in wire.ops:
        op = reader.read(_read_opaque(raw) if isinstance(raw, msgspec.Raw) else raw, counter)
        ops.append(op)
        counter = next_counter(counter, op)
    reader.finish()
    change = Change(wire.actor, wire.seq, wire.start, wire.deps, wire.time, wire.note, tuple(ops))
    check_header(change, counter)
    return change


def check_header(change: Change, end: int) -> None:
    """Check a change except its operations; `end` is the counter after the last. Raises DecodeError."""
    check(0 < change.actor < BIRTH, "its actor")
    check(0 < change.seq <= MAX_COUNTER, "its seq")
    check(change.start > 0 and end <= MAX_COUNTER, "its counters")
    check(0 <= change.time <= MAX_TIME, "its time")
    check(len(change.note) == 16, "its note id")
    _check_version(change.deps, "its dependencies")
    check(all(actor != change.actor for actor, _ in change.deps), "it depends on itself")


def _check_version(entries: tuple[tuple[int, int], ...], what: str) -> None:
    check(len(entries) <= MAX_DEPS, what)
    previous = 0
    for actor, seq in entries:
        check(previous < actor < BIRTH and 0 < seq <= MAX_COUNTER, what)
        previous = actor


def _read_opaque(raw: msgspec.Raw) -> WireOp | Unknown:
    data = bytes(raw)
    fields = _fields_decoder.decode(data)
    check(len(fields) > 0, "the kind of an operation")
    kind = _int_decoder.decode(fields[0])
    check(0 < kind <= MAX_COUNTER, "the kind of an operation")
    if kind > KNOWN_KINDS:
        return Unknown(kind, data)
    op = _op_decoder.decode(data)
    if _encoder.encode(op) != data:
        raise DecodeError("A change is not in its canonical form.")
    return op


class OpReader:
    """Turns wire operations into operations, and checks that the actor table is the one ActorTable builds.

    `note` is the id of the note of the next operation.
    """

    def __init__(self, own: int, actors: tuple[int, ...], note: bytes) -> None:
        self._actors = (own, *actors)
        self.note = note
        self._used = 1
        check(len(set(self._actors)) == len(self._actors), "its actor table")
        check(all(0 < actor < 2 * BIRTH for actor in actors), "its actor table")

    def finish(self) -> None:
        """Check that every actor in the table was used."""
        check(self._used == len(self._actors), "its actor table")

    def id(self, counter: int, index: int, distance: int) -> OpId:
        """Return the element at `distance` before the operation's own counter."""
        check(0 <= index <= self._used and index < len(self._actors), "an actor")
        self._used = max(self._used, index + 1)
        check(0 < distance < counter, "a reference")
        return OpId(counter - distance, self._actors[index])

    def read(self, op: WireOp | Unknown, counter: int) -> Op:
        """Return the operation whose own counter is `counter`."""
        own = OpId(counter, self._actors[0])
        match op:
            case _Insert():
                check(op.text != "", "an empty insert")
                if op.distance == 0:
                    check(op.actor == 0, "a reference")
                    return Insert(own, ROOT, op.text)
                return Insert(own, self.id(counter, op.actor, op.distance), op.text)
            case _Delete():
                return Delete(tuple(self.span(counter, *span) for span in op.spans))
            case _Create():
                _check_name(op.name)
                if op.links:
                    _check_links(op)
                return Create(birth_actor(self.note, op.text), op.name, op.text, op.links)
            case _Rename():
                _check_name(op.name)
                return Rename(own, op.name)
            case _Link():
                _check_element(op.kind, op.value)
                return Link(own, (op.kind, op.value))
            case _Unlink():
                _check_element(op.kind, op.value)
                tags = tuple(self.id(counter, *tag) for tag in op.tags)
                return Unlink((op.kind, op.value), tags)
            case _Remove():
                _check_version(op.cover, "the version of a remove")
                return Remove(op.cover)
            case Unknown():
                return op
            case _:
                assert_never(op)

    def span(self, counter: int, index: int, distance: int, length: int) -> Span:
        """Return `length` elements; the first is `distance` before the operation's own counter."""
        first = self.id(counter, index, distance)
        check(0 < length <= distance, "the length of a delete")
        return Span(first.actor, first.counter, length)


def _check_name(name: str) -> None:
    check(0 < len(name.encode()) <= MAX_NAME_BYTES, "a name")


def _check_element(kind: str, value: str) -> None:
    for part in (kind, value):
        check(part != "" and len(part.encode()) <= MAX_VALUE_BYTES, "a link")


def _check_links(birth: _Create) -> None:
    """Check the links of a birth that has some; all at once, because a first sync brings very many."""
    kinds, values, counts = zip(*birth.links, strict=True)
    elements = list(zip(kinds, values, strict=True))
    check(all(map(lt, elements, elements[1:])), "a link")
    check(all(kinds) and all(values) and min(counts) > 0 and max(counts) <= MAX_OPS, "a link")
    # A character takes at most four bytes, so the bytes of short strings need no counting.
    if max(map(len, kinds)) > MAX_VALUE_BYTES // 4 or max(map(len, values)) > MAX_VALUE_BYTES // 4:
        for element in elements:
            _check_element(*element)
    # Each link takes a character at least, so a greater number is no count of links.
    check(sum(counts) <= len(birth.text), "more links than text")
