"""What the editor needs of a vault and its notes besides text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.vault import NoteNames


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "v") as vault:
        yield vault


def test_names_are_all_that_leads_to_notes(vault: Vault) -> None:
    vault.create_note("b", "---\naliases: [Bee, B2]\n---\n")
    vault.create_note("old").rename("A")
    first, second = vault.names()
    assert first == NoteNames("A", first.modified, (), ("a", "old"))
    assert second == NoteNames("b", second.modified, ("B2", "Bee"), ("b",))
    vault.note("b").remove()
    assert [note.name for note in vault.names()] == ["A"]


def test_search_can_be_prepared_bit_by_bit(vault: Vault) -> None:
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
