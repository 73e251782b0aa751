"""Snapshots that lag, and notes that a newer crdtnotes has written to."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from crdtnotes.changes import codec, wire_ops
from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.derived import narrow_birth
from crdtnotes.changes.wire_ops import KNOWN_KINDS
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Create, Insert, Link, Remove, Unknown
from crdtnotes.errors import Damaged, NeedsUpdate
from crdtnotes.markup.names import name_key
from crdtnotes.store.compaction import packing
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_new_file
from tests.vaults import batch, changes, created, last_change, meet, replicas, send


@pytest.fixture
def _lagging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_CHARACTERS_SAVED_AT_ONCE", 10)
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_SNAPSHOT_LAG", 5)


def lag(vault: Vault, name: str) -> tuple[str, int]:
    """The text of the stored snapshot, and by how many log entries it lags."""
    id, behind = vault.replica.conn.execute(
        "SELECT id, head - upto FROM notes WHERE name = ?", (name,)
    ).fetchone()
    return vault.replica.documents.texts.read(id).decode(), behind


@pytest.mark.usefixtures("_lagging")
def test_the_lag_of_a_snapshot_is_bounded(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "a long text\n")
        assert lag(vault, "A") == ("a long text\n", 0)
        lags = set()
        for number in range(20):
            note.append(f"{number} [[link]]")
            lags.add(lag(vault, "A")[1])
            with Vault.open(vault.path) as other:
                assert other.note("A").text == note.text, "opening it catches up"
        assert max(lags) <= 5
        assert note.text.count("\n") == 21


@pytest.mark.usefixtures("_lagging")
def test_a_lagging_snapshot_catches_up(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        note = one.create_note("A", "a long text\n")
        note.append("needle")
        note.append("系统")
        assert lag(one, "A")[1] == 2
        again = sqlite3.connect(one.path)
        assert again.execute("SELECT count(*) FROM texts").fetchone() == (0,)
        again.close()
        assert [info.characters for info in one.notes()] == [len(note.text)]
        assert [hit.note for hit in one.search("needle")] == ["A"]
        note.append("again")
        send(one, two)
        assert one.digest == two.digest
        assert one.check() == []
        note.append("at the end")
    with Vault.open(tmp_path / "0.db") as vault:
        assert lag(vault, "A")[1] == 0, "closing stores lagging snapshots"
        assert vault.note("A").text == "a long text\nneedle\n系统\nagain\nat the end\n"


def test_reading_a_text_decodes_no_state(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "te").insert(2, "xt")
    with Vault.open(tmp_path / "v.db") as vault:
        vault.replica.conn.execute("UPDATE texts SET state = x'00'")
        assert vault.note("A").text == "text"
        with pytest.raises(Damaged):
            vault.note("A").append("x")


def newer(vault: Vault, size: int = 40) -> tuple[Change, Change]:
    """A birth; and an insert, an operation of an unknown kind, and what builds on it."""
    first = created(vault)
    odd = Unknown(
        KNOWN_KINDS + 2, 3, msgspec.msgpack.encode([KNOWN_KINDS + 2, 3, {"何": [1, None]}, "x" * size])
    )
    birth = first.ops[0].birth  # type: ignore[union-attr]
    ops = (
        Insert(OpId(5, 77), OpId(4, birth), " one"),
        odd,
        Insert(OpId(12, 77), OpId(10, 77), " two"),
        Link(OpId(16, 77), ("tag", "t")),
    )
    return first, Change(77, 2, 5, (), 0, first.note, ops)


def is_newer(vault: Vault, name: str) -> bool:
    (flag,) = vault.replica.conn.execute("SELECT newer FROM notes WHERE name = ?", (name,)).fetchone()
    return bool(flag)


def test_an_unknown_operation_is_kept_and_holds_its_note(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        data = batch(*newer(one))
        one.apply(data)
        # What follows the unknown operation may build on it: nothing of it is shown.
        assert one.note("by hand").text == "text one"
        assert one.tags() == []
        assert is_newer(one, "by hand")
        one.create_note("plain")
        assert not is_newer(one, "plain")
        send(one, two)
        assert batch(*changes(two)[:2]) == data
        for edit in (
            lambda: two.note("by hand").append("answer"),
            lambda: two.note("by hand").rename("other"),
            lambda: two.note("by hand").remove(),
        ):
            with pytest.raises(NeedsUpdate):
                edit()
        two.create_note("answer")
        assert last_change(two).start == 18
        meet(one, two, three)
        assert three.note("by hand").text == "text one"
        assert is_newer(three, "by hand")
        for vault in (one, two, three):
            assert vault.check() == []
            check_against_new_file(vault, tmp_path / f"new{vault.device}.db")
        path = one.path
    with Vault.open(path) as vault:
        assert vault.note("by hand").text == "text one"
        assert is_newer(vault, "by hand")


def test_others_edit_a_note_that_is_held_here(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        first, second = newer(one)
        one.apply(batch(first))
        send(one, two)
        two.note("by hand").append("more")
        one.apply(batch(second))
        # Each holds the text that it had when the unknown operation came.
        send(one, two)
        send(two, one)
        assert (one.note("by hand").text, two.note("by hand").text) == ("text one", "text\nmore\n one")
        for vault in (one, two):
            assert is_newer(vault, "by hand")
            assert vault.check() == []
        # Whether the note exists is followed.
        seen = tuple(sorted(two.replica.log.version().items()))
        start = 1 + max(last_change(vault).last for vault in (one, two))
        one.apply(batch(Change(78, 1, start, seen, 0, first.note, (Remove(seen),))))
        assert list(one.notes()) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_newer_program_reads_such_notes_again(tmp_path: Path, *, packed: bool) -> None:
    """Also if the unknown operation is in a compressed row and the known ones are in blocks."""
    with replicas(tmp_path) as [one, two]:
        first, second = newer(one, 4000 if packed else 40)
        one.apply(batch(first))
        one.create_note("plain", "[[by hand]]")
        one.search("text")
        if packed:
            for number in range(10):
                one.note("by hand").insert(4, f" 字{number}")
        one.apply(batch(second))
        if packed:
            assert packing.pack(one.replica, least=1) == 11
            (length,) = one.replica.conn.execute("SELECT length FROM log WHERE length IS NOT NULL").fetchone()
            assert length > 4000
            assert is_newer(one, "by hand")
        send(one, two)
        assert two.check() == []
        path, digest = one.path, one.digest
    # As an older program that knew fewer kinds would have left it.
    conn = sqlite3.connect(path)
    conn.execute(f"UPDATE meta SET value = {KNOWN_KINDS - 1} WHERE key = 'kinds'")
    conn.execute("UPDATE texts SET text = x'', length = NULL")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        assert vault.check() == []
        assert vault.digest == digest
        assert [hit.note for hit in vault.search("one")] == ["by hand"]
        check_against_new_file(vault, tmp_path / "new.db")
        assert vault.replica.conn.execute("SELECT value FROM meta WHERE key = 'kinds'").fetchone() == (
            KNOWN_KINDS,
        )


class _OldChange(wire_ops.Wire, frozen=True):
    """A change as read by a program that knows only the kinds of operations 1 to 4."""

    format: int
    actor: int
    seq: int
    start: int
    deps: tuple[tuple[int, int], ...]
    time: int
    note: bytes
    actors: tuple[int, ...]
    ops: tuple[wire_ops.Insert | wire_ops.Delete | wire_ops.Create | wire_ops.Rename, ...]


def test_an_older_program_holds_a_note_and_a_newer_one_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replicas(tmp_path, 1) as [one]:
        # In format 1 each operation that the older program does not know takes one counter.
        uid = note_id(bytes.fromhex(one.id), name_key("笔记"))
        birth = narrow_birth(uid, "begin\n")
        changes = [Change(77, 1, 1, (), 0, uid, (Create(birth, "笔记", "begin\n", ()),), 1)]
        for number in range(5):
            start = changes[-1].last + 1
            text = f"#t{number} "
            insert = Insert(OpId(start, 77), OpId(6, birth), text)
            link = Link(OpId(start + len(text), 77), ("tag", f"t{number}"))
            changes.append(Change(77, number + 2, start, (), 0, uid, (insert, link), 1))
        one.apply(batch(*changes))
        assert one.check() == []
        with Vault.create(tmp_path / "old.db", "old", one.id) as empty, monkeypatch.context() as patch:
            patch.setattr(codec, "_change_decoder", msgspec.msgpack.Decoder(_OldChange))
            patch.setattr(codec, "KNOWN_KINDS", 4)
            patch.setattr("crdtnotes.store.replica.KNOWN_KINDS", 4)
            empty.replica.conn.execute("UPDATE meta SET value = 4 WHERE key = 'kinds'")
            for piece in one.changes_since({}):
                empty.apply(piece)
            assert empty.note("笔记").text == "begin\n#t0 "
            assert is_newer(empty, "笔记")
            assert [tag for tag, _ in empty.tags()] == ["t0"]  # of the text that it shows
        with Vault.open(tmp_path / "old.db") as old:
            assert not is_newer(old, "笔记")
            assert old.digest == one.digest
            assert old.note("笔记").text == one.note("笔记").text == "begin\n#t4 #t3 #t2 #t1 #t0 "
            assert old.tags() == one.tags()
            assert packing.pack(old.replica, least=1) > 0
            assert old.check() == []
            check_against_new_file(old, tmp_path / "new.db")
