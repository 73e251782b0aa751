"""Features of a vault and its notes that the editor needs, apart from text."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from crdtnotes import NoteNames, Vault
from crdtnotes.errors import NoteExists, NoteNotFound


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "v") as vault:
        yield vault


def test_names_include_aliases_and_former_names(vault: Vault) -> None:
    vault.create_note("b", "---\naliases: [Bee, B2]\n---\n")
    vault.create_note("old").rename("A")
    first, second = vault.names()
    assert first == NoteNames("A", first.modified, (), ("a", "old"))
    assert second == NoteNames("b", second.modified, ("B2", "Bee"), ("b",))
    vault.note("b").remove()
    assert [note.name for note in vault.names()] == ["A"]


def test_search_can_be_prepared_in_steps(vault: Vault) -> None:
    with vault.transaction():
        for number in range(450):
            vault.create_note(f"n{number}", "word")
    rounds = 1
    while vault.prepare_search():
        rounds += 1
    assert rounds == 3
    assert not vault.prepare_search()
    assert len(vault.search("word", limit=1000)) == 450


def test_a_deleted_note_comes_back_as_it_was(vault: Vault) -> None:
    note = vault.create_note("n", "text [[m]]")
    before = note.links()
    note.remove()
    assert "n" not in vault
    note.restore()
    assert (vault.note("n").text, vault.note("n").links()) == ("text [[m]]", before)
    version = vault.version
    note.restore()
    assert vault.version == version
    assert vault.check() == []


def test_peers_are_remembered(vault: Vault) -> None:
    vault.remember_peer("bo", "ws://localhost:1")
    assert vault.peers() == [("bo", "ws://localhost:1")]


def test_a_note_from_a_template(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        vault.create_note("Templates/会议", "# {{title}}\n{{date}} [[人]]\n")
        vault.create_note("templatesque")
        assert vault.templates() == ["Templates/会议"]
        note = vault.create_from("会议", "工作/周会", date(2026, 3, 1))
        assert note.text == "# 周会\n2026-03-01 [[人]]\n"
        assert [link.target for link in note.links()] == ["人"]
        with pytest.raises(NoteNotFound, match="no template 'none'"):
            vault.create_from("none", "x")
        with pytest.raises(NoteExists):
            vault.create_from("会议", "工作/周会")


def test_tags_nest_and_name_their_notes(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        vault.create_note("b", "#x/y #z")
        vault.create_note("a", "#X #系统")
        vault.create_note("c")
        assert vault.tag_tree() == [("X", 0, 2), ("x/y", 1, 1), ("z", 0, 1), ("系统", 0, 1)]
        assert vault.tagged("x") == ["a", "b"]
        assert vault.tagged("系") == []
