"""`erase`: what it asks, says and leaves."""

from pathlib import Path

from tests.cli.program import Program
from tests.store.erasure.devices import circle
from tests.sync.circles import meet

SECRET = "hunter2-Geheim"


def test_a_text_is_erased_from_a_note(program: Program) -> None:
    program.out("new", "Servers", "--text", f"root: {SECRET}\n[[Other {SECRET}]]\n")
    said = program.out("erase", "Servers", "--text", "-", "--yes", stdin=f"{SECRET}\n")
    assert "from 1 change" in said or "from 2 changes" in said
    assert "now a new vault" in said
    assert "backups" in said
    assert program.text("Servers") == "root: \n[[Other ]]\n"
    assert program.json("check") == []
    assert SECRET.encode() not in program.path.read_bytes()
    assert "never did" in program.fails("erase", "Servers", "--text", SECRET, "--yes")


def test_it_asks_first(program: Program) -> None:
    program.out("new", "Servers", "--text", SECRET)
    result = program.run("erase", "Servers", stdin="n\n")
    assert result.exit_code == 1
    assert 'Erase the note "Servers" for good' in result.stderr
    assert program.text("Servers") == SECRET
    assert program.run("erase", "Servers", "--text", "").exit_code == 2
    assert program.run("erase", "Servers", stdin="y\n").exit_code == 0
    assert program.json("list") == []


def test_a_deleted_note_can_be_erased(program: Program) -> None:
    program.out("new", "Servers", "--text", SECRET)
    program.out("delete", "Servers")
    assert "no note" in program.fails("erase", "Other", "--yes")
    program.out("erase", "servers", "--yes")
    assert SECRET.encode() not in program.path.read_bytes()


def test_other_devices_erase_it_when_they_sync_and_see_who_did_it(tmp_path: Path) -> None:
    with circle(tmp_path, "ana", "bo") as (members, [ana, bo]):
        ana.create_note("Servers", f"root: {SECRET}")
        meet(ana, bo)
        members.vaults.remove(ana)
        ana.close()
        program = Program(tmp_path / "ana.db", tmp_path / "ana")
        said = program.out("erase", "Servers", "--text", SECRET, "--yes")
        assert "Your other devices erase it when they next sync" in said
        again = members.open(tmp_path / "ana.db", ana.replica.signer.identity)
        meet(again, bo)
        assert bo.note("Servers").text == "root: "
        members.vaults.remove(bo)
        bo.close()
        assert SECRET.encode() not in (tmp_path / "bo.db").read_bytes()
        log = Program(tmp_path / "bo.db", tmp_path / "bo").json("devices", "--log")
        assert [event["by"] for event in log if event["event"] == "erased text"] == ["ana"]
