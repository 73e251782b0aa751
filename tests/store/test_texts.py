"""A text that was damaged in the file is never shown as if it were whole."""

import sqlite3
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.errors import Damaged


def test_a_damaged_text_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("分布式系统", "见").append(" [[CAP定理]]")
        vault.create_note("whole", "another text")
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE texts SET text = ? WHERE note = 1", ("见 [[CAP定律]]".encode(),))
    conn.close()
    with Vault.open(path) as vault:
        with pytest.raises(Damaged):
            _ = vault.note("分布式系统").text
        with pytest.raises(Damaged):
            vault.search("定律")
        with pytest.raises(Damaged):
            vault.note("分布式系统").insert(0, "x")
        assert vault.note("whole").text == "another text"
        assert len(vault.check()) == 1
