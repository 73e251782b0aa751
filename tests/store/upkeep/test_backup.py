import os
import stat
from pathlib import Path

import pytest

from crdtnotes.errors import CrdtnotesError, VaultExists
from crdtnotes.vault import Vault
from tests.vaults import meet, state


def test_a_backup_has_everything_and_writes_as_a_new_actor(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "[[B]] 系统")
        vault.backup(tmp_path / "copy.db")
        vault.note("A").append("later")
        with Vault.open(tmp_path / "copy.db") as copy:
            assert copy.note("A").text == "[[B]] 系统"
            assert (copy.id, copy.device) == (vault.id, vault.device)
            assert copy.actor != vault.actor
            assert copy.check() == []
            copy.note("A").append("in the copy")
            meet(vault, copy)
            assert sorted(vault.note("A").text.split("\n")) == ["", "", "[[B]] 系统", "in the copy", "later"]
        assert not list(tmp_path.glob("*.part"))


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        (tmp_path / "there").write_text("mine")
        for path in (tmp_path / "there", tmp_path / "v.db", tmp_path):
            with pytest.raises(VaultExists):
                vault.backup(path)
        assert (tmp_path / "there").read_text() == "mine"
        with pytest.raises(CrdtnotesError):
            vault.backup(tmp_path / "none" / "copy.db")
        assert vault.check() == []


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise OSError("no more chance")

    with Vault.create(tmp_path / "v.db") as vault:
        monkeypatch.setattr(vault.replica, "new_actor", fail)
        before = state(vault)
        with pytest.raises(CrdtnotesError):
            vault.backup(tmp_path / "copy.db")
        assert state(vault) == before
    assert list(tmp_path.glob("copy*")) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_only_its_owner_may_read_a_backup(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.backup(tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
