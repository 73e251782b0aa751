import os
from pathlib import Path

import pytest

from crdtnotes.errors import Damaged, LocalError
from crdtnotes.mirror import exporter, outgoing
from crdtnotes.mirror.exporter import ExportReport, export_folder
from crdtnotes.mirror.files import NotDone, replace_file
from crdtnotes.mirror.importer import import_folder
from crdtnotes.note import Note
from crdtnotes.vault import Vault
from tests.mirror.folders import TEXTS, fill, held


def test_files_are_exported_byte_for_byte(vault: Vault, folder: Path, tmp_path: Path) -> None:
    fill(folder, {f"{name}.md": data for name, data in TEXTS.items()})
    import_folder(vault, folder)
    report = export_folder(vault, tmp_path / "new" / "out")
    assert report.failed == []
    assert len(report.written) == len(TEXTS)
    # A note's name is in NFC, even if the file's name was not.
    expected = {f"{name}.md".replace("e\u0301", "é"): data for name, data in TEXTS.items()}
    assert held(tmp_path / "new" / "out") == expected


def test_only_files_that_differ_are_written(vault: Vault, folder: Path) -> None:
    for name in ("changed", "missing", "same"):
        vault.create_note(name, "text")
    export_folder(vault, folder)
    vault.note("changed").write("TEXT")
    (folder / "missing.md").unlink()
    os.utime(folder / "same.md", (1, 1))
    assert export_folder(vault, folder) == ExportReport(written=["changed", "missing"], unchanged=["same"])
    assert (folder / "same.md").stat().st_mtime == 1
    assert held(folder) == {"changed.md": b"TEXT", "missing.md": b"text", "same.md": b"text"}


def test_nothing_is_deleted(vault: Vault, folder: Path) -> None:
    fill(folder, {"other.md": b"kept", "sub/picture.png": b"kept", ".hidden": b"kept"})
    vault.create_note("sub/note", "x")
    export_folder(vault, folder)
    assert held(folder) == {
        "other.md": b"kept",
        "sub/picture.png": b"kept",
        ".hidden": b"kept",
        "sub/note.md": b"x",
    }


def test_progress(vault: Vault, folder: Path) -> None:
    vault.create_note("a")
    vault.create_note("b")
    told: list[tuple[int, int]] = []
    export_folder(vault, str(folder), lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_links_that_lead_out_are_refused(vault: Vault, folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "folder-outside", {"a.md": b"theirs"})
    (folder / "sub").symlink_to(tmp_path / "folder-outside")
    (folder / "b.md").symlink_to(tmp_path / "folder-outside" / "a.md")
    (folder / "c.md").symlink_to(tmp_path / "folder-outside" / "new.md")
    for name in ("b", "c", "d", "sub/a", "sub/deep/er"):
        vault.create_note(name, "mine")
    report = export_folder(vault, folder)
    assert report.written == ["d"]
    assert {name: reason.split(" that ")[0] for name, reason in report.failed} == {
        "b": "Its file is a link",
        "c": "Its file is a link",
        "sub/a": "Its folder is a link",
        "sub/deep/er": "Its folder is a link",
    }
    assert held(tmp_path / "folder-outside") == {"a.md": b"theirs"}


def test_the_folder_itself_may_be_a_link(vault: Vault, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    vault.create_note("a/b", "x")
    assert export_folder(vault, tmp_path / "link") == ExportReport(written=["a/b"])
    assert held(folder) == {"a/b.md": b"x"}


def test_a_link_inside_is_replaced_by_the_file(vault: Vault, folder: Path) -> None:
    vault.create_note("a", "one")
    vault.create_note("b", "two")
    (folder / "b.md").symlink_to("a.md")
    assert export_folder(vault, folder) == ExportReport(written=["a", "b"])
    assert held(folder) == {"a.md": b"one", "b.md": b"two"}
    assert not (folder / "b.md").is_symlink()


def test_a_second_note_with_the_same_file_is_refused(vault: Vault, folder: Path) -> None:
    # A link between folders gives one file two paths, as a case-insensitive file system does.
    (folder / "one").mkdir()
    (folder / "two").symlink_to("one")
    vault.create_note("one/x", "first")
    vault.create_note("two/x", "second")
    reason = "On this file system its file would be the same as that of “one/x”."
    for _ in range(2):
        assert export_folder(vault, folder).failed == [("two/x", reason)]
        assert held(folder)["one/x.md"] == b"first"


def test_hard_links_are_separated(vault: Vault, folder: Path) -> None:
    fill(folder, {"a.md": b"one"})
    (folder / "b.md").hardlink_to(folder / "a.md")
    vault.create_note("a", "one")
    vault.create_note("b", "two")
    assert export_folder(vault, folder).failed == [NotDone("b", exporter.UNKNOWN)]
    assert export_folder(vault, folder, force=True) == ExportReport(written=["b"], unchanged=["a"])
    assert held(folder) == {"a.md": b"one", "b.md": b"two"}


def test_files_and_folders_in_the_way_stay(vault: Vault, folder: Path) -> None:
    fill(folder, {"a.md/inside.txt": b"kept", "b": b"kept"})
    os.mkfifo(folder / "pipe.md")
    for name in ("a", "b/c", "b/c/d", "fine", "pipe"):
        vault.create_note(name, "x")
    report = export_folder(vault, folder)
    assert report.written == ["fine"]
    assert dict(report.failed) == {
        "a": "A folder is where its file should be.",
        "b/c": "A file is where its folder should be.",
        "b/c/d": "A file is where its folder should be.",
        "pipe": "Something that is not a file is where its file should be.",
    }
    assert held(folder) == {"a.md/inside.txt": b"kept", "b": b"kept", "fine.md": b"x"}


def test_a_note_and_a_folder_of_one_name_have_room_for_both(vault: Vault, folder: Path) -> None:
    vault.create_note("a", "note")
    vault.create_note("a/b", "below")
    assert export_folder(vault, folder) == ExportReport(written=["a", "a/b"])
    assert held(folder) == {"a.md": b"note", "a/b.md": b"below"}


def test_an_error_of_the_file_system_is_reported(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(path: Path, data: bytes) -> None:
        if ":" in path.name:
            raise OSError(22, "Invalid argument")
        replace_file(path, data)

    monkeypatch.setattr(outgoing, "replace_file", refusing)
    vault.create_note("a:b", "x")
    vault.create_note("c", "x")
    report = export_folder(vault, folder)
    assert report == ExportReport(written=["c"], failed=[NotDone("a:b", "Invalid argument.")])


def test_a_damaged_note_does_not_stop_the_others(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.create_note("a", "x")
    vault.create_note("b", "x")
    find = vault.note

    def note(name: str) -> Note:
        if name == "a":
            raise Damaged("This note cannot be read.")
        return find(name)

    monkeypatch.setattr(vault, "note", note)
    report = export_folder(vault, folder)
    assert report == ExportReport(written=["b"], failed=[NotDone("a", "This note cannot be read.")])


def test_a_note_removed_meanwhile_is_not_exported_with_the_text_of_another(
    vault: Vault, folder: Path
) -> None:
    vault.create_note("page", "removed")
    vault.create_note("sub/page", "other")

    def remove(done: int, total: int) -> None:
        if done == 0:
            vault.note("page").remove()

    assert export_folder(vault, folder, remove) == ExportReport(written=["sub/page"])
    assert held(folder) == {"sub/page.md": b"other"}


def test_a_folder_that_cannot_be_made(vault: Vault, folder: Path) -> None:
    fill(folder, {"file": b""})
    for path in (folder / "file", folder / "file" / "sub"):
        with pytest.raises(LocalError, match="cannot be made"):
            export_folder(vault, path)
