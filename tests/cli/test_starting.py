import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from crdtnotes.cli.app import cli
from tests.cli.program import Program


def test_init_prints_path_and_id(nowhere: Program) -> None:
    out = nowhere.out("init", "--device", "ana")
    status = nowhere.json("status")
    assert str(nowhere.path) in out
    assert status["vault"] in out
    assert status["device"] == "ana"
    assert status["notes"] == 0


def test_the_device_is_the_host_by_default(nowhere: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "train\x1b[1m-" + "x" * 100)
    nowhere.out("init")
    device = nowhere.json("status")["device"]
    assert device.startswith("train")
    assert len(device) == 64
    assert "\x1b" not in device


def test_init_does_not_touch_an_existing_file(program: Program) -> None:
    before = program.path.read_bytes()
    assert "already something" in program.fails("init")
    assert program.path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\x00b"])
def test_bad_device_names(nowhere: Program, name: str) -> None:
    assert nowhere.run("init", "--device", name).exit_code == 2
    assert not nowhere.path.exists()


def test_clone_copies_the_whole_vault(linked: Program, tmp_path: Path) -> None:
    copy = Program(tmp_path / "bo" / "copy.crdtnotes")
    with linked.staying("serve", "--plain", "--port", "0") as (_, line):
        out = copy.out("clone", line.split()[-1], "--device", "bo")
    assert '3 notes (3 changes) from "ana"' in out
    mine, theirs = copy.json("status"), linked.json("status")
    assert (mine["vault"], mine["digest"]) == (theirs["vault"], theirs["digest"])
    assert mine["device"] == "bo"
    assert mine["actor"] != theirs["actor"]
    assert [peer["device"] for peer in mine["peers"]] == ["ana"]
    assert sorted(entry.suffix for entry in copy.path.parent.iterdir() if entry.stat().st_size) == [
        ".crdtnotes"
    ]


def test_clone_refuses_an_existing_file_before_it_connects(program: Program) -> None:
    assert "already something" in program.fails("clone", "ws://127.0.0.1:1")


def test_clone_without_a_peer_leaves_nothing(nowhere: Program) -> None:
    assert "No peer listens" in nowhere.fails("clone", "ws://127.0.0.1:1")
    assert list(nowhere.path.parent.iterdir()) == []


def test_a_clone_that_breaks_off_leaves_nothing(
    linked: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Program(tmp_path / "bo" / "copy.crdtnotes")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    with linked.staying("serve", "--plain", "--port", "0") as (_, line):
        monkeypatch.setattr("pathlib.Path.rename", full)
        assert os.strerror(28) in copy.fails("clone", line.split()[-1])
    assert list(copy.path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://127.0.0.1:1", "ws://192.0.2.1:4821", "wss://localhost"]
)
def test_bad_addresses(nowhere: Program, address: str) -> None:
    nowhere.fails("clone", address)
    assert not nowhere.path.exists()


def test_clone_help_names_an_address() -> None:
    assert "ws://127.0.0.1:4821" in CliRunner().invoke(cli, ["clone", "--help"]).stdout
