import os
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from crdtnotes.cli.app import cli
from crdtnotes.cli.opening import VAULT_VARIABLE
from tests.cli.program import Program

USES_A_VAULT = [
    ["list"],
    ["show", "x"],
    ["today"],
    ["new", "x"],
    ["import", "."],
    ["export", "out"],
    ["graph"],
    ["status"],
    ["check"],
    ["serve", "--port", "0"],
    ["sync", "ws://127.0.0.1:1", "--once"],
]


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a separate data folder; return the path of the default vault."""
    monkeypatch.delenv(VAULT_VARIABLE, raising=False)
    monkeypatch.delenv("CRDTNOTES_HOME")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    return tmp_path / "data" / "vault.crdtnotes"


def test_the_default_is_in_the_data_folder(default: Path) -> None:
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    assert default.is_file()


@pytest.mark.parametrize("arguments", USES_A_VAULT)
def test_a_missing_vault_is_explained_and_not_created(default: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "crdtnotes init" in result.stderr
    assert not default.parent.exists()


def test_the_option_goes_before_the_environment(tmp_path: Path, default: Path) -> None:
    chosen, other = tmp_path / "chosen.crdtnotes", tmp_path / "other.crdtnotes"
    environment = {VAULT_VARIABLE: str(other)}
    CliRunner().invoke(cli, ["--vault", str(chosen), "init"], env=environment)
    assert chosen.exists()
    assert not other.exists()
    CliRunner().invoke(cli, ["init"], env=environment)
    assert other.exists()
    assert not default.exists()


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert CliRunner().invoke(cli, ["--vault=~/v.crdtnotes", "init"]).exit_code == 0
    assert (tmp_path / "v.crdtnotes").is_file()


def test_a_folder_is_not_a_vault(tmp_path: Path) -> None:
    assert "is a folder" in Program(tmp_path).fails("list")


def test_a_path_below_a_file_is_not_a_vault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    Program(tmp_path / "file" / "vault").fails("list")
    Program(tmp_path / "file" / "vault").fails("init")


@pytest.mark.parametrize("content", [b"", b"some text\n", b"SQLite format 3\0" + b"\0" * 200])
def test_another_file_is_not_a_vault_and_stays_unchanged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    for arguments in (["list"], ["new", "x"], ["init"]):
        Program(file).fails(*arguments)
    assert file.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_another_database_is_not_a_vault(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE notes (id)")
    connection.close()
    assert "not a crdtnotes vault" in Program(tmp_path / "other.db").fails("list")


@pytest.mark.skipif(os.name != "posix", reason="FIFOs are POSIX's")
@pytest.mark.parametrize("command", [["bundle", "apply"], ["check"], ["repair"], ["list"]])
def test_a_fifo_where_a_command_expects_a_file(program: Program, tmp_path: Path, command: list[str]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    at = program if command[0] == "bundle" else Program(fifo)
    result = at.run(*command, *([fifo] if at is program else []))
    assert result.exit_code == 1
    assert "fifo" in result.stderr
