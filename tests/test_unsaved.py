"""Erasing text also from the files with texts that an editor could not store."""

from pathlib import Path

import msgspec
import pytest

from crdtnotes.unsaved import Unsaved, erase_unsaved, lock, take
from crdtnotes.vault import Vault
from tests.cli.program import Program

SECRET = "hunter2-Geheim"


def left(vault: Vault, name: str, base: str, text: str) -> Path:
    """A file as an editor leaves it beside the vault."""
    unsaved = Unsaved(vault.id, vault.note(name).id, name, base, text)
    path = vault.path.with_name(f"{vault.path.name}.{name}.x.unsaved")
    path.write_bytes(msgspec.json.encode(unsaved))
    return path


def read(path: Path) -> Unsaved:
    return msgspec.json.decode(path.read_bytes(), type=Unsaved)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    path = tmp_path / "v.db"
    with Vault.create(path) as made:
        made.create_note("N", f"one {SECRET}\n")
        made.create_note("Other", SECRET)
    return path


def test_a_text_goes_and_the_unsaved_edit_stays(vault: Path) -> None:
    with Vault.open(vault) as opened:
        path = left(opened, "N", f"one {SECRET}\n", f"one {SECRET}\nnot stored yet\n")
        other = left(opened, "Other", SECRET, f"{SECRET} more")
    Program(vault).out("erase", "N", "--text", SECRET, "--yes")
    with Vault.open(vault) as opened:
        assert read(path) == Unsaved(opened.id, opened.note("N").id, "N", "one \n", "one \nnot stored yet\n")
        assert read(other).text == f"{SECRET} more"
        assert read(other).vault == opened.id
    assert list(vault.parent.glob("*.part")) == []


def test_those_of_a_note_that_is_erased_go(vault: Path) -> None:
    with Vault.open(vault) as opened:
        path = left(opened, "N", "one", SECRET)
    Program(vault).out("erase", "N", "--yes")
    assert not path.exists()


def test_a_file_that_an_editor_has_open_is_left_alone(vault: Path) -> None:
    with Vault.open(vault) as opened:
        path = left(opened, "N", "one", SECRET)
        before = path.read_bytes()
        with path.open("rb") as file:
            assert lock(file)
            assert take(path, opened.id) is None
            erase_unsaved(vault, opened.id, opened.id, opened.note("N").id, None)
        assert path.read_bytes() == before
