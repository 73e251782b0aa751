"""The findings of a vault: which notes are read, what was seen, and choices in an open editor."""

import sqlite3
from pathlib import Path

import pytest

from crdtnotes import Choice, Grouped, OutOfRange, Patch, ReadOnly, Vault
from crdtnotes.store.log.blocks import Block
from crdtnotes.store.log.log import Log
from tests.review.edits import apart, keys, write
from tests.vaults import meet, replicas

MONDAY = "on Monday, ok\n"
TUESDAY, WEDNESDAY = write("Monday", "Tuesday"), write("Monday", "Wednesday")


def test_what_was_marked_as_seen_stays_so_and_does_not_sync(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, two]:
        [found] = one.review()
        assert not found.seen
        version = one.version
        one.mark_seen(found)
        assert one.review() == one.review("A") == []
        assert [(again.key, again.seen) for again in one.review("A", with_seen=True)] == [(found.key, True)]
        assert one.version == version
        meet(one, two)
        assert two.review() == [found]
    with Vault.open(tmp_path / "0.db") as again:
        assert again.review() == []
        assert [found.seen for found in again.review(with_seen=True)] == [True]


def test_what_was_seen_survives_a_backup(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        one.mark_seen(*one.review())
        one.backup(tmp_path / "backup.db")
    with Vault.open(tmp_path / "backup.db") as copy:
        assert copy.review() == []


def test_a_vault_that_can_only_be_read_is_reviewed_but_nothing_is_marked(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        found = one.review()
    with Vault.open(tmp_path / "0.db", read_only=True) as vault:
        assert vault.review() == found
        with pytest.raises(ReadOnly):
            vault.mark_seen(*found)


def test_notes_with_newer_findings_come_first(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for name in ("a", "b", "c"):
            one.create_note(name, MONDAY)
        meet(one, two)
        for name in ("b", "c", "a"):
            one.note(name).write("on Tuesday, ok\n")
            two.note(name).write("on Wednesday, ok\n")
        meet(one, two)
        times = [max(found.standing.time, found.other.time) for found in one.review()]
        assert times == sorted(times, reverse=True)
        assert {found.name for found in one.review()} == {"a", "b", "c"}


def test_only_notes_that_were_edited_apart_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, two]:
        for number in range(5):
            one.create_note(f"one {number}", "text\n")
            two.create_note(f"two {number}", "text\n")
        meet(one, two)
        for number in range(5):
            two.note(f"one {number}").append("more")
        meet(one, two)
        one.note("one 0").append("and more")
        meet(one, two)
        uid = bytes.fromhex(one.note("A").id)
        one.compact()
        read: list[bytes] = []
        of_notes = Log.of_notes

        def watched(log: Log, notes: dict[bytes, int]) -> object:
            read.extend(notes)
            return of_notes(log, notes)

        monkeypatch.setattr(Log, "of_notes", watched)
        assert len(one.review()) == 1
        assert read == [uid]


def test_a_block_is_decoded_once_for_all_notes_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replicas(tmp_path) as [one, two]:
        for number in range(5):
            one.create_note(str(number), MONDAY)
        meet(one, two)
        for vault, day in ((one, "Tuesday"), (two, "Wednesday")):
            for number in range(5):
                vault.note(str(number)).write(f"on {day}, ok\n")
        meet(one, two)
        before = one.review()
        one.compact()
        decoded: list[int] = []
        entries = Block.entries

        def watched(block: Block) -> object:
            decoded.append(block.id)
            return entries(block)

        monkeypatch.setattr(Block, "entries", watched)
        assert one.review() == before
        assert len(before) == 5
        assert len(decoded) == len(set(decoded))


def test_progress_counts_the_notes_that_are_read(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        told: list[tuple[int, int]] = []
        one.review(progress=lambda done, total: told.append((done, total)))
        assert told == [(1, 1)]


def test_a_file_of_the_schema_before_is_indexed_when_somebody_looks(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        one.note("A").append("more")
        found = one.review()
        rows = one.replica.conn.execute("SELECT * FROM deps ORDER BY id, actor").fetchall()
    path = tmp_path / "0.db"
    conn = sqlite3.connect(path)
    conn.executescript(
        """DROP TABLE deps; DROP TABLE reviewed; PRAGMA user_version = 4;
           DELETE FROM _sqlite_migrations WHERE name = 'm005_review';"""
    )
    conn.close()
    with Vault.open(path) as old:
        assert old.replica.log.dep_index.missing_upto == old.replica.log.tip
    with Vault.open(path, read_only=True) as old:
        assert old.review() == found
        assert old.replica.log.dep_index.missing_upto
    with Vault.open(path) as old:
        assert old.review() == found
        assert old.replica.log.dep_index.missing_upto == 0
        assert old.replica.conn.execute("SELECT * FROM deps ORDER BY id, actor").fetchall() == rows
        assert old.check() == []


def test_an_edit_in_an_open_editor_can_be_undone_there(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, two]:
        both = one.note("A").text
        session = one.note("A").open()
        session.commit([Grouped(Patch(0, 0, "x"), 1)])
        two.note("A").append("meanwhile")
        meet(one, two)
        [found] = one.review()
        shown = session.text
        for start, removed, inserted in one.settle(found, Choice.OTHER, session):
            shown = shown[:start] + inserted + shown[start + removed :]
        assert shown == session.text == one.note("A").text
        assert shown == f"xon {found.other.text}, ok\nmeanwhile\n"
        assert one.review() == []
        session.undo()
        assert one.note("A").text == f"x{both}meanwhile\n"
        session.redo()
        assert one.note("A").text == shown
        session.undo()
        session.undo()
        assert one.note("A").text == f"{both}meanwhile\n"


@pytest.mark.parametrize("choice", [Choice.OTHER, Choice.BOTH])
def test_a_value_that_is_taken_in_an_open_editor_can_be_undone_there(choice: Choice, tmp_path: Path) -> None:
    text = "---\nstatus: open\n---\n"
    with apart(tmp_path, text, write("open", "done"), write("open", "closed")) as [one, two]:
        before = one.note("A").text
        session = one.note("A").open()
        [found] = one.review()
        one.settle(found, choice, session)
        taken = session.text
        assert taken == one.note("A").text != before
        session.undo()
        assert one.note("A").text == before
        session.redo()
        assert one.note("A").text == taken
        meet(one, two)
        assert two.note("A").text == taken


def test_a_finding_is_settled_once(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        [found] = one.review()
        one.settle(found, Choice.OTHER)
        text = one.note("A").text
        with pytest.raises(OutOfRange):
            one.settle(found, Choice.OTHER)
        session = one.note("A").open()
        with pytest.raises(OutOfRange):
            one.settle(found, Choice.STANDING, session)
        assert one.note("A").text == session.text == text


def test_a_choice_that_a_finding_lacks_is_refused(tmp_path: Path) -> None:
    milk = "- [ ] milk\n"
    with apart(tmp_path, milk, keys((3, 1, "x")), keys((0, 11, ""))) as [one, _]:
        [found] = one.review()
        with pytest.raises(OutOfRange):
            one.settle(found, Choice.BOTH)
        assert one.note("A").text == ""


def test_keeping_both_of_two_lines_marks_them_as_seen(tmp_path: Path) -> None:
    with apart(tmp_path, "# Old\n", write("Old", "New title"), write("Old", "Other thing")) as [one, two]:
        text = one.note("A").text
        [found] = one.review()
        one.settle(found, Choice.BOTH)
        assert one.note("A").text == text or " / " in one.note("A").text
        assert one.review() == []
        meet(one, two)


def test_a_deleted_note_has_no_findings(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, two]:
        one.note("A").remove()
        meet(one, two)
        assert one.review() == two.review() == []


def test_findings_survive_packing_and_a_reopening(tmp_path: Path) -> None:
    with apart(tmp_path, MONDAY, TUESDAY, WEDNESDAY) as [one, _]:
        found = one.review()
        one.compact()
        assert one.review() == found
    with Vault.open(tmp_path / "0.db") as again:
        assert again.review() == found
