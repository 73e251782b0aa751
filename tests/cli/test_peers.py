"""Processes that share a replica, and replicas that sync over loopback."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import DEADLINE_SECONDS, Program, wait_until
from tests.sync.circles import Members, meet
from tests.sync.test_signed_forks import part_ways

posix = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@contextmanager
def served(program: Program) -> Iterator[str]:
    """Serve the program's replica, which was never paired, in a process; yield the address."""
    with program.staying("serve", "--plain", "--port", "0") as (_, line):
        yield line.split()[-1]


@contextmanager
def served_to_members(program: Program) -> Iterator[str]:
    """Serve the program's replica of a paired vault in a process; yield the address on this machine."""
    with program.staying("serve", "--host", "127.0.0.1", "--port", "0") as (_, line):
        yield line.split()[-1]


@pytest.fixture
def bo(program: Program, tmp_path: Path) -> Program:
    """The program on a clone of the first one's vault."""
    copy = Program(tmp_path / "bo.crdtnotes")
    with served(program) as address:
        copy.out("clone", address, "--device", "bo")
    return copy


def shows(program: Program, name: str, text: str) -> bool:
    result = program.run("show", name)
    return result.exit_code == 0 and text in result.stdout


def test_changes_of_one_process_reach_a_replica_that_follows_another(program: Program, bo: Program) -> None:
    program.out("new", "log")
    with served(program) as address, bo.staying("sync", address) as (_, line):
        assert line == f"Following {address}"
        # Each append is a separate process, beside the process that serves the same file.
        assert program.finish("append", "log", "- from ana") == (0, "", "")
        wait_until(lambda: shows(bo, "log", "- from ana\n"))
        assert bo.finish("append", "log", "- from bo") == (0, "", "")
        wait_until(lambda: shows(program, "log", "- from bo\n"))
    assert program.json("status")["digest"] == bo.json("status")["digest"]


def test_sync_once_reports_changes_received_and_sent(program: Program, bo: Program) -> None:
    program.out("new", "a")
    bo.out("new", "b")
    bo.out("new", "c")
    with served(program) as address:
        assert bo.out("sync", address, "--once") == 'Received 1 change, sent 2 changes; in sync with "ana".\n'
        assert (
            bo.out("sync", address, "--once") == 'Received 0 changes, sent 0 changes; in sync with "ana".\n'
        )
    for one in (program, bo):
        assert [note["name"] for note in one.json("list")] == ["a", "b", "c"]


def test_both_sides_remember_each_other(program: Program, bo: Program) -> None:
    with served(program) as address:
        bo.out("sync", address, "--once")
        wait_until(lambda: bool(program.json("status")["peers"]))
    (ana,) = bo.json("status")["peers"]
    assert (ana["device"], ana["address"]) == ("ana", address)
    assert ana["seen"] > 1_700_000_000_000
    (known,) = program.json("status")["peers"]
    assert known["device"] == "bo"
    assert address in bo.out("status")


def test_peers_of_another_vault_are_refused(program: Program, tmp_path: Path) -> None:
    other = Program(tmp_path / "other.crdtnotes")
    other.out("init")
    with served(program) as address:
        assert "different vaults" in other.fails("sync", address, "--once")
        code, _, err = other.finish("sync", address)
        assert code == 1
        assert "different vaults" in err.splitlines()[-1]


def test_a_connection_that_is_not_a_peer_does_no_harm(program: Program, bo: Program) -> None:
    with program.staying("serve", "--plain", "--port", "0") as (process, line):
        address = line.split()[-1]
        port = int(address.rpartition(":")[2])
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000, b""):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(noise)
        bo.out("sync", address, "--once")
        process.terminate()
        _, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert err == ""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["serve", "sync"])
def test_signals_end_it_cleanly(program: Program, command: str, number: signal.Signals) -> None:
    arguments = ["--plain", "--port", "0"] if command == "serve" else ["ws://127.0.0.1:1"]
    with program.staying(command, *arguments) as (process, _):
        process.send_signal(number)
        _, err = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in err


@posix
def test_a_sync_once_that_is_interrupted_says_so_with_its_exit_code(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"ws://127.0.0.1:{mute.getsockname()[1]}"
        with program.process("sync", address, "--once") as process:
            connection, _ = mute.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=DEADLINE_SECONDS)
            assert (process.returncode, out, err) == (130, "", "")


def test_a_port_that_is_taken(program: Program) -> None:
    with served(program) as address:
        port = address.rpartition(":")[2]
        said = program.fails("serve", "--plain", "--port", port)
    assert said == (
        f"Cannot listen at ws://127.0.0.1:{port}: another program uses that port; leave the port out to take "
        "a free one."
    )


def test_without_a_port_another_one_is_taken_and_named(program: Program, bo: Program) -> None:
    with program.staying("serve", "--plain") as (_, usual), program.staying("serve", "--plain") as (_, other):
        assert usual.split()[-1] != other.split()[-1]
        for name, line in (("系统", usual), ("another", other)):
            program.out("new", name)
            bo.out("sync", line.split()[-1], "--once")
            assert bo.text(name) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])
def test_other_hosts_are_refused(program: Program, host: str) -> None:
    assert "is not this machine" in program.fails("serve", "--plain", "--host", host)


def test_bad_addresses_and_ports(program: Program) -> None:
    assert "is not this machine" in program.fails("sync", "ws://example.org:4821")
    assert "not an address" in program.fails("sync", "127.0.0.1:4821")
    assert "No peer listens" in program.fails("sync", "ws://127.0.0.1:1", "--once")
    assert program.run("serve", "--port", "65536").exit_code == 2


def test_a_pipe_gets_no_colours(program: Program) -> None:
    with program.staying("serve", "--plain", "--port", "0") as (_, line):
        pass
    assert line.startswith('Serving "ana" at ws://127.0.0.1:')
    assert "\x1b" not in line


@pytest.mark.parametrize("here", ["cem", "ana"])
def test_sync_says_what_waits_for_a_signature_and_fails(tmp_path: Path, here: str) -> None:
    """Cem moved what a clone of Bo wrote when it met Ana; the clone never returns to sign that."""
    members = Members(tmp_path)
    ana, bo, cem, _ = part_ways(members)
    meet(bo, ana)
    meet(cem, ana)
    members.close()
    programs = {name: Program(tmp_path / f"{name}.db", tmp_path / name) for name in ("ana", "cem")}
    other = programs.pop("ana" if here == "cem" else "cem")
    with served_to_members(other) as address:
        for _ in range(2):
            code, out, err = programs[here].finish("sync", address, "--once")
            assert code == 1
            assert "not in sync with" in out
            assert ('until "bo" signs' if here == "cem" else '"cem" holds back 1 change') in err
            assert "revoke --all-others" in err
