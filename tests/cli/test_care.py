import sqlite3
from pathlib import Path

import pytest

from tests.cli.program import Program


def test_status(linked: Program) -> None:
    status = linked.json("status")
    assert {"vault", "device", "actor", "version", "digest", "notes", "peers"} <= set(status)
    assert status["version"] == {status["actor"]: 3}
    assert status["peers"] == []
    out = linked.out("status")
    for key in ("vault", "device", "actor", "digest"):
        assert status[key] in out


def test_check_finds_nothing(linked: Program) -> None:
    assert linked.out("check") == "No problems found in 3 notes.\n"
    assert linked.json("check") == []


def test_check_finds_a_text_that_was_tampered_with(linked: Program) -> None:
    connection = sqlite3.connect(linked.path)
    data = b"nothing here"
    (log,) = connection.execute("SELECT data FROM log WHERE instr(data, ?)", (data,)).fetchone()
    connection.execute("UPDATE log SET data = ? WHERE data = ?", (log.replace(data, b"nothing HERE"), log))
    connection.commit()
    connection.close()
    result = linked.run("check")
    assert result.exit_code == 1
    assert "'alone'" in result.stdout
    assert "found" in result.stderr
    assert linked.run("check", "--json").exit_code == 1


def test_backup_is_a_replica_of_its_own(linked: Program, tmp_path: Path) -> None:
    copy = Program(tmp_path / "copy.crdtnotes")
    linked.out("backup", copy.path)
    mine, theirs = copy.json("status"), linked.json("status")
    assert (mine["vault"], mine["digest"]) == (theirs["vault"], theirs["digest"])
    assert mine["actor"] != theirs["actor"]
    assert "already something" in linked.fails("backup", copy.path)


def test_backup_to_an_impossible_path(linked: Program, tmp_path: Path) -> None:
    linked.fails("backup", tmp_path / "missing" / "copy")
    linked.fails("backup", tmp_path)


def test_repair_of_an_undamaged_vault_does_nothing(linked: Program) -> None:
    before = linked.path.read_bytes()
    assert linked.out("repair") == "No problems found: there is nothing to repair.\n"
    assert linked.path.read_bytes() == before
    assert list(linked.path.parent.glob("*.damaged-*")) == []


def spoil(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_repair_rebuilds_derived_data(linked: Program) -> None:
    digest = linked.json("status")["digest"]
    spoil(linked.path, "DELETE FROM links")
    out = linked.out("repair")
    assert "links of" in out
    assert "Kept 3 changes, fetched 0 changes." in out
    [aside] = linked.path.parent.glob("*.damaged-*")
    assert str(aside) in out
    assert linked.out("check") == "No problems found in 3 notes.\n"
    assert linked.json("status")["digest"] == digest


def test_repair_reports_what_it_could_not_recover(linked: Program) -> None:
    linked.out("append", "zh/CAP定理", "more")
    spoil(linked.path, "UPDATE log SET data = x'00', hash = x'00' WHERE id = 2")
    out = linked.out("repair")
    assert "3 changes could not be recovered." in out
    assert "without its history" in out
    assert linked.out("check") == "No problems found in 3 notes.\n"


def test_repair_fetches_from_a_peer(linked: Program, tmp_path: Path) -> None:
    copy = Program(tmp_path / "copy.crdtnotes")
    linked.out("backup", copy.path)
    digest = linked.json("status")["digest"]
    spoil(copy.path, "DELETE FROM log")
    # Even the first bytes no longer show that it is a database.
    copy.path.write_bytes(b"rubbish" + copy.path.read_bytes()[7:])
    with linked.staying("serve", "--plain", "--port", "0") as (_, line):
        out = copy.out("repair", "--from", line.rsplit(" ", 1)[1])
    assert "fetched 3 changes" in out
    assert copy.json("status")["digest"] == digest


def test_repair_of_a_file_that_is_not_a_vault(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 100)
    assert "not a crdtnotes vault" in Program(path).fails("repair")
    assert path.read_text() == "Dear reader, " * 100
    assert "no vault" in Program(tmp_path / "missing").fails("repair")
    assert list(tmp_path.iterdir()) == [path]


def test_links_that_another_version_found_are_no_problem(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.out("new", "n", "--text", "text")
    said = "The links of 'n' are not those in its text: its last author's program left them so."
    monkeypatch.setattr("crdtnotes.vault.Vault.check", lambda *_: [said])
    assert program.out("check") == (
        "No problems found in 1 note.\n"
        "In 1 note another version of crdtnotes found other links; editing updates them.\n"
    )
    assert program.json("check") == []
