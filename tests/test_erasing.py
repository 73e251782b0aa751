"""Erasing a text wherever this device keeps it."""

from pathlib import Path

import msgspec
import pytest

from crdtnotes import Vault
from crdtnotes.erasing import check_keys, erase_everywhere
from crdtnotes.unsaved import ENDING, Unsaved


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    vault = Vault.create(tmp_path / "v")
    vault.create_note("n", "before 密码 after")
    return vault


def test_a_text_goes_from_the_vault_and_from_what_an_editor_left(vault: Vault) -> None:
    note = vault.note("n")
    left = vault.path.with_name(f"v.one{ENDING}")
    left.write_bytes(msgspec.json.encode(Unsaved(vault.id, note.id, "n", note.text, "密码 typed later")))
    before = vault.id
    with vault:
        check_keys(vault)
        assert erase_everywhere(vault, note, "密码") == 1
        assert note.text == "before  after"
        assert vault.id != before
    assert "密码".encode() not in vault.path.read_bytes()
    kept = msgspec.json.decode(left.read_bytes(), type=Unsaved)
    assert (kept.vault, kept.text) == (vault.id, " typed later")


def test_what_it_never_held_changes_nothing(vault: Vault) -> None:
    with vault:
        before = vault.id
        assert erase_everywhere(vault, vault.note("n"), "nothing") == 0
        assert vault.id == before
