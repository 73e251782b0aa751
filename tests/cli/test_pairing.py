"""Two devices on one machine, as two people would use them, with separate data folders.

The devices talk from process to process. Commands that only read and write a vault run in this process:
starting Python for each of them would take most of the time.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import DEADLINE_SECONDS, Program, wait_until
from tests.tui.terminal.process import TerminalProcess
from tests.tui.terminal.process import editor as in_terminal


@pytest.fixture
def ana(tmp_path: Path) -> Program:
    one = Program(tmp_path / "ana.crdtnotes", tmp_path / "ana")
    finish(one, "init", "--device", "ana")
    finish(one, "new", "zh/系统", "--text", "见 [[CAP]]")
    return one


@pytest.fixture
def bo(tmp_path: Path) -> Program:
    return Program(tmp_path / "bo.crdtnotes", tmp_path / "bo")


NETWORKED = ("join", "sync")


def ended(program: Program, *arguments: str) -> tuple[int, str, str]:
    """Run a command and return its exit code, stdout and stderr."""
    if arguments[0] in NETWORKED:
        return program.finish(*arguments)
    result = program.run(*arguments)
    return result.exit_code, result.stdout, result.stderr


def finish(program: Program, *arguments: str) -> str:
    code, out, err = ended(program, *arguments)
    assert code == 0, err
    return out


@contextmanager
def pairing(program: Program, *options: str) -> "Iterator[tuple[subprocess.Popen[str], str, str]]":
    """Run `pair`; yield the process, the code and an address on this machine."""
    with program.staying("pair", "--yes", "--json", *options) as (process, line):
        shown = json.loads(line)
        yield process, shown["code"], f"127.0.0.1:{shown['address'].rpartition(':')[2]}"


def joined(ana: Program, bo: Program) -> None:
    with pairing(ana) as (process, code, address):
        out = finish(bo, "join", code, address, "--yes", "--device", "波")
        assert 'Paired with "ana"' in out
        assert "1 note here" in out
        rest, err = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, err
        assert json.loads(rest)["device"] == "波"


def test_pair_and_join_make_a_replica(ana: Program, bo: Program) -> None:
    joined(ana, bo)
    assert finish(bo, "show", "系统") == "见 [[CAP]]"
    devices = json.loads(finish(ana, "devices", "--json"))
    assert [(one["name"], one["state"], one["own"]) for one in devices] == [
        ("ana", "active", True),
        ("波", "active", False),
    ]
    assert devices[1]["lacks"] == 0
    finish(ana, "new", "later")
    assert json.loads(finish(ana, "devices", "--json"))[1]["lacks"] == 1


def test_a_wrong_code_is_burnt(ana: Program, bo: Program) -> None:
    with pairing(ana) as (process, code, address):
        number, first, second, third = code.split("-")
        wrong = "-".join((number, first, second, "acid" if third != "acid" else "actor"))
        failed, _, err = ended(bo, "join", wrong, address, "--yes")
        assert failed == 1
        assert "code was wrong" in err
        _, err = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 1
        assert "no longer valid" in err
    assert not bo.path.exists()
    assert finish(ana, "devices", "--json") == "[]\n"


def test_paired_devices_stay_in_sync_and_a_revoked_one_does_not(ana: Program, bo: Program) -> None:
    joined(ana, bo)
    with ana.staying("serve", "--host", "127.0.0.1", "--port", "0") as (_, line):
        address = line.split()[-1]
        assert address.startswith("wss://127.0.0.1:")
        with bo.staying("sync", address):
            finish(ana, "append", "系统", "\n- ana")
            wait_until(lambda: "- ana" in ended(bo, "show", "系统")[1])
            finish(ana, "revoke", "波", "--yes")
            finish(ana, "new", "secret")
            wait_until(lambda: ended(bo, "sync", address, "--once")[0] == 1)
        code, _, err = ended(bo, "sync", "--once")
        assert (code, "does not let this one in: was it revoked?" in err) == (1, True)
    assert ended(bo, "show", "secret")[0] == 1
    (_, gone) = json.loads(finish(ana, "devices", "--json"))
    assert gone["state"] == "revoked"


def test_a_device_that_is_paired_again_is_back(ana: Program, bo: Program) -> None:
    joined(ana, bo)
    finish(ana, "revoke", "波", "--yes")
    finish(ana, "new", "meanwhile")
    with pairing(ana) as (process, code, address):
        assert "2 notes here" in finish(bo, "join", code, address, "--yes", "--device", "波")
        process.communicate(timeout=DEADLINE_SECONDS)


def test_all_others_can_be_revoked_at_once(ana: Program, bo: Program) -> None:
    joined(ana, bo)
    assert ended(ana, "revoke", "--all-others")[0] == 1
    assert ended(ana, "revoke", "--all-others", "波", "--yes")[0] == 2
    assert "new vault" in finish(ana, "revoke", "--all-others", "--yes")
    assert finish(ana, "devices", "--json") == "[]\n"
    assert finish(ana, "show", "系统") == "见 [[CAP]]"
    with pairing(ana) as (process, code, address):
        failed, _, err = ended(bo, "join", code, address, "--yes")
        assert failed == 1
        assert "different vault" in err
        bo.path.rename(bo.path.with_name("old"))
        assert "1 note here" in finish(bo, "join", code, address, "--yes", "--device", "波")
        process.communicate(timeout=DEADLINE_SECONDS)


def test_an_unencrypted_server_ends_once_the_vault_is_paired(ana: Program, bo: Program) -> None:
    with ana.staying("serve", "--plain", "--port", "0") as (server, line):
        assert "ws://127.0.0.1:" in line
        joined(ana, bo)
        out, err = server.communicate(timeout=DEADLINE_SECONDS)
    assert (server.returncode, out) == (1, "")
    assert err.startswith("Error: This vault is paired now")
    assert len(err.splitlines()) == 1


def test_a_paired_vault_is_not_exchanged_without_encryption(ana: Program, bo: Program) -> None:
    joined(ana, bo)
    for arguments in (
        ["serve", "--plain", "--port", "0"],
        ["sync", "ws://127.0.0.1:1", "--once"],
        ["sync", "ws://127.0.0.1:1"],
    ):
        code, out, err = ended(ana, *arguments)
        assert (code, out) == (1, ""), arguments
        assert err.startswith("Error: This vault is paired")
        assert len(err.splitlines()) == 1


def test_bundles_carry_changes_by_hand(ana: Program, bo: Program, tmp_path: Path) -> None:
    joined(ana, bo)
    finish(ana, "new", "on the stick")
    file = str(tmp_path / "b.bundle")
    finish(ana, "bundle", "create", file, "--for", "波")
    assert finish(bo, "bundle", "apply", file) == "New here: 1 change.\n"
    since = finish(bo, "status", "--json")
    finish(ana, "new", "one more")
    finish(ana, "bundle", "create", file + "2", "--since", since)
    finish(bo, "bundle", "apply", file + "2")
    assert "one more" in finish(bo, "list")


def test_commands_that_need_a_paired_vault_say_so(ana: Program) -> None:
    for arguments in (
        ["serve", "--port", "0"],
        ["sync", "--once"],
        ["sync", "wss://127.0.0.1:1", "--once"],
        ["revoke", "bo", "--yes"],
        ["bundle", "create", "x", "--for", "bo"],
    ):
        code, _, err = ended(ana, *arguments)
        assert code == 1, arguments
        assert "Traceback" not in err
        assert len(err.splitlines()) == 1


def test_pair_does_not_ask_in_a_pipe(ana: Program) -> None:
    code, _, err = ended(ana, "pair")
    assert code == 1
    assert "--yes" in err


def test_join_does_not_ask_in_a_pipe(ana: Program, bo: Program) -> None:
    with pairing(ana) as (process, code, address):
        failed, _, err = ended(bo, "join", code, address)
        assert (failed, "--yes" in err) == (1, True)
        assert not bo.path.exists()
        assert process.poll() is None


def test_a_join_that_finds_no_host_leaves_nothing(bo: Program) -> None:
    code, _, err = ended(bo, "join", "4821-otter-violin-maple", "127.0.0.1:1", "--yes")
    assert code == 1
    assert "No device is waiting" in err
    assert not bo.path.exists()
    assert ended(bo, "join", "4821-otter-violin-mapel")[0] == 1


def test_joining_over_another_vault_is_refused(ana: Program, bo: Program) -> None:
    finish(bo, "init")
    finish(bo, "new", "mine")
    with pairing(ana) as (_, code, address):
        failed, _, err = ended(bo, "join", code, address, "--yes")
        assert failed == 1
        assert "different vault" in err
    assert finish(bo, "list").startswith("mine")


# -- at two terminals


def digits_on(terminal: TerminalProcess) -> str:
    (found,) = re.findall(r"\b\d{3} \d{3}\b", terminal.screen.text)
    return str(found)


def code_on(terminal: TerminalProcess) -> tuple[str, str]:
    """The code that `pair` shows, and an address on this machine."""
    terminal.wait_for_screen("crdtnotes join", "add the address")
    terminal.settle()
    code = re.search(r"join (\d{4}-\S+)", terminal.text)
    port = re.search(r"add the address: \S+:(\d+)", terminal.text)
    assert code is not None
    assert port is not None
    return code[1], f"127.0.0.1:{port[1]}"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_both_people_compare_digits(ana: Program, tmp_path: Path, answer: str) -> None:
    path = tmp_path / "bo" / "bo.crdtnotes"
    path.parent.mkdir()
    (tmp_path / "at-ana").mkdir()
    size = (100, 80)
    with in_terminal("--vault", str(ana.path), "pair", home=tmp_path / "at-ana", size=size) as host:
        code, address = code_on(host)
        with in_terminal(
            "--vault", str(path), "join", code, address, "--device", "bo", home=path.parent, size=size
        ) as joiner:
            joiner.wait_for('Does "ana" show', "as well? [y/N]")
            host.wait_for('"bo" (', "as well? [y/N]")
            assert digits_on(host) == digits_on(joiner)
            host.send(b"y\r")
            joiner.send(answer.encode() + b"\r")
            if answer == "y":
                assert joiner.exit_code() == 0, joiner.text
                assert "1 note here" in joiner.text
                assert host.exit_code() == 0, host.text
            else:
                assert joiner.exit_code() == 1
                assert "refused here" in joiner.text
                assert host.exit_code() == 1
                assert "refused the pairing" in host.text
                assert not path.exists()
                assert "bo" not in {one["name"] for one in json.loads(finish(ana, "devices", "--json"))}


def test_a_reader_that_was_paired_so_reads_and_is_made_a_writer(ana: Program, bo: Program) -> None:
    with pairing(ana, "--reader") as (process, code, address):
        out = finish(bo, "join", code, address, "--yes", "--device", "波")
        assert "This device is a reader of it." in out
        process.communicate(timeout=DEADLINE_SECONDS)
    assert finish(bo, "show", "系统") == "见 [[CAP]]"
    for words in (("new", "B"), ("append", "系统", "x"), ("rename", "系统", "C"), ("delete", "系统")):
        failed, _, err = ended(bo, *words)
        assert (failed, err.count("\n"), "may only read this vault" in err) == (1, 1, True)
    for words in (("pair", "--yes"), ("role", "ana", "reader"), ("revoke", "ana", "--yes")):
        failed, _, err = ended(bo, *words)
        assert (failed, "only owners" in err) == (1, True), err
    devices = json.loads(finish(ana, "devices", "--json"))
    assert [(one["name"], one["role"]) for one in devices] == [("ana", "owner"), ("波", "reader")]
    with ana.staying("serve", "--host", "127.0.0.1", "--port", "0") as (_, line):
        address = line.split()[-1]
        assert finish(ana, "role", "波", "writer") == '"波" is a writer of this vault.\n'
        finish(bo, "sync", address, "--once")
        finish(bo, "append", "系统", "\n- bo")
        finish(bo, "sync", address, "--once")
        wait_until(lambda: "- bo" in ended(ana, "show", "系统")[1])
        assert ended(ana, "role", "ana", "reader")[0] == 1
        assert ended(ana, "role", "波", "king")[0] == 2
        done = json.loads(finish(ana, "role", "波", "reader", "--json"))
        assert (done["name"], done["role"]) == ("波", "reader")
        finish(bo, "sync", address, "--once")
        assert "may only read" in ended(bo, "append", "系统", "more")[2]
    did = [line.split("\t")[3] for line in finish(ana, "devices", "--log").splitlines()]
    assert [one for one in did if one not in ("named", "founded")] == [
        "added as reader",
        "made writer",
        "made reader",
    ]
    events = json.loads(finish(bo, "devices", "--log", "--json"))
    assert [one["role"] for one in events if one["event"] == "role"] == ["writer", "reader"]
