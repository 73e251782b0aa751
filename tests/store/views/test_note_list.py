from collections.abc import Iterator
from itertools import repeat
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


# -- times that cannot be believed

DAY = 24 * 60 * 60 * 1000
NEVER = 2**53 - 1


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Vault]:
    """A vault in which notes arrived in this order, with these times: 1000, far future, 2000, far future."""
    with Vault.create(tmp_path / "hostile.db") as vault:
        for number, claimed in enumerate((1000, NEVER, 2000, NEVER - 1)):
            vault._writer._now = repeat(claimed).__next__
            vault.create_note(f"n{number}", "text")
        yield vault


def test_a_claimed_time_far_ahead_is_that_of_what_arrived_before(hostile: Vault) -> None:
    expected = {"n0": 1000, "n1": 999, "n2": 2000, "n3": 1999}
    assert {info.name: info.modified for info in hostile.notes()} == expected
    assert {row.name: row.modified for row in hostile.replica.notes.rows()} == expected
    assert {name: hostile.note(name).modified for name in expected} == expected
    assert {one.name: one.modified for one in hostile.names()} == expected


def test_a_claimed_time_far_ahead_never_makes_a_note_the_latest(hostile: Vault) -> None:
    latest = hostile.latest()
    assert latest is not None
    assert latest.name == "n2"
    hostile._writer._now = lambda: 3000
    hostile.note("n0").append("later")
    latest = hostile.latest()
    assert latest is not None
    assert latest.name == "n0"


def test_if_no_time_can_be_believed_the_last_arrival_is_the_latest(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        for number, claimed in enumerate((NEVER, NEVER - 5)):
            vault._writer._now = repeat(claimed).__next__
            vault.create_note(f"n{number}")
        latest = vault.latest()
        assert latest is not None
        assert latest.name == "n1"
        assert [info.modified for info in vault.notes()] == [0, 0]


def test_a_clock_that_is_a_little_ahead_is_believed(tmp_path: Path) -> None:
    now = 1_700_000_000_000
    with Vault.create(tmp_path / "v") as vault:
        for number, claimed in enumerate((now, now + DAY, now + DAY + 1)):
            vault._writer._now = repeat(claimed).__next__
            vault.create_note(f"n{number}")
        rows = NoteList(vault.replica.conn, lambda: now).rows()
        assert [row.modified for row in rows] == [now, now + DAY, now + DAY - 1]
