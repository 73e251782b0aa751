"""Strategies for well-formed changes: references point backwards, and counters continue."""

import msgspec
from hypothesis import strategies as st

from crdtnotes.changes.change import Change
from crdtnotes.changes.derived import NoteNames, birth_actor
from crdtnotes.changes.limits import MAX_TIME
from crdtnotes.changes.wire_ops import KNOWN_KINDS
from crdtnotes.crdt.authoring import named
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER, ROOT, WIDE, OpId
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
from tests.strategies import any_text

own = st.integers(1, BIRTH - 1)
seqs = st.integers(1, MAX_COUNTER)
note_ids = st.binary(min_size=16, max_size=16)
others = st.one_of(
    st.sampled_from([1, 2, BIRTH, 2 * BIRTH - 1, WIDE, 2**128 - 1]),
    st.integers(1, 2 * BIRTH - 1),
    st.integers(WIDE, 2**128 - 1),
)
names = st.text("aé系/ 😀", min_size=1, max_size=8)
values = st.text("aé系#😀", min_size=1, max_size=5)
kinds = st.sampled_from(["link", "embed", "tag", "alias", "supports"])
raw_fields = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=5), st.binary(max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
unknown = st.builds(
    lambda kind, counters, fields: Unknown(kind, counters, msgspec.msgpack.encode([kind, counters, *fields])),
    st.integers(KNOWN_KINDS + 1, MAX_COUNTER),
    st.integers(1, 1000),
    st.lists(raw_fields, max_size=4),
)


@st.composite
def versions(draw: st.DrawFn, without: int = 0) -> tuple[tuple[int, int], ...]:
    entries = draw(st.dictionaries(own.filter(lambda actor: actor != without), seqs, max_size=4))
    return tuple(sorted(entries.items()))


@st.composite
def operations(draw: st.DrawFn, actor: int, note: bytes, counter: int) -> Op:
    id = OpId(counter, actor)

    def element() -> OpId:
        return OpId(
            draw(st.integers(max(1, counter - 2000), counter - 1)), draw(st.one_of(st.just(actor), others))
        )

    kind = draw(st.sampled_from("icrlxu?" if counter == 1 else "iiddssvvbcrlluux?"))
    if kind == "b":
        return Before(id, element(), draw(any_text.filter(bool)))
    if kind in "sv":
        after = element()
        base = draw(st.integers(after.counter, counter - 1))
        text = draw(any_text.filter(bool))
        if kind == "s":
            series = draw(st.integers(0, 5))
            return Same(id, after, base, series, named(NoteNames(note), after, base, series, text))
        value = NoteNames(note).value(after, base, text)
        rank = OpId(draw(st.integers(1, counter)), actor)
        spans = tuple(
            Span(e.actor, e.counter, 1) for e in [element() for _ in range(draw(st.integers(0, 2)))]
        )
        return Set(id, after, base, value, text, rank, spans)
    if kind == "i":
        after = ROOT if counter == 1 or draw(st.booleans()) else element()
        return Insert(id, after, draw(any_text.filter(bool)))
    if kind == "d":
        firsts = [element() for _ in range(draw(st.integers(0, 3)))]
        return Delete(
            tuple(Span(e.actor, e.counter, draw(st.integers(1, counter - e.counter))) for e in firsts)
        )
    if kind == "c":
        text = draw(any_text)
        links = draw(st.dictionaries(st.tuples(kinds, values), st.integers(1, 4), max_size=3))
        if sum(links.values()) > len(text):
            links = {}
        return Create(
            birth_actor(note, text),
            draw(names),
            text,
            tuple((k, v, c) for (k, v), c in sorted(links.items())),
        )
    if kind == "r":
        return Rename(id, draw(names))
    if kind == "l":
        return Link(id, (draw(kinds), draw(values)))
    if kind == "u":
        tags = () if counter == 1 else tuple(element() for _ in range(draw(st.integers(0, 3))))
        return Unlink((draw(kinds), draw(values)), tags)
    if kind == "x":
        return Remove(draw(versions()))
    return draw(unknown)


@st.composite
def some_operations(
    draw: st.DrawFn, actor: int, note: bytes, counter: int, most: int, *, known: bool = False
) -> tuple[Op, ...]:
    """The operations of a change, `most` at most, some of which follow from another edit."""
    ops: list[Op] = []
    if draw(st.integers(0, 9)) == 0:
        ops.append(Follow(OpId(counter, actor)))
        counter += 1
    never = (Unknown,) if known else ()
    if ops:
        never = (*never, Create, Rename, Remove)
    for _ in range(draw(st.integers(1, most))):
        op = draw(operations(actor, note, counter).filter(lambda op: not isinstance(op, never)))
        counter = next_counter(counter, op)
        ops.append(op)
    return tuple(ops)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    actor, note = draw(own), draw(note_ids)
    start = draw(st.one_of(st.integers(1, 100), st.integers(1, MAX_COUNTER - 1000)))
    ops = draw(some_operations(actor, note, start, 6))
    time = draw(st.integers(0, MAX_TIME))
    return Change(actor, draw(seqs), start, draw(versions(without=actor)), time, note, ops)


@st.composite
def streams(draw: st.DrawFn) -> list[Change]:
    """Consecutive changes of one actor, with operations of known kinds only."""
    actor = draw(own)
    notes = draw(st.lists(note_ids, min_size=1, max_size=3))
    counter, seq, time = 1 + draw(st.integers(0, 1000)), draw(st.integers(1, MAX_COUNTER - 1000)), 0
    result = []
    for _ in range(draw(st.integers(1, 8))):
        note = draw(st.sampled_from(notes))
        start = counter = counter + draw(st.integers(0, 50))
        ops = draw(some_operations(actor, note, start, 4, known=True))
        time = draw(st.integers(0, MAX_TIME))
        result.append(Change(actor, seq, start, draw(versions(without=actor)), time, note, ops))
        counter = result[-1].last + 1
        seq += 1
    return result
