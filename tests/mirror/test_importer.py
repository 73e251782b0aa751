from pathlib import Path

import pytest

from crdtnotes.changes import codec
from crdtnotes.mirror import importer
from crdtnotes.mirror.files import MAX_FILE_BYTES, NotDone
from crdtnotes.mirror.importer import ImportReport, import_folder
from crdtnotes.vault import Vault
from tests.mirror.folders import fill, texts

REPLACES = "It is new here; its text replaces that of its note."


def test_every_markdown_file_becomes_a_note(vault: Vault, folder: Path) -> None:
    fill(folder, {"a.md": b"one", "zh/图.md": b"[[a]]", "zh/deep/b.md": b"\xef\xbb\xbftwo\r\n"})
    report = import_folder(vault, folder)
    assert report == ImportReport(created=["a", "zh/deep/b", "zh/图"])
    assert texts(vault) == {"a": "one", "zh/deep/b": "\ufefftwo\r\n", "zh/图": "[[a]]"}


def test_importing_again_writes_only_what_differs(vault: Vault, folder: Path) -> None:
    fill(folder, {"same.md": b"same", "changed.md": b"one two three"})
    import_folder(vault, str(folder))
    before = dict(vault.version)
    assert import_folder(vault, folder) == ImportReport(unchanged=["changed", "same"])
    assert dict(vault.version) == before
    fill(folder, {"changed.md": b"one 2 three", "new.md": b""})
    assert import_folder(vault, folder) == ImportReport(
        created=["new"], updated=["changed"], unchanged=["same"]
    )
    assert texts(vault) == {"same": "same", "changed": "one 2 three", "new": ""}
    assert dict(vault.version) != before


def test_notes_that_the_folder_lacks_stay(vault: Vault, folder: Path) -> None:
    vault.create_note("mine", "text")
    fill(folder, {"other.md": b""})
    import_folder(vault, folder)
    assert texts(vault) == {"mine": "text", "other": ""}


def test_a_file_belongs_to_the_note_of_its_name_and_to_no_other(vault: Vault, folder: Path) -> None:
    vault.create_note("Sub/Page", "here")
    vault.create_note("Index", "old")
    fill(folder, {"page.md": b"a page of its own", "index.md": b"new"})
    assert import_folder(vault, folder) == ImportReport(
        created=["page"], updated=["Index"], notices=[NotDone("index.md", REPLACES)]
    )
    assert texts(vault) == {"Index": "new", "Sub/Page": "here", "page": "a page of its own"}


def test_a_removed_note_can_be_imported_from_a_new_file(vault: Vault, folder: Path) -> None:
    vault.create_note("a", "text").remove()
    fill(folder, {"a.md": b"text"})
    assert import_folder(vault, folder) == ImportReport(created=["a"])
    assert texts(vault) == {"a": "text"}


def test_unreadable_files_are_reported_and_the_rest_is_imported(vault: Vault, folder: Path) -> None:
    fill(
        folder,
        {
            "a.md": b"fine",
            "gb.md": "中文".encode("gb18030"),
            "huge.md": b"x" * (MAX_FILE_BYTES + 1),
            "gone.md": b"",
            "picture.png": b"",
            "x|y.md": b"",
            "z.md": b"fine too",
        },
    )

    def remove_one(done: int, total: int) -> None:
        (folder / "gone.md").unlink(missing_ok=True)

    report = import_folder(vault, folder, remove_one)
    assert report.created == ["a", "z"]
    assert [path for path, _ in report.left_out] == ["gb.md", "gone.md", "huge.md", "x|y.md", "picture.png"]
    reasons = dict(report.left_out)
    assert reasons["gb.md"] == "It is not UTF-8 text. It looks like GB18030: --encoding gb18030 converts it."
    assert reasons["huge.md"] == "It is larger than 8 MiB."
    assert reasons["gone.md"] == "No such file or directory."


def test_progress_is_reported_after_each_transaction(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "CHUNK_NOTES", 2)
    fill(folder, {"a.md": b"", "b.md": b"\xff", "c.md": b"", "d.md": b"", "e.md": b"\xff"})
    told: list[tuple[int, int, int]] = []
    import_folder(vault, folder, lambda done, total: told.append((done, total, len(texts(vault)))))
    assert told == [(0, 5, 0), (3, 5, 2), (5, 5, 3)]


def test_a_chunk_is_bounded_by_its_text_too(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "CHUNK_CHARACTERS", 10)
    fill(folder, {"a.md": b"12345", "b.md": b"12345", "c.md": b"1" * 30, "d.md": b""})
    told: list[int] = []
    import_folder(vault, folder, lambda done, total: told.append(done))
    assert told == [0, 2, 3, 4]


def test_a_note_that_the_vault_refuses_is_reported_and_its_neighbours_are_imported(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "MAX_CHANGE_BYTES", 1000)
    vault.create_note("f", "old")
    fill(
        folder,
        {f"{name}.md": name.encode() for name in "abcdefgh"} | {"c.md": b"c" * 2000, "f.md": b"f" * 2000},
    )
    report = import_folder(vault, folder)
    assert report.created == list("abdegh")
    assert [path for path, _ in report.left_out] == ["c.md", "f.md"]
    assert "1,000" in report.left_out[0].reason
    assert texts(vault) == {name: name for name in "abdegh"} | {"f": "old"}
    assert vault.check() == []


def test_an_empty_folder(vault: Vault, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    assert import_folder(vault, folder, lambda done, total: told.append((done, total))) == ImportReport()
    assert told == [(0, 0)]


def test_an_interrupted_import_leaves_whole_notes_and_can_continue(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "CHUNK_NOTES", 2)
    fill(folder, {f"{name}.md": name.encode() for name in "abcde"})

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_folder(vault, folder, interrupt)
    assert texts(vault) == {"a": "a", "b": "b"}
    assert import_folder(vault, folder) == ImportReport(created=["c", "d", "e"], unchanged=["a", "b"])


def test_notes_made_and_removed_meanwhile(vault: Vault, folder: Path) -> None:
    """Another process may write between the listing and the transaction."""
    vault.create_note("page", "old")
    vault.create_note("sub/page", "not this one")
    fill(folder, {"made.md": b"from the file", "page.md": b"from the file"})

    def meanwhile(done: int, total: int) -> None:
        if done == 0:
            vault.note("page").remove()
            vault.create_note("made", "from elsewhere")

    assert import_folder(vault, folder, meanwhile) == ImportReport(
        created=["page"], updated=["made"], notices=[NotDone("made.md", REPLACES)]
    )
    assert texts(vault) == {"made": "from the file", "page": "from the file", "sub/page": "not this one"}
