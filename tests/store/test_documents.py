"""Snapshots that lag, and notes that a newer crdtnotes has written to."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import KNOWN_KINDS
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Insert, Link, Unknown
from crdtnotes.errors import Damaged
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_new_file
from tests.vaults import batch, changes, created, last_change, meet, replicas, send


@pytest.fixture
def _lagging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crdtnotes.store.replica.SMALL", 10)
    monkeypatch.setattr("crdtnotes.store.replica.LAG", 5)


def lag(vault: Vault, name: str) -> tuple[str, int]:
    """The text of the stored snapshot, and how many log entries it is behind."""
    id, behind = vault.replica.conn.execute(
        "SELECT id, head - upto FROM notes WHERE name = ?", (name,)
    ).fetchone()
    return vault.replica.documents.texts.read(id).decode(), behind


@pytest.mark.usefixtures("_lagging")
def test_a_snapshot_lags_so_far_and_no_further(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "a long text\n")
        assert lag(vault, "A") == ("a long text\n", 0)
        lags = set()
        for number in range(20):
            note.append(f"{number} [[link]]")
            lags.add(lag(vault, "A")[1])
            with Vault.open(vault.path) as other:
                assert other.note("A").text == note.text, "whoever opens it catches up"
        assert max(lags) <= 5
        assert note.text.count("\n") == 21


@pytest.mark.usefixtures("_lagging")
def test_a_lagging_snapshot_is_caught_up_with(tmp_path: Path) -> None:
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
        assert lag(vault, "A")[1] == 0, "closing stores what lags"
        assert vault.note("A").text == "a long text\nneedle\n系统\nagain\nat the end\n"


def test_reading_a_text_decodes_no_state(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "te").insert(2, "xt")
    with Vault.open(tmp_path / "v.db") as vault:
        vault.replica.conn.execute("UPDATE texts SET state = x'00'")
        assert vault.note("A").text == "text"
        with pytest.raises(Damaged):
            vault.note("A").append("x")


def newer(vault: Vault) -> Change:
    """A change that inserts, does something that is not known here, and inserts again."""
    first = created(vault)
    odd = Unknown(KNOWN_KINDS + 2, msgspec.msgpack.encode([KNOWN_KINDS + 2, {"何": [1, None]}, "x" * 40]))
    birth = first.ops[0].birth  # type: ignore[union-attr]
    ops = (
        *first.ops,
        Insert(OpId(5, 77), OpId(4, birth), " one"),
        odd,
        Insert(OpId(10, 77), OpId(8, 77), " two"),
        Link(OpId(14, 77), ("tag", "t")),
    )
    return Change(77, 1, 1, (), 0, first.note, ops)


def is_newer(vault: Vault, name: str) -> bool:
    (flag,) = vault.replica.conn.execute("SELECT newer FROM notes WHERE name = ?", (name,)).fetchone()
    return bool(flag)


def test_an_unknown_operation_is_kept_flagged_and_passed_on_as_it_is(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        data = batch(newer(one))
        one.apply(data)
        assert one.note("by hand").text == "text one two"
        assert one.tags() == [("t", 1)]
        assert is_newer(one, "by hand")
        one.create_note("plain")
        assert not is_newer(one, "plain")
        send(one, two)
        assert batch(changes(two)[0]) == data
        two.note("by hand").append("answer")
        assert last_change(two).start == 16
        meet(one, two, three)
        assert three.note("by hand").text == "text one two\nanswer\n"
        assert is_newer(three, "by hand")
        for vault in (one, two, three):
            assert vault.check() == []
            check_against_new_file(vault, tmp_path / f"new{vault.device}.db")
        path = one.path
    with Vault.open(path) as vault:
        assert vault.note("by hand").text == "text one two\nanswer\n"
        assert is_newer(vault, "by hand")


def test_a_newer_program_reads_such_notes_anew(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.apply(batch(newer(one)))
        one.create_note("plain", "[[by hand]]")
        one.search("text")
        send(one, two)
        path, digest = one.path, one.digest
    # As an older program would have left it that knew less.
    conn = sqlite3.connect(path)
    conn.execute(f"UPDATE meta SET value = {KNOWN_KINDS - 1} WHERE key = 'kinds'")
    conn.execute("DELETE FROM links WHERE element = (SELECT id FROM elements WHERE kind = 'tag')")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        assert vault.check() == []
        assert vault.digest == digest
        assert vault.tags() == [("t", 1)]
        assert [hit.note for hit in vault.search("two")] == ["by hand"]
        check_against_new_file(vault, tmp_path / "new.db")
        assert vault.replica.conn.execute("SELECT value FROM meta WHERE key = 'kinds'").fetchone() == (
            KNOWN_KINDS,
        )
