"""Folders that are imported and exported again: nothing newer is overwritten on either side."""

import os
import shutil
import sqlite3
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from crdtnotes.errors import LocalError
from crdtnotes.mirror.exporter import EDITED, UNKNOWN, ExportReport, Moved, export_folder
from crdtnotes.mirror.files import NotDone
from crdtnotes.mirror.importer import ImportReport, import_folder
from crdtnotes.repair import repair
from crdtnotes.vault import Vault
from tests.mirror.folders import fill, held, texts
from tests.vaults import replicas, send

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="other file systems treat such names as same")

NFC, NFD = (unicodedata.normalize(form, "Café.md") for form in ("NFC", "NFD"))


# -- importing again


def test_an_unchanged_file_changes_nothing(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").append("x")
    assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
    assert texts(vault) == {"n": "one\nx\n"}


def test_an_unchanged_file_does_not_undo_what_came_from_another_device(tmp_path: Path, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    with replicas(tmp_path) as [one, two]:
        import_folder(one, folder)
        send(one, two)
        two.note("n").append("from two")
        send(two, one)
        import_folder(one, folder)
        send(one, two)
        assert texts(one) == texts(two) == {"n": "one\nfrom two\n"}


def test_edits_on_both_sides_are_merged_again_and_again(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"- a\n- b\n- c\n"})
    import_folder(vault, folder)
    vault.note("n").append("- d")
    fill(folder, {"n.md": b"- A\n- b\n- c\n"})
    assert import_folder(vault, folder) == ImportReport(updated=["n"])
    assert texts(vault) == {"n": "- A\n- b\n- c\n- d\n"}
    # The file's text was never one of the note.
    assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
    fill(folder, {"n.md": b"- A\n- c\n"})
    vault.note("n").append("- e")
    import_folder(vault, folder)
    assert texts(vault) == {"n": "- A\n- c\n- d\n- e\n"}


def test_a_value_of_the_file_stands_and_other_lines_stay(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"---\nstatus: open\n---\n- [ ] tea\n"})
    import_folder(vault, folder)
    vault.note("n").write("---\nstatus: done\n---\n- [ ] tea\n- [ ] milk\n")
    fill(folder, {"n.md": b"---\nstatus: closed\n---\n- [x] tea\n"})
    import_folder(vault, folder)
    assert texts(vault) == {"n": "---\nstatus: closed\n---\n- [x] tea\n- [ ] milk\n"}


def test_the_same_edit_on_both_sides_counts_once(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").append("two")
    fill(folder, {"n.md": b"one\ntwo\n"})
    assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
    vault.note("n").append("three")
    assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
    assert texts(vault) == {"n": "one\ntwo\nthree\n"}


def test_a_renamed_note_keeps_its_name_and_gets_the_edits(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n", "k.md": b"[[n]]\n"})
    import_folder(vault, folder)
    vault.note("n").rename("m")
    report = import_folder(vault, folder)
    assert report == ImportReport(
        unchanged=["k", "m"], notices=[NotDone("n.md", "Its note is called “m” now.")]
    )
    assert texts(vault) == {"k": "[[m]]\n", "m": "one\n"}
    fill(folder, {"n.md": b"one\ntwo\n"})
    report = import_folder(vault, folder)
    assert (report.updated, report.notices) == (["m"], [("n.md", "Its note is called “m” now.")])
    assert texts(vault) == {"k": "[[m]]\n", "m": "one\ntwo\n"}
    assert import_folder(vault, folder).notices == [("n.md", "Its note is called “m” now.")]


def test_a_deleted_note_stays_deleted_unless_its_file_is_edited(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").remove()
    report = import_folder(vault, folder)
    assert report == ImportReport(
        unchanged=["n"], notices=[NotDone("n.md", "Its note was deleted, and stays so.")]
    )
    assert texts(vault) == {}
    fill(folder, {"n.md": b"two\n"})
    report = import_folder(vault, folder)
    assert report.updated == ["n"]
    assert [path for path, _ in report.notices] == ["n.md"]
    assert texts(vault) == {"n": "two\n"}


def test_a_file_with_an_earlier_text_of_a_note_changes_nothing(tmp_path: Path, folder: Path) -> None:
    """Another device has the folder as it was, and imports it into its copy of the vault."""
    fill(folder, {"n.md": b"one\n"})
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    with replicas(tmp_path) as [one, two]:
        import_folder(one, folder)
        one.note("n").append("two")
        send(one, two)
        report = import_folder(two, copy)
        assert (report.unchanged, [path for path, _ in report.notices]) == (["n"], ["n.md"])
        fill(copy, {"n.md": b"zero\none\n"})
        assert import_folder(two, copy) == ImportReport(updated=["n"])
        assert texts(two) == {"n": "zero\none\ntwo\n"}


def test_a_folder_that_moved_files_leave_empty_goes_and_no_other(vault: Vault, folder: Path) -> None:
    fill(folder, {"a/b/n.md": b"one\n", "a/c/m.md": b"two\n", "a/c/picture.png": b"x"})
    (folder / "empty").mkdir()
    import_folder(vault, folder)
    vault.note("a/b/n").rename("系统/n")
    vault.note("a/c/m").rename("系统/m")
    export_folder(vault, folder)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "a",
        "a/c",
        "a/c/picture.png",
        "empty",
        "系统",
        "系统/m.md",
        "系统/n.md",
    ]
    vault.note("系统/n").rename("a/b/n")
    export_folder(vault, folder)
    assert (folder / "a/b/n.md").read_bytes() == b"one\n"


def test_a_folder_that_was_moved_goes_on(vault: Vault, folder: Path, tmp_path: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").append("x")
    folder.rename(tmp_path / "elsewhere")
    fill(tmp_path / "elsewhere", {"n.md": b"zero\none\n"})
    assert import_folder(vault, tmp_path / "elsewhere") == ImportReport(updated=["n"])
    assert texts(vault) == {"n": "zero\none\nx\n"}


# -- two folders


def test_a_second_folder_replaces_no_note_of_the_first(vault: Vault, folder: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    fill(folder, {"README.md": b"first\n", "LICENSE.md": b"mit\n", "same.md": b"same\n"})
    fill(second, {"README.md": b"second\n", "LICENSE.md": b"gpl\n", "same.md": b"same\n", "a.md": b"[[b]]"})
    import_folder(vault, folder)
    before = vault.version
    with pytest.raises(LocalError, match=r"^LICENSE.md and 1 more would replace notes of .*--into FOLDER"):
        import_folder(vault, second)
    assert vault.version == before
    report = import_folder(vault, second, into="second")
    assert report.created == ["second/LICENSE", "second/README", "second/a", "second/same"]
    # That the folder's notes are there is remembered.
    fill(second, {"README.md": b"second\nmore\n", "b.md": b""})
    assert import_folder(vault, second) == ImportReport(
        created=["second/b"],
        updated=["second/README"],
        unchanged=["second/LICENSE", "second/a", "second/same"],
    )
    assert texts(vault)["README"] == "first\n"
    vault.note("second/a").append("more")
    assert export_folder(vault, second).written == ["second/a"]
    assert sorted(held(second)) == ["LICENSE.md", "README.md", "a.md", "b.md", "same.md"]


def test_a_copy_of_a_folder_is_no_other_folder_until_it_differs(
    vault: Vault, folder: Path, tmp_path: Path
) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    shutil.copytree(folder, tmp_path / "copy")
    vault.note("n").append("two")
    assert import_folder(vault, tmp_path / "copy").unchanged == ["n"]
    fill(tmp_path / "copy", {"n.md": b"zero\none\n"})
    assert import_folder(vault, tmp_path / "copy").updated == ["n"]
    assert texts(vault) == {"n": "zero\none\ntwo\n"}


# -- exporting again


def test_an_edited_file_is_never_overwritten(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n", "k.md": b"k\n"})
    import_folder(vault, folder)
    vault.note("n").append("in the vault")
    vault.note("k").append("in the vault")
    fill(folder, {"n.md": b"one\nin the file\n"})
    assert export_folder(vault, folder) == ExportReport(written=["k"], failed=[NotDone("n", EDITED)])
    assert held(folder) == {"k.md": b"k\nin the vault\n", "n.md": b"one\nin the file\n"}
    import_folder(vault, folder)
    assert export_folder(vault, folder).failed == []
    assert sorted(held(folder)["n.md"].split(b"\n")) == [b"", b"in the file", b"in the vault", b"one"]
    fill(folder, {"n.md": b"lost\n"})
    assert export_folder(vault, folder, force=True).written == ["n"]


def test_an_unknown_file_is_never_overwritten(vault: Vault, folder: Path) -> None:
    vault.create_note("n", "one\n")
    vault.create_note("old", "one\n")
    vault.note("old").append("two")
    fill(folder, {"n.md": b"somebody's\n", "old.md": b"one\n"})
    assert export_folder(vault, folder) == ExportReport(written=["old"], failed=[NotDone("n", UNKNOWN)])
    assert held(folder) == {"n.md": b"somebody's\n", "old.md": b"one\ntwo\n"}


def test_a_file_that_was_deleted_is_written_again(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    (folder / "n.md").unlink()
    assert export_folder(vault, folder) == ExportReport(written=["n"])


@pytest.mark.parametrize(
    "name", ["X.md.md", " x.md", "x .md", NFD, "ÄRGER.MD", "sub /n.md", f"{NFD[:-3]}/{NFD}", "图 .md"]
)
@only_linux
def test_a_file_keeps_its_name_on_the_way_back(vault: Vault, folder: Path, name: str) -> None:
    fill(folder, {name: b"one\n"})
    import_folder(vault, folder)
    [note] = texts(vault)
    assert export_folder(vault, folder) == ExportReport(unchanged=[note])
    vault.note(note).append("two")
    assert export_folder(vault, folder) == ExportReport(written=[note])
    assert held(folder) == {name: b"one\ntwo\n"}
    assert import_folder(vault, folder) == ImportReport(unchanged=[note])


@only_linux
@pytest.mark.parametrize(
    ("canonical", "other"),
    [("todo.md", " todo.md"), (NFC, NFD), ("n.md", "n.md.md"), ("Todo.md", "todo.md"), ("a/n.md", "a /n.md")],
)
def test_of_two_files_of_one_name_one_is_left_out_and_never_overwritten(
    vault: Vault, folder: Path, canonical: str, other: str
) -> None:
    fill(folder, {canonical: b"the note\n", other: b"left out\n"})
    report = import_folder(vault, folder)
    [(path, reason)] = report.left_out
    assert (path, reason) == (other, f"Its name counts as the same as that of “{canonical}”.")
    [name] = texts(vault)
    vault.note(name).append("more")
    assert export_folder(vault, folder).written == [name]
    assert held(folder) == {canonical: b"the note\nmore\n", other: b"left out\n"}
    vault.note(name).rename("another")
    assert export_folder(vault, folder).moved == [Moved(canonical, "another.md")]
    assert held(folder) == {"another.md": b"the note\nmore\n", other: b"left out\n"}


@only_linux
def test_a_file_that_is_a_note_stays_it_when_one_of_the_same_name_appears(vault: Vault, folder: Path) -> None:
    fill(folder, {"todo.md": b"the note\n"})
    import_folder(vault, folder)
    fill(folder, {"Todo.md": b"new\n"})
    report = import_folder(vault, folder)
    assert (report.unchanged, [path for path, _ in report.left_out]) == (["todo"], ["Todo.md"])


def test_a_hidden_file_that_was_exported_is_imported_again(vault: Vault, folder: Path) -> None:
    for name in (".h", ".d/n", "a/.b/c"):
        vault.create_note(name, "one\n")
    export_folder(vault, folder)
    fill(folder, dict.fromkeys((".h.md", ".d/n.md", "a/.b/c.md"), b"one\ntwo\n"))
    fill(folder, {".new.md": b"", ".d/new.md": b"", ".git/x.md": b""})
    report = import_folder(vault, folder)
    assert report.updated == [".d/n", ".h", "a/.b/c"]
    assert report.created == [".d/new"]
    assert [path for path, _ in report.left_out] == [".new.md", ".git"]


# -- renamed notes


@only_linux
def test_the_file_of_a_renamed_note_is_renamed(vault: Vault, folder: Path) -> None:
    vault.create_note("Notes", "old\n")
    export_folder(vault, folder)
    vault.note("Notes").rename("notes")
    vault.note("notes").append("NEW")
    report = export_folder(vault, folder)
    assert report == ExportReport(written=["notes"], moved=[Moved("Notes.md", "notes.md")])
    assert held(folder) == {"notes.md": b"old\nNEW\n"}
    assert import_folder(vault, folder) == ImportReport(unchanged=["notes"])
    assert texts(vault) == {"notes": "old\nNEW\n"}


def test_an_edited_file_of_a_renamed_note_stays(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").rename("sub/m")
    fill(folder, {"n.md": b"one\nedited\n"})
    [failed] = export_folder(vault, folder).failed
    assert failed.path == "sub/m"
    assert "n.md was edited and stays" in failed.reason
    assert held(folder) == {"n.md": b"one\nedited\n"}
    import_folder(vault, folder)
    assert export_folder(vault, folder).moved == [Moved("n.md", "sub/m.md")]
    assert held(folder) == {"sub/m.md": b"one\nedited\n"}


def test_a_renamed_note_does_not_overwrite_an_unknown_file(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").rename("m")
    fill(folder, {"m.md": b"somebody's\n"})
    assert [name for name, _ in export_folder(vault, folder).failed] == ["m"]
    assert held(folder) == {"m.md": b"somebody's\n", "n.md": b"one\n"}


def test_notes_exchange_their_names(vault: Vault, folder: Path) -> None:
    fill(folder, {"a.md": b"A\n", "b.md": b"B\n", "c.md": b"C\n"})
    import_folder(vault, folder)
    for old, new in [("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")]:
        vault.note(old).rename(new)
    export_folder(vault, folder)
    assert held(folder) == {"a.md": b"B\n", "b.md": b"C\n", "c.md": b"A\n"}
    assert import_folder(vault, folder) == ImportReport(unchanged=["a", "b", "c"])
    # One file that was edited stays, and so do those that would need its place.
    for old, new in [("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")]:
        vault.note(old).rename(new)
    fill(folder, {"b.md": b"C\nedited\n"})
    report = export_folder(vault, folder)
    assert {name for name, _ in report.failed} == {"a", "b", "c"}
    assert held(folder) == {"a.md": b"B\n", "b.md": b"C\nedited\n", "c.md": b"A\n"}


def test_a_new_note_takes_the_place_of_a_renamed_one(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n", "gone.md": b"gone\n"})
    import_folder(vault, folder)
    vault.note("n").rename("m")
    vault.create_note("n", "new\n")
    vault.note("gone").remove()
    vault.create_note("gone", "another\n")
    assert export_folder(vault, folder).failed == []
    assert held(folder) == {"n.md": b"new\n", "m.md": b"one\n", "gone.md": b"another\n"}
    assert import_folder(vault, folder) == ImportReport(unchanged=["gone", "m", "n"])


# -- dry runs


def test_a_dry_run_reports_the_same_and_changes_nothing(vault: Vault, folder: Path, tmp_path: Path) -> None:
    fill(folder, {"a.md": b"a\n", "b.md": b"b\n", "c.md": b"c\n"})
    import_folder(vault, folder)
    vault.note("b").rename("sub/d")
    vault.note("c").append("vault")
    fill(folder, {"a.md": b"A\n", "new.md": b"[[a]]", "x.png": b""})
    before, files = (vault.version, vault.digest), held(folder)
    planned = import_folder(vault, folder, dry_run=True)
    planned_export = export_folder(vault, folder, dry_run=True)
    assert (vault.version, vault.digest) == before
    assert held(folder) == files
    assert export_folder(vault, tmp_path / "none", dry_run=True).written == ["a", "c", "sub/d"]
    assert not (tmp_path / "none").exists()
    assert import_folder(vault, folder) == planned
    assert planned.updated == ["a"]
    assert planned_export.failed == [("a", EDITED)]
    assert planned_export.moved == [Moved("b.md", "sub/d.md")]
    assert export_folder(vault, folder).moved == planned_export.moved
    assert export_folder(vault, folder).written == []


# -- times and sizes


def test_a_new_note_has_the_time_of_its_file(vault: Vault, folder: Path) -> None:
    fill(folder, {"old.md": b"", "future.md": b""})
    long_ago = 1_555_000_000
    os.utime(folder / "old.md", (long_ago, long_ago))
    os.utime(folder / "future.md", (2_000_000_000_0, 2_000_000_000_0))
    import_folder(vault, folder)
    assert vault.note("old").modified == long_ago * 1000
    assert vault.note("future").modified <= time.time_ns() // 1_000_000
    vault.note("old").append("now")
    assert vault.note("old").modified > long_ago * 1000


def test_what_new_takes_can_be_exported_and_imported(vault: Vault, folder: Path, tmp_path: Path) -> None:
    vault.create_note("big", "x" * 5_000_000)
    export_folder(vault, folder)
    with Vault.create(tmp_path / "other.db") as other:
        assert import_folder(other, folder) == ImportReport(created=["big"])


# -- the local state


def test_it_does_not_sync(tmp_path: Path, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    with replicas(tmp_path) as [one, two]:
        import_folder(one, folder)
        version = one.version
        fill(folder, {"n.md": b"two\n"})
        one.note("n").write("two\n")
        import_folder(one, folder)
        send(one, two)
        assert sum(one.version.values()) == sum(version.values()) + 1
        assert two.replica.conn.execute("SELECT count(*) FROM files").fetchone() == (0,)


def test_it_costs_little(vault: Vault, folder: Path) -> None:
    fill(folder, {f"folder {number % 7}/a note of number {number}.md": b"x" * 5000 for number in range(300)})
    import_folder(vault, folder)
    parts = " + ".join(f"length({column})" for column in ("path", "note", "name", "hash", "version"))
    (used,) = vault.replica.conn.execute(f"SELECT sum({parts}) FROM files").fetchone()
    assert used < 0.03 * 300 * 5000
    assert vault.replica.conn.execute("SELECT count(*) FROM files WHERE text IS NOT NULL").fetchone() == (0,)


def test_a_vault_of_the_schema_before_gets_it(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "old.db"
    with Vault.create(path) as vault:
        vault.create_note("n", "one\n")
    conn = sqlite3.connect(path)
    conn.executescript(
        """DROP TABLE files; DROP TABLE folders; PRAGMA user_version = 8;
           DELETE FROM _sqlite_migrations WHERE name = 'm010_files';"""
    )
    conn.close()
    with Vault.open(path, read_only=True) as vault:
        assert export_folder(vault, folder).written == ["n"]
    with Vault.open(path) as vault:
        fill(folder, {"n.md": b"one\ntwo\n"})
        assert import_folder(vault, folder).updated == ["n"]
        vault.note("n").append("three")
        assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
        assert vault.check() == []


def test_compacting_keeps_it(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"one\n"})
    import_folder(vault, folder)
    vault.note("n").append("two")
    vault.compact()
    fill(folder, {"n.md": b"zero\none\n"})
    assert import_folder(vault, folder) == ImportReport(updated=["n"])
    assert texts(vault) == {"n": "zero\none\ntwo\n"}


def test_a_new_vault_of_the_same_notes_keeps_it(vault: Vault, folder: Path) -> None:
    """As `revoke --all-others` makes it: the log is one new stream."""
    fill(folder, {"n.md": b"one\n", "merged.md": b"one\n"})
    import_folder(vault, folder)
    for name in ("n", "merged"):
        vault.note(name).append("two")
    fill(folder, {"merged.md": b"one\nfile\n"})
    import_folder(vault, folder)
    vault.replica.devices.begin_anew()
    fill(folder, {"n.md": b"zero\none\n", "merged.md": b"zero\none\nfile\n"})
    assert import_folder(vault, folder) == ImportReport(updated=["merged", "n"])
    assert texts(vault)["n"] == "zero\none\ntwo\n"
    assert set(texts(vault)["merged"].split()) == {"zero", "one", "two", "file"}


SECRET = "hunter2-hunter2-hunter2"


def test_an_erased_text_does_not_survive_in_it(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": f"one\n{SECRET}\n".encode()})
    import_folder(vault, folder)
    vault.note("n").append("two")
    fill(folder, {"n.md": f"zero\none\n{SECRET}\n".encode()})
    import_folder(vault, folder)  # stores the file's text, which was never the note's
    assert vault.replica.conn.execute("SELECT count(*) FROM files WHERE text IS NOT NULL").fetchone() == (1,)
    vault.note("n").erase(SECRET)
    assert vault.replica.conn.execute("SELECT count(*) FROM files WHERE text IS NOT NULL").fetchone() == (0,)
    # The file still holds it, and is not edited: nothing comes back.
    assert import_folder(vault, folder) == ImportReport(unchanged=["n"])
    assert SECRET not in vault.note("n").text
    fill(folder, {"n.md": b"zero\none\nthree\n"})
    report = import_folder(vault, folder)
    assert [path for path, _ in report.notices] == ["n.md"]
    assert set(vault.note("n").text.split()) == {"zero", "one", "two", "three"}


def test_an_erased_note_does_not_come_back(vault: Vault, folder: Path) -> None:
    fill(folder, {"n.md": b"secret\n"})
    import_folder(vault, folder)
    vault.note("n").erase()
    assert import_folder(vault, folder).unchanged == ["n"]
    assert texts(vault) == {}
    fill(folder, {"n.md": b"not secret\n"})
    import_folder(vault, folder)
    assert texts(vault) == {"n": "not secret\n"}


def test_a_repaired_vault_still_knows_the_files(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "damaged.db"
    fill(folder, {"n.md": b"one\n", "k.md": b"k\n"})
    with Vault.create(path) as vault:
        import_folder(vault, folder)
        vault.note("n").append("two")
    repair(path)
    with Vault.open(path) as vault:
        fill(folder, {"n.md": b"zero\none\n"})
        assert import_folder(vault, folder) == ImportReport(updated=["n"], unchanged=["k"])
        assert texts(vault) == {"n": "zero\none\ntwo\n", "k": "k\n"}
