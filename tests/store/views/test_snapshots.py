"""A text that is damaged in the file is never shown as if it were intact."""

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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE texts SET note = -note",
        "UPDATE notes SET upto = upto - 1, head = head - 1",
        "DELETE FROM texts",
    ],
)
def test_another_notes_text_or_an_old_one_is_not_shown(tmp_path: Path, statement: str) -> None:
    """The checksum covers the note's id and the log id: a damaged number cannot show another text."""
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        for name in ("甲", "乙"):
            vault.create_note(name, "text").append(f"more of {name}")
    conn = sqlite3.connect(path)
    conn.execute(statement)
    if "-note" in statement:
        conn.execute("UPDATE texts SET note = 3 + note")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        for name in ("甲", "乙"):
            with pytest.raises(Damaged):
                _ = vault.note(name).text
        assert vault.check() != []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE notes SET upto = 3 - upto, head = 3 - head",
        "UPDATE notes SET upto = 0, head = 0",
        "UPDATE notes SET uid = CASE id WHEN 1 THEN x'01' ELSE x'02' END",
        "UPDATE log SET id = id + 10",
        "UPDATE log SET length = NULL",
        "UPDATE log SET data = CAST(data AS TEXT)",
    ],
)
def test_a_wrong_text_of_a_birth_only_note_is_not_shown(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("甲", "one " * 300)
        vault.create_note("乙", "two " * 300)
        assert vault.replica.conn.execute("SELECT count(*) FROM texts").fetchone() == (0,)
    conn = sqlite3.connect(path)
    conn.execute(statement)
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        for name in ("甲", "乙"):
            with pytest.raises(Damaged):
                _ = vault.note(name).text
        assert vault.check() != []


def test_a_damaged_state_is_not_edited(tmp_path: Path) -> None:
    """The next edit would refer to characters that do not exist in any replica."""
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        for name in ("甲", "乙"):
            vault.create_note(name, "same").append("text")
    conn = sqlite3.connect(path)
    conn.execute("UPDATE texts SET state = (SELECT state FROM texts WHERE note = 2)")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        assert vault.note("甲").text == "same\ntext\n"
        with pytest.raises(Damaged):
            vault.note("甲").append("more")
        vault.note("乙").append("more")
