"""The vault as its users see it; the code behind each call is tested in tests/store."""

from datetime import date
from pathlib import Path

import pytest

import crdtnotes
from crdtnotes.errors import CrdtnotesError, InvalidName, InvalidText, NoteExists, NoteNotFound
from crdtnotes.markup.templates import DAILY
from crdtnotes.vault import Vault
from tests.vaults import meet, replicas


def test_a_new_vault(tmp_path: Path) -> None:
    with crdtnotes.Vault.create(tmp_path / "v.db", device="笔记本") as vault:
        assert vault.path == tmp_path / "v.db"
        assert vault.device == "笔记本"
        assert (len(vault.id), len(vault.actor)) == (32, 16)
        assert int(vault.id, 16) > 0
        assert int(vault.actor, 16) > 0
        assert vault.version == {}
        for nothing in (vault.notes(), vault.check(), vault.tags(), vault.dangling(), vault.orphans()):
            assert list(nothing) == []
        assert list(vault.graph()) == []
    with Vault.create(tmp_path / "w.db") as other, Vault.create(tmp_path / "x.db", vault=other.id) as replica:
        assert replica.id == other.id != vault.id
        assert replica.actor != other.actor
        assert replica.digest == other.digest


@pytest.mark.parametrize("bad", ["", "xyz", "ab", "0" * 31, "0" * 34, "系" * 32])
def test_a_vault_id_is_32_hex_digits(tmp_path: Path, bad: str) -> None:
    with pytest.raises(CrdtnotesError):
        Vault.create(tmp_path / "v.db", vault=bad)
    assert not (tmp_path / "v.db").exists()


@pytest.mark.parametrize("bad", ["", "xyz", "0" * 16, "-1", "f" * 16, "1" * 20])
def test_a_version_names_actors(tmp_path: Path, bad: str) -> None:
    with Vault.create(tmp_path / "v.db") as vault, pytest.raises(CrdtnotesError):
        list(vault.changes_since({bad: 1}))


def test_notes_are_listed_by_name(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for name in ("b", "zh/系统", "B 2", "a/z", "É"):
            vault.create_note(name, "两个[[b]]" if name != "b" else "")
        infos = {info.name: info for info in vault.notes()}
        assert list(infos) == ["a/z", "b", "B 2", "zh/系统", "É"]
        info = infos["zh/系统"]
        assert (info.title, info.characters, info.size, info.links, info.backlinks) == ("系统", 7, 11, 1, 0)
        assert infos["b"].backlinks == 4
        assert infos["b"].modified > 1_700_000_000_000
        assert len(vault) == 5


def test_a_note_is_found_by_the_target_of_a_link(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("zh/分布式系统", "---\naliases: [DS]\n---\n")
        for name in ("zh/分布式系统", "分布式系统", "分布式系统.md", "ds", " DS "):
            assert vault.note(name).name == "zh/分布式系统"
            assert name in vault
        for name in ("系统", "", "zh", "x/分布式系统", "\0", "\ud800", ".."):
            with pytest.raises(NoteNotFound):
                vault.note(name)
            with pytest.raises(KeyError):
                vault.note(name)
            assert name not in vault
        assert 5 not in vault


def test_a_note_cannot_be_created_twice_or_with_a_bad_name_or_text(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A")
        for name in ("A", "a", "A.md", " a "):
            with pytest.raises(NoteExists):
                vault.create_note(name)
        for name in ("", "a/../b", "a\0", "[[a]]", "a|b", "\ud800"):
            with pytest.raises(InvalidName):
                vault.create_note(name)
        with pytest.raises(InvalidText):
            vault.create_note("B", "\ud800")
        with vault.transaction():
            vault.create_note("C")
            with pytest.raises(NoteExists):
                vault.create_note("c")
        assert [info.name for info in vault.notes()] == ["A", "C"]


def test_today(tmp_path: Path) -> None:
    day = date(2026, 2, 3)
    with replicas(tmp_path) as [one, two]:
        note = one.today(day)
        assert (note.title, note.text) == ("2026-02-03", "# 2026-02-03\n\n")
        note.append("mine")
        assert one.today(day).id == note.id
        two.today(day).append("theirs")
        meet(one, two)
        assert len(one) == 1
        assert one.today(day).text.count("# 2026-02-03") == 1
        assert sorted(one.today(day).text.split("\n")[2:]) == ["", "mine", "theirs"]
        one.create_note(DAILY, "# {{date}} 日记\n{{date}}")
        assert one.today(date(2026, 2, 4)).text == "# 2026-02-04 日记\n2026-02-04"
        assert one.today().title == date.today().isoformat()


def test_a_daily_note_that_was_moved_to_a_folder_is_found_there(tmp_path: Path) -> None:
    day = date(2026, 2, 3)
    with Vault.create(tmp_path / "v.db") as vault:
        vault.today(day).rename("journal/2026-02-03")
        assert vault.today(day).name == "journal/2026-02-03"
        assert len(vault) == 1


def test_status_has_the_documented_fields(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A").append("x")
        status = vault.status()
        assert status["vault"] == vault.id
        assert status["device"] == "laptop"
        assert status["actor"] == vault.actor
        assert status["version"] == vault.version == {vault.actor: 2}
        assert status["digest"] == vault.digest
        assert (status["notes"], status["changes"], status["peers"]) == (1, 2, [])
        vault.replica.record_peer("desk", "ws://127.0.0.1:1", 5)
        assert vault.status()["peers"] == [{"device": "desk", "address": "ws://127.0.0.1:1", "seen": 5}]
