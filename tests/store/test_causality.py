"""Changes that break a rule: every replica refuses them and stores nothing of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Create, Delete, Follow, Insert, Link, Op, Remove, Rename, Span, Unknown, Unlink
from crdtnotes.errors import DecodeError, InvalidChange, MissingChanges, RemoteError
from crdtnotes.vault import Vault
from tests.vaults import batch, changes, created, replicas, send, state


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Vault]]:
    """Two replicas: the first has written a note in three changes, the second has received and edited it."""
    with replicas(tmp_path) as vaults:
        one, two = vaults
        note = one.create_note("A", "text [[系统]]")
        note.append("more")
        note.append("last")
        send(one, two)
        two.note("A").append("answer")
        send(two, one)
        yield vaults


def refused(vault: Vault, *items: Change, error: type[RemoteError] = InvalidChange) -> None:
    before = state(vault)
    for wait in (False, True):
        with pytest.raises(error):
            vault.replica.receive([batch(*items)], wait=wait)
        assert state(vault) == before
    assert not vault.replica.ingest.waiting_bytes
    with Vault.open(vault.path) as again:
        assert state(again) == before
        assert again.check() == []
    vault.note("A").append("works on")


def stranger(vault: Vault, *ops: Op, seen: int = 3, actor: int = 77, ahead: int = 0) -> Change:
    """A stranger's first change; it has seen the first replica's changes up to `seen`."""
    data = [decode(one) for one in changes(vault)]
    author = next(change for change in data if change.seq == seen)
    start = author.last + 1 + ahead
    return Change(actor, 1, start, ((author.actor, seen),), 0, author.note, ops)


def moved(change: Change, *ops: Op) -> Change:
    return replace(change, ops=ops)


def test_a_stranger_who_follows_the_rules_is_accepted(pair: list[Vault]) -> None:
    one, _ = pair
    first = stranger(one)
    birth = birth_actor(first.note, "text [[系统]]")
    id = OpId(first.start, 77)
    one.apply(
        batch(
            moved(
                first,
                Insert(id, OpId(4, birth), "s"),
                Delete((Span(birth, 1, 4),)),
                Unlink(("link", "系统"), (OpId(1, birth),)),
                Rename(OpId(first.start + 3, 77), "B"),
            )
        )
    )
    assert one.note("B").text.startswith("s [[系统]]")
    assert one.check() == []


@pytest.mark.parametrize("ahead", [-3, -1, 1, 2**52])
def test_the_clock_must_start_right_after_what_was_seen(pair: list[Vault], ahead: int) -> None:
    one, two = pair
    for vault in pair:
        lie = stranger(vault, ahead=ahead)
        refused(vault, moved(lie, Rename(OpId(lie.start, 77), "B")))
    send(one, two)
    late = stranger(two)
    late = moved(late, Rename(OpId(late.start, 77), "B"))
    two.apply(batch(late))
    again = Change(77, 2, late.last + 1 + ahead, (), 0, late.note, (Delete(()),))
    if again.start > 0:
        refused(two, again)


def test_a_dependency_is_named_once(pair: list[Vault]) -> None:
    one, _ = pair
    first = stranger(one)
    first = moved(first, Rename(OpId(first.start, 77), "B"))
    one.apply(batch(first))
    actor = first.deps[0][0]
    for seq in (1, 2, 3):
        refused(one, Change(77, 2, first.last + 1, ((actor, seq),), 0, first.note, (Delete(()),)))


def test_references_must_lie_in_changes_that_the_author_had_seen(pair: list[Vault]) -> None:
    one, two = pair
    first = stranger(one, seen=1)
    me, other = int(one.actor, 16), int(two.actor, 16)
    birth = birth_actor(first.note, "text [[系统]]")
    n = len("text [[系统]]")
    steps = (Delete(()),) * 50  # so that its references are older than itself
    id = OpId(first.start + 50, 77)
    cases: list[tuple[Op, type[RemoteError]]] = [
        # An element of a change that the author does not claim to have seen, though it is here.
        (Insert(id, OpId(n + 1, me), "x"), InvalidChange),
        (Delete((Span(me, n + 1, 1),)), InvalidChange),
        (Insert(id, OpId(first.start + 20, other), "x"), InvalidChange),
        (Insert(id, OpId(1, 2**63 + 1), "x"), InvalidChange),
        (Delete((Span(2**63 + 1, 1, 1),)), InvalidChange),
        # Elements that do not exist, and one of its own that does not exist yet.
        (Insert(id, OpId(id.counter - 1, 77), "x"), MissingChanges),
        (Delete((Span(birth, n, 1), Span(77, 1, 1))), MissingChanges),
        # A delete of an element that it never saw.
        (Remove(((me, 2),)), InvalidChange),
        (Remove(((other, 1),)), InvalidChange),
        (Remove(((77, 2),)), InvalidChange),
    ]
    for op, error in cases:
        refused(one, moved(first, *steps, op), error=error)


def test_a_span_that_ends_beyond_the_seen_changes_is_refused(pair: list[Vault]) -> None:
    one, _ = pair
    first = stranger(one, seen=2)
    second = decode(changes(one)[1])
    me = int(one.actor, 16)
    assert second.last == first.start - 1
    refused(one, moved(first, Delete((Span(me, second.last, 2),))), error=DecodeError)
    one.apply(batch(moved(first, Delete((Span(me, second.last, 1),)))))


@pytest.mark.parametrize(
    "op",
    [
        Insert(OpId(1, 77), ROOT, "x"),
        Rename(OpId(1, 77), "x"),
        Link(OpId(1, 77), ("tag", "t")),
        Follow(OpId(1, 77)),
        Unknown(19, 1, b"\x92\x13\x01"),
    ],
    ids=lambda op: type(op).__name__,
)
def test_a_note_that_its_author_never_saw_cannot_be_edited(pair: list[Vault], op: Op) -> None:
    one, _ = pair
    seen = decode(changes(one)[0]).note
    for note in (seen, bytes(16)):
        refused(one, Change(77, 1, 1, (), 0, note, (op,)))


def test_an_author_has_seen_a_note_that_it_created_itself(pair: list[Vault]) -> None:
    one, _ = pair
    uid = decode(changes(one)[0]).note
    text = "text [[系统]]"
    birth, n = birth_actor(uid, text), len(text)
    own = Change(
        77, 1, 1, (), 0, uid,
        (Create(birth, "A", text, (("link", "系统", 1),)), Insert(OpId(n + 1, 77), OpId(4, birth), "s")),
    )  # fmt: skip
    one.apply(batch(own))
    assert one.note("A").text.startswith("texts [[")
    other = replace(
        own,
        actor=78,
        ops=(Create(birth_actor(uid, "z"), "A", "z", ()), Insert(OpId(2, 78), OpId(1, birth), "s")),
    )
    refused(one, other)


BAD = ["", " ", ".md", "..", ".", "a/../b", "/a", "a/", "a//b", "a\0b", "a\nb", "\u2028", "a\\b"]
BAD += ["[[x]]", "x]]", "a|b", "a｜b", "n" * 241, "系" * 81]


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_bad_names_are_refused(pair: list[Vault], name: str) -> None:
    one, _ = pair
    error = InvalidChange if name else DecodeError
    refused(one, created(one, name=name), error=error)
    first = stranger(one)
    refused(one, moved(first, Rename(OpId(first.start, 77), name)), error=error)


def test_a_name_of_ten_megabytes_is_refused(pair: list[Vault]) -> None:
    one, _ = pair
    piece = batch(created(one, name="n" * 240)).replace(
        b"\xd9\xf0" + b"n" * 240, b"\xdb\x00\x98\x96\x80" + b"n" * 10_000_000
    )
    before = state(one)
    with pytest.raises(DecodeError):
        one.apply(piece)
    assert state(one) == before


@pytest.mark.parametrize("name", ["x.md", "e\u0301", " x", "x /y", "A.MD"])
def test_a_name_in_another_form_is_shown_in_the_canonical_one(pair: list[Vault], name: str) -> None:
    """Such a name may come from another version of Unicode; it must not break the numbering of names."""
    one, two = pair
    one.apply(batch(created(one, name=name)))
    one.apply(batch(replace(created(one, name=name, text="else", actor=78), note=bytes(16))))
    shown = {info.name for info in one.notes()}
    assert len(shown) == 3
    for number in (2, 3):
        for base in (name, "x", "é", "x/y", "A"):
            if f"{base} ({number})" not in one:
                one.create_note(f"{base} ({number})", "taken")
    send(one, two)
    assert two.digest == one.digest
    assert [info.name for info in two.notes()] == [info.name for info in one.notes()]
    assert one.check() == two.check() == []


def test_few_bytes_cannot_ask_for_millions_of_links(pair: list[Vault]) -> None:
    one, _ = pair
    first = created(one, text="x")
    [create] = first.ops
    assert isinstance(create, Create)
    refused(one, moved(first, create._replace(links=(("link", "a", 1_000_000),))), error=DecodeError)
