import sqlite3
from pathlib import Path

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
    assert linked.out("check") == "All is well with 3 notes.\n"
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


def test_backup_to_a_place_that_cannot_be(linked: Program, tmp_path: Path) -> None:
    linked.fails("backup", tmp_path / "missing" / "copy")
    linked.fails("backup", tmp_path)
