"""Changes to bytes and back, canonically (docs/protocol.md, "Changes").

A change is a msgpack array `[format, actor, seq, start, deps, time, note, actors, ops]`. Operations
refer to elements as `(index, distance)`: index 0 is the change's own actor, i is `actors[i-1]`;
distance is the operation's own counter minus the element's. It is small, and at least 1, because an
operation only refers to older elements. `actors` lists other actors in the order of their first use.

The actors of elements that are derived (a birth, a Same, a value) are computed, never sent; a reference to
such an element names its actor as 16 bytes.

One change has exactly one encoding; bytes that are not that encoding are rejected, because the hash
chain is computed over bytes. Operations of unknown kinds are kept verbatim: `[kind, counters, …]`.

In an erased change (`erasing.py`) derived actors no longer follow from the texts, so they are written down:
Create, Same and Set are operations of the kinds 12 to 14 there, and only there.
"""

from operator import lt
from typing import assert_never

import msgspec

from crdtnotes.changes import wire_ops
from crdtnotes.changes.change import ERASED, FORMAT, Change
from crdtnotes.changes.derived import NoteNames, birth_actor, from_wire, narrow_birth
from crdtnotes.changes.derived import to_wire as actor_to_wire
from crdtnotes.changes.limits import (
    MAX_CHANGE_BYTES,
    MAX_DEPS,
    MAX_NAME_BYTES,
    MAX_OPS,
    MAX_TIME,
    MAX_VALUE_BYTES,
)
from crdtnotes.changes.wire_ops import KNOWN_KINDS, Wire, WireOp
from crdtnotes.crdt.authoring import MAX_VALUE, named
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT, Id, OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Elements,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Same,
    Set,
    Span,
    Unknown,
    Unlink,
    next_counter,
)
from crdtnotes.errors import DecodeError, InvalidText, TooLarge

KINDS_OF_FORMAT_1 = 7
"""The kinds 1 to this are those of format 1."""


class _Change(Wire, frozen=True):
    format: int
    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    actors: tuple[int | bytes, ...]
    ops: tuple[WireOp, ...]


class _ErasedChange(_Change, frozen=True):
    original: bytes


class _OpaqueChange(Wire, frozen=True):
    """A change whose operations are still bytes."""

    format: int
    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    actors: tuple[int | bytes, ...]
    ops: tuple[msgspec.Raw, ...]


class _OpaqueErasedChange(_OpaqueChange, frozen=True):
    original: bytes


_encoder = msgspec.msgpack.Encoder()
_change_decoder = msgspec.msgpack.Decoder(_Change)
_opaque_decoder = msgspec.msgpack.Decoder(_OpaqueChange)
_erased_decoder = msgspec.msgpack.Decoder(_ErasedChange)
_opaque_erased_decoder = msgspec.msgpack.Decoder(_OpaqueErasedChange)
_op_decoder: msgspec.msgpack.Decoder[WireOp] = msgspec.msgpack.Decoder(WireOp)
_fields_decoder = msgspec.msgpack.Decoder(tuple[msgspec.Raw, ...])
_int_decoder = msgspec.msgpack.Decoder(int)


_TEN = b"\x9a"
# How an array of ten fields begins: an erased change has one field more.


class ActorTable:
    """Numbers the actors that operations refer to, in the order of first use; 0 is the change's own actor."""

    def __init__(self, own: int) -> None:
        self._numbers = {own: 0}

    def number(self, actor: int) -> int:
        """Return an actor's number."""
        return self._numbers.setdefault(actor, len(self._numbers))

    def table(self) -> tuple[int | bytes, ...]:
        """Return the other actors, in order, starting with number 1."""
        return tuple(map(actor_to_wire, list(self._numbers)[1:]))


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
        ops.append(to_wire(op, counter, actors, erased=change.is_erased))
        counter = next_counter(counter, op)
    wire = (
        change.format,
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
        data = _encoder.encode((*wire, change.original) if change.is_erased else wire)
    except UnicodeEncodeError:
        raise InvalidText("The text holds half of a surrogate pair, which is not valid Unicode.") from None
    if len(data) > MAX_CHANGE_BYTES:
        raise TooLarge(
            f"This edit takes {len(data):,} bytes; one edit can take at most {MAX_CHANGE_BYTES:,}."
        )
    return data


def to_wire(op: Op, counter: int, actors: ActorTable, *, erased: bool) -> WireOp | msgspec.Raw:
    """Return the wire form of an operation whose own counter is `counter`, in an erased change or not."""
    if erased and isinstance(op, Create | Same | Set):
        return _with_actors(op, counter, actors)
    match op:
        case Insert():
            return wire_ops.Insert(*_reference(op.after, counter, actors), op.text)
        case Delete():
            return wire_ops.Delete(_wire_spans(op.spans, counter, actors))
        case Same():
            place = _reference(op.after, counter, actors)
            return wire_ops.Same(*place, counter - op.base, op.series, op.text)
        case Set():
            place = _reference(op.after, counter, actors)
            back = counter - op.rank[0]
            return wire_ops.Set(
                *place, counter - op.base, back, op.text, _wire_spans(op.spans, counter, actors)
            )
        case Before():
            return wire_ops.Before(*_reference(op.before, counter, actors), op.text)
        case Create():
            return wire_ops.Create(op.name, op.text, op.links)
        case Rename():
            return wire_ops.Rename(op.name)
        case Link():
            return wire_ops.Link(*op.element)
        case Unlink():
            kind, value = op.element
            return wire_ops.Unlink(
                kind, value, tuple((actors.number(t.actor), counter - t.counter) for t in op.tags)
            )
        case Remove():
            return wire_ops.Remove(op.cover)
        case Follow():
            return wire_ops.Follow(1)
        case Unknown():
            return msgspec.Raw(op.raw)
        case _:
            assert_never(op)


def _with_actors(op: Create | Same | Set, counter: int, actors: ActorTable) -> WireOp:
    """Return the wire form of an operation in an erased change, with the derived actors of its elements."""
    if isinstance(op, Create):
        return wire_ops.ErasedCreate(actor_to_wire(op.birth), op.name, op.text, op.links)
    place = _reference(op.after, counter, actors)
    lift = counter - op.base
    if isinstance(op, Same):
        pieces = tuple((actor.to_bytes(16, "big"), text) for actor, text in op.pieces)
        return wire_ops.ErasedSame(*place, lift, op.series, pieces)
    spans = _wire_spans(op.spans, counter, actors)
    return wire_ops.ErasedSet(
        *place, lift, counter - op.rank[0], op.value.to_bytes(16, "big"), op.text, spans
    )


def _reference(id: Id, counter: int, actors: ActorTable) -> tuple[int, int]:
    """Return a reference to an element; the beginning is (0, 0)."""
    return (0, 0) if id == ROOT else (actors.number(id[1]), counter - id[0])


def _wire_spans(
    spans: tuple[Elements, ...], counter: int, actors: ActorTable
) -> tuple[tuple[int, int, int], ...]:
    return tuple((actors.number(actor), counter - at, size) for actor, at, size in spans)


# -- reading


def decode(data: bytes) -> Change:
    """Return the change that these bytes hold; raises DecodeError unless they are its one encoding."""
    if len(data) > MAX_CHANGE_BYTES:
        raise DecodeError(f"A change of {len(data):,} bytes is over the limit.")
    try:
        erased = data[:1] == _TEN
        try:
            wire: _Change | _OpaqueChange = (_erased_decoder if erased else _change_decoder).decode(data)
        except msgspec.ValidationError:
            wire = (_opaque_erased_decoder if erased else _opaque_decoder).decode(data)
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
    original = wire.original if isinstance(wire, _ErasedChange | _OpaqueErasedChange) else b""
    base = wire.format - ERASED if original else wire.format
    check(0 < base <= FORMAT, f"format {wire.format} is unknown")
    check(len(original) in (0, 16), "the hash of its original")
    check(0 < len(wire.ops) <= MAX_OPS, "the number of its operations")
    check(len(wire.note) == 16, "its note id")
    check(0 < wire.start <= MAX_COUNTER, "its counters")
    reader = OpReader(wire.actor, wire.actors, wire.note, wire.format)
    counter = wire.start
    ops: list[Op] = []
    for raw in wire.ops:
        op = reader.read(_read_opaque(raw, wire.format) if isinstance(raw, msgspec.Raw) else raw, counter)
        ops.append(op)
        counter = next_counter(counter, op)
    reader.finish()
    head = (wire.actor, wire.seq, wire.start, wire.deps, wire.time, wire.note)
    change = Change(*head, tuple(ops), wire.format, original)
    check_header(change, counter)
    return change


def check_header(change: Change, end: int) -> None:
    """Check a change, apart from each operation; `end` is the counter after the last. Raises DecodeError."""
    check(0 < change.actor < BIRTH, "its actor")
    check(0 < change.seq <= MAX_COUNTER, "its seq")
    check(change.start > 0 and end <= MAX_COUNTER, "its counters")
    check(0 <= change.time <= MAX_TIME, "its time")
    _check_version(change.deps, "its dependencies")
    check(all(actor != change.actor for actor, _ in change.deps), "it depends on itself")
    _check_follow(change.ops)


def _check_follow(ops: tuple[Op, ...]) -> None:
    """Check that a change that follows from another edit says so first, and only changes text and links."""
    marks = sum(isinstance(op, Follow) for op in ops)
    if marks:
        check(marks == 1 and isinstance(ops[0], Follow), "what marks it as following another edit")
        check(not any(isinstance(op, Create | Rename | Remove) for op in ops), "it follows another edit")


def _check_version(entries: tuple[tuple[int, int], ...], what: str) -> None:
    check(len(entries) <= MAX_DEPS, what)
    previous = 0
    for actor, seq in entries:
        check(previous < actor < BIRTH and 0 < seq <= MAX_COUNTER, what)
        previous = actor


def _read_opaque(raw: msgspec.Raw, change_format: int) -> WireOp | Unknown:
    data = bytes(raw)
    fields = _fields_decoder.decode(data)
    check(len(fields) > 0, "the kind of an operation")
    kind = _int_decoder.decode(fields[0])
    check(0 < kind <= MAX_COUNTER, "the kind of an operation")
    if kind > KNOWN_KINDS:
        if change_format == 1:
            return Unknown(kind, 1, data)
        check(len(fields) > 1, "an unknown operation")
        counters = _int_decoder.decode(fields[1])
        check(0 < counters <= MAX_COUNTER, "an unknown operation")
        return Unknown(kind, counters, data)
    op = _op_decoder.decode(data)
    if _encoder.encode(op) != data:
        raise DecodeError("A change is not in its canonical form.")
    return op


class OpReader:
    """Turns wire operations into operations, and checks that the actor table is the one ActorTable builds.

    `note` is the id of the note of the next operation.
    """

    def __init__(self, own: int, actors: tuple[int | bytes, ...], note: bytes, change_format: int) -> None:
        check(0 < own < BIRTH, "its actor")
        numbers = [from_wire(actor) for actor in actors]
        others = [actor for actor in numbers if actor is not None]
        check(len(others) == len(numbers), "its actor table")
        self._actors = (own, *others)
        self.note = note
        self._format = change_format % ERASED
        self._erased = change_format >= ERASED
        self._used = 1
        check(len(set(self._actors)) == len(self._actors), "its actor table")

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
            case wire_ops.Insert():
                check(op.text != "", "an empty insert")
                return Insert(own, self._place(counter, op.actor, op.distance), op.text)
            case wire_ops.Delete():
                return Delete(tuple(self.span(counter, *span) for span in op.spans))
            case wire_ops.Create():
                check(not self._erased, "a Create")
                _check_name(op.name)
                if op.links:
                    _check_links(op.links, op.text)
                birth = narrow_birth if self._format == 1 else birth_actor
                return Create(birth(self.note, op.text), op.name, op.text, op.links)
            case wire_ops.Same():
                return self._same(op, counter)
            case wire_ops.Set():
                return self._set(op, counter)
            case wire_ops.Before():
                check(op.text != "" and self._format > 1, "an insert before an element")
                return Before(own, self.id(counter, op.actor, op.distance), op.text)
            case wire_ops.Rename():
                _check_name(op.name)
                return Rename(own, op.name)
            case wire_ops.Link():
                _check_element(op.kind, op.value)
                return Link(own, (op.kind, op.value))
            case wire_ops.Unlink():
                return self._unlink(op, counter)
            case wire_ops.Remove():
                _check_version(op.cover, "the version of a remove")
                return Remove(op.cover)
            case wire_ops.Follow():
                check(op.counters == 1 and self._format > 1, "an operation that marks a change")
                return Follow(own)
            case Unknown():
                return op
            case _:
                return self._read_erased(op, counter)

    def _unlink(self, op: wire_ops.Unlink, counter: int) -> Unlink:
        _check_element(op.kind, op.value)
        return Unlink((op.kind, op.value), tuple(self.id(counter, *tag) for tag in op.tags))

    def _derived(self, wire: int | bytes) -> int:
        """Return a derived actor that is written down, as in an erased change."""
        actor = from_wire(wire)
        check(actor is not None and actor >= BIRTH, "a derived actor")
        return actor or 0

    def _read_erased(
        self, op: wire_ops.ErasedCreate | wire_ops.ErasedSame | wire_ops.ErasedSet, counter: int
    ) -> Op:
        check(self._erased, "an erased operation")
        if isinstance(op, wire_ops.ErasedCreate):
            _check_name(op.name)
            if op.links:
                _check_links(op.links, op.text)
            return Create(self._derived(op.birth), op.name, op.text, op.links)
        check(self._format > 1, "a Same or a value")
        if isinstance(op, wire_ops.ErasedSet):
            plain = wire_ops.Set(op.actor, op.distance, op.lift, op.back, op.text, op.spans)
            return self._value(plain, counter)._replace(value=self._derived(op.value))
        check(len(op.pieces) > 0 and all(text != "" for _, text in op.pieces), "a Same")
        check(0 <= op.series <= MAX_COUNTER, "the series of a Same")
        after = self._place(counter, op.actor, op.distance)
        pieces = tuple((self._derived(actor), text) for actor, text in op.pieces)
        base = self._base(after, counter, op.lift)
        return Same(OpId(counter, self._actors[0]), after, base, op.series, pieces)

    def _place(self, counter: int, index: int, distance: int) -> OpId:
        """Return an element as `id`, or the beginning."""
        if distance == 0:
            check(index == 0, "a reference")
            return ROOT
        return self.id(counter, index, distance)

    def _same(self, op: wire_ops.Same, counter: int) -> Same:
        check(not self._erased and op.text != "" and self._format > 1, "a Same")
        check(0 <= op.series <= MAX_COUNTER, "the series of a Same")
        own = OpId(counter, self._actors[0])
        after = self._place(counter, op.actor, op.distance)
        base = self._base(after, counter, op.lift)
        return Same(own, after, base, op.series, named(NoteNames(self.note), after, base, op.series, op.text))

    def _set(self, op: wire_ops.Set, counter: int) -> Set:
        check(not self._erased, "a value")
        return self._value(op, counter)

    def _value(self, op: wire_ops.Set, counter: int) -> Set:
        check(0 < len(op.text) <= MAX_VALUE and self._format > 1, "a value")
        check(0 <= op.back < counter, "the rank of a value")
        own = OpId(counter, self._actors[0])
        after = self.id(counter, op.actor, op.distance)
        base = self._base(after, counter, op.lift)
        value = NoteNames(self.note).value(after, base, op.text)
        rank = OpId(counter - op.back, own.actor)
        check(sum(length for _, _, length in op.spans) <= MAX_VALUE, "what a value takes the place of")
        spans = tuple(self.span(counter, *span) for span in op.spans)
        return Set(own, after, base, value, op.text, rank, spans)

    def _base(self, after: OpId, counter: int, lift: int) -> int:
        """Return the base of new elements: at least the counter of what they hang at, and in the past."""
        base = counter - lift
        check(after.counter <= base < counter <= MAX_COUNTER, "the base of new elements")
        return base

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


def _check_links(links: tuple[tuple[str, str, int], ...], text: str) -> None:
    """Check the links of a birth that has some; all at once, because a first sync brings very many."""
    kinds, values, counts = zip(*links, strict=True)
    elements = list(zip(kinds, values, strict=True))
    check(all(map(lt, elements, elements[1:])), "a link")
    check(all(kinds) and all(values) and min(counts) > 0 and max(counts) <= MAX_OPS, "a link")
    # A character takes at most four bytes, so the bytes of short strings need no counting.
    if max(map(len, kinds)) > MAX_VALUE_BYTES // 4 or max(map(len, values)) > MAX_VALUE_BYTES // 4:
        for element in elements:
            _check_element(*element)
    # Each link takes a character at least, so a greater number is no count of links.
    check(sum(counts) <= len(text), "more links than text")
