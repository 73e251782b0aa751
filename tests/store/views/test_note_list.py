from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.store.views.note_list import NoteList, NoteRow


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault.db") as vault:
        vault.create_note("b", "见 [[a]] and [[nowhere]]")
        vault.create_note("a", "一二三")
        vault.create_note("c/d")
        vault.create_note("gone").remove()
        yield vault


@pytest.fixture
def notes(vault: Vault) -> NoteList:
    return vault.replica.notes


def test_it_counts_and_names_the_notes_that_exist(notes: NoteList) -> None:
    assert notes.count() == 3
    assert notes.names() == ["a", "b", "c/d"]
    assert [row.name for row in notes.rows()] == ["a", "b", "c/d"]


def test_it_finds_a_note_by_its_id(vault: Vault, notes: NoteList) -> None:
    note = vault.note("b")
    row = notes.find(bytes.fromhex(note.id))
    assert row == NoteRow(row.id if row else 0, "b", "b", note.modified)
    note.remove()
    assert notes.find(bytes.fromhex(note.id)) is None
    assert notes.find(bytes(16)) is None


def test_the_latest_is_the_one_that_changed_last(vault: Vault, notes: NoteList) -> None:
    latest = max(notes.rows(), key=lambda row: (row.modified, -ord(row.name[0])))
    assert vault.note_by_id((notes.latest() or b"").hex()).name == latest.name


def test_figures_tell_sizes_and_links(notes: NoteList) -> None:
    figures = {one.name: one for one in notes.figures()}
    assert (figures["a"].characters, figures["a"].size) == (3, 9)
    assert (figures["a"].links, figures["a"].backlinks) == (0, 1)
    assert (figures["b"].links, figures["b"].backlinks) == (2, 0)


def test_an_orphan_has_no_link_either_way(notes: NoteList) -> None:
    assert [one.name for one in notes.orphans()] == ["c/d"]


def test_names_below_a_folder_and_of_rows(notes: NoteList) -> None:
    assert notes.names_below("c") == ["c/d"]
    assert notes.names_below("d") == []
    assert notes.names_of([row.id for row in notes.rows() if row.name != "b"]) == ["a", "c/d"]
