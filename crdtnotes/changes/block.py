"""Blocks: many small changes of one actor in one piece, as columns (docs/protocol.md, "Blocks").

A change of a few keystrokes takes about 70 bytes by itself, nearly all of them the same as in the change
before. A block holds consecutive changes of one stream as columns of numbers, chosen so that typing makes
the numbers repeat: times as differences, the position of an operation as its distance from the end of the
operation before, all texts in one string. Compression is a later step (`changes/compression.py`).

A change has exactly one encoding, so encoding it again gives its exact bytes; the caller of `pack` verifies
this before it discards the originals. Erased changes, and those with operations of unknown kinds, are not put
into blocks.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import assert_never

import msgspec

from crdtnotes.changes.change import FORMAT, Change
from crdtnotes.changes.codec import (
    ActorTable,
    OpReader,
    check,
    check_header,
    to_wire,
)
from crdtnotes.changes.limits import MAX_BLOCK_BYTES, MAX_BLOCK_CHANGES, MAX_OPS
from crdtnotes.changes.wire_ops import Wire, WireOp
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
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
from crdtnotes.errors import DecodeError

_OTHER, _INSERT, _DELETE = 0, 1, 2
# The kinds of operations that a block distinguishes.

_Numbers = list[int]


class _Block(Wire, frozen=True):
    """The columns.

    The *cursor* is the counter of the element that the previous operation left off at: the last character
    of an insert, the element before a deleted span; 0 at the beginning.
    """

    format: int  # of all changes
    actor: int
    seq: int  # of the first change
    notes: list[bytes]
    actors: tuple[int | bytes, ...]  # other actors that operations refer to, in the order of first use
    # For each change:
    starts: _Numbers  # counters from the end of the previous change (1 before the first) to this start
    times: _Numbers  # ms since the previous change (for the first: since 1970)
    places: _Numbers  # its note: an index into `notes`
    counts: _Numbers  # the number of its operations
    deps: list[tuple[int, tuple[tuple[int, int], ...]]]  # (index of a change that has deps, its deps)
    kinds: _Numbers  # for each operation: 1 insert, 2 delete, 0 one of `others`
    # For each insert: the element it goes after (number of the actor; counter minus the cursor; 0 and
    # 0 - cursor for the beginning of the text) and its length in code points; then all texts joined.
    insert_actors: _Numbers
    insert_places: _Numbers
    insert_lengths: _Numbers
    text: str
    # For each delete the number of its spans; for each span the number of its actor, the counter of its
    # last element minus the cursor, and its length.
    delete_counts: _Numbers
    span_actors: _Numbers
    span_places: _Numbers
    span_lengths: _Numbers
    others: list[WireOp]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Block)


def packable(change: Change) -> bool:
    """Whether a change can be part of a block."""
    return not change.is_erased and not any(isinstance(op, Unknown) for op in change.ops)


def pack(changes: Sequence[Change]) -> bytes:
    """Return consecutive `packable` changes of one actor and one format as an uncompressed block."""
    first = changes[0]
    block = _empty(first)
    actors = ActorTable(first.actor)
    notes: dict[bytes, int] = {}
    texts: list[str] = []
    end, time, cursor = 1, 0, 0
    for index, change in enumerate(changes):
        block.starts.append(change.start - end)
        block.times.append(change.time - time)
        block.places.append(notes.setdefault(change.note, len(notes)))
        block.counts.append(len(change.ops))
        if change.deps:
            block.deps.append((index, change.deps))
        counter, time = change.start, change.time
        for op in change.ops:
            match op:
                case Insert():
                    after, actor = op.after
                    block.kinds.append(_INSERT)
                    block.insert_actors.append(actors.number(actor) if op.after != ROOT else 0)
                    block.insert_places.append(after - cursor)
                    block.insert_lengths.append(len(op.text))
                    texts.append(op.text)
                    cursor = counter + len(op.text) - 1
                case Delete():
                    block.kinds.append(_DELETE)
                    block.delete_counts.append(len(op.spans))
                    for actor, at, length in op.spans:
                        block.span_actors.append(actors.number(actor))
                        block.span_places.append(at + length - 1 - cursor)
                        block.span_lengths.append(length)
                        cursor = at - 1
                case (
                    Create()
                    | Same()
                    | Set()
                    | Before()
                    | Rename()
                    | Link()
                    | Unlink()
                    | Remove()
                    | Follow()
                    | Unknown()
                ):
                    block.kinds.append(_OTHER)
                    block.others.append(_known(to_wire(op, counter, actors, erased=False)))
                case _:
                    assert_never(op)
            counter = next_counter(counter, op)
        end = counter
    return _encoder.encode(
        msgspec.structs.replace(block, notes=list(notes), actors=actors.table(), text="".join(texts))
    )


def _empty(of: Change) -> _Block:
    return _Block(
        of.format, of.actor, of.seq, [], (), [], [], [], [], [], [], [], [], [], "", [], [], [], [], []
    )


def _known(op: WireOp | msgspec.Raw) -> WireOp:
    if isinstance(op, msgspec.Raw):
        raise DecodeError("An operation that needs a newer crdtnotes cannot be packed.")
    return op


def unpack(data: bytes) -> list[Change]:
    """Return the changes of a block; raises DecodeError if it is not a block of valid changes."""
    if len(data) > MAX_BLOCK_BYTES:
        raise DecodeError(f"A block of {len(data):,} bytes is over the limit.")
    try:
        block = _decoder.decode(data)
        _check_columns(block)
        return list(_changes(block))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"These bytes are not a block of changes ({error}).") from None


def _check_columns(block: _Block) -> None:
    """Check that the lengths of the columns agree with each other."""
    check(0 < block.format <= FORMAT, f"block format {block.format} is unknown")
    changes = len(block.counts)
    check(0 < changes <= MAX_BLOCK_CHANGES, "the number of a block's changes")
    columns = (block.starts, block.times, block.places)
    check(all(len(column) == changes for column in columns), "a block's columns")
    check(all(0 < count <= MAX_OPS for count in block.counts), "the number of its operations")
    kinds = block.kinds
    check(sum(block.counts) == len(kinds), "the number of its operations")
    inserts, deletes, others = (kinds.count(kind) for kind in (_INSERT, _DELETE, _OTHER))
    check(inserts + deletes + others == len(kinds), "the kind of an operation")
    check(others == len(block.others), "a block's columns")
    check(len(block.insert_actors) == len(block.insert_places) == inserts, "a block's inserts")
    check(len(block.insert_lengths) == inserts, "a block's inserts")
    check(all(length > 0 for length in block.insert_lengths), "an empty insert")
    check(sum(block.insert_lengths) == len(block.text), "a block's text")
    check(len(block.delete_counts) == deletes, "a block's deletes")
    check(all(count >= 0 for count in block.delete_counts), "a block's deletes")
    spans = sum(block.delete_counts)
    check(len(block.span_actors) == len(block.span_places) == len(block.span_lengths) == spans, "a delete")
    check(all(0 <= place < len(block.notes) for place in block.places), "a block's notes")
    check(all(len(note) == 16 for note in block.notes), "a block's notes")
    check(all(gap >= 0 for gap in block.starts), "its counters")
    before = -1
    for index, deps in block.deps:
        check(before < index < changes and len(deps) > 0, "a block's dependencies")
        before = index


def _changes(block: _Block) -> Iterator[Change]:
    reader = OpReader(block.actor, block.actors, b"", block.format)
    operations = _Operations(block, reader)
    deps = dict(block.deps)
    kinds = iter(block.kinds)
    counter, time = 1, 0
    for index, count in enumerate(block.counts):
        start = counter = counter + block.starts[index]
        time += block.times[index]
        note = reader.note = block.notes[block.places[index]]
        ops: list[Op] = []
        for kind in islice(kinds, count):
            op = operations.next(kind, counter)
            ops.append(op)
            counter = next_counter(counter, op)
        change = Change(
            block.actor, block.seq + index, start, deps.get(index, ()), time, note, tuple(ops), block.format
        )
        check_header(change, counter)
        yield change
    reader.finish()


class _Operations:
    """Reads the columns of operations from beginning to end."""

    def __init__(self, block: _Block, reader: OpReader) -> None:
        self._own = block.actor
        self._reader = reader
        self._text = block.text
        self._at = 0
        self._cursor = 0
        self._inserts = zip(block.insert_actors, block.insert_places, block.insert_lengths, strict=True)
        self._deletes = iter(block.delete_counts)
        self._spans = zip(block.span_actors, block.span_places, block.span_lengths, strict=True)
        self._others = iter(block.others)

    def next(self, kind: int, counter: int) -> Op:
        """Return the next operation, which has this kind and this counter."""
        if kind == _INSERT:
            return self._insert(counter)
        if kind == _DELETE:
            spans = islice(self._spans, next(self._deletes))
            return Delete(tuple(self._span(counter, *span) for span in spans))
        return self._reader.read(next(self._others), counter)

    def _insert(self, counter: int) -> Insert:
        number, place, length = next(self._inserts)
        after = self._cursor + place
        if after:
            element = self._reader.id(counter, number, counter - after)
        else:
            check(number == 0, "a reference")
            element = ROOT
        text = self._text[self._at : self._at + length]
        self._at += length
        self._cursor = counter + length - 1
        return Insert(OpId(counter, self._own), element, text)

    def _span(self, counter: int, number: int, place: int, length: int) -> Span:
        first = self._cursor + place - length + 1
        self._cursor = first - 1
        return self._reader.span(counter, number, counter - first, length)
