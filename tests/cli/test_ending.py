"""The command as a process whose streams are closed, full or without a reader, and Ctrl-C at any moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import crdtnotes
from tests.cli.program import DEADLINE_SECONDS, Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX descriptors and signals")

COMMAND = [sys.executable, "-c", "from crdtnotes.cli import main; main()"]
COMMANDS = [
    ["list"],
    ["list", "--json"],
    ["show", "A"],
    ["status"],
    ["graph"],
    ["--help"],
    ["list", "--help"],
]


@pytest.fixture
def notes(program: Program) -> Program:
    program.out("new", "A", "--text", "see [[B]]\n")
    return program


def in_shell(program: Program, arguments: list[str], redirection: str) -> tuple[int, str, str]:
    """Run a command with a redirection of the shell; return the exit code, stdout and stderr."""
    found = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(crdtnotes.__file__).parents[1]),
            "CRDTNOTES_VAULT": str(program.path),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return found.returncode, found.stdout, found.stderr


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        pytest.param(
            ">/dev/full",
            "No space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full"),
        ),
        (">&-", "Bad file descriptor"),
    ],
)
def test_an_output_that_cannot_be_written_is_one_sentence(
    notes: Program, arguments: list[str], redirection: str, reason: str
) -> None:
    code, _, messages = in_shell(notes, arguments, redirection)
    assert (code, messages) == (1, f"Error: The output cannot be written: {reason}.\n")


@pytest.mark.parametrize("arguments", [["write", "A"], ["new", "C", "-"], ["append", "A", "-"]], ids=" ".join)
@pytest.mark.parametrize(("redirection", "reason"), [("<&-", "Bad file descriptor")])
def test_an_input_that_cannot_be_read_is_no_empty_input(
    notes: Program, arguments: list[str], redirection: str, reason: str
) -> None:
    code, out, messages = in_shell(notes, arguments, redirection)
    assert (code, out) == (1, "")
    assert messages == f"Error: Standard input cannot be read: {reason}.\n"
    assert notes.text("A") == "see [[B]]\n"


def test_a_closed_stderr_loses_only_messages(notes: Program) -> None:
    assert in_shell(notes, ["delete", "A"], "2>&-") == (0, 'Deleted "A".\n', "")
    assert in_shell(notes, ["show", "A"], "2>&-") == (1, "", "")
    assert in_shell(notes, ["list", "--nonsense"], "2>&-") == (2, "", "")
    assert in_shell(notes, ["check"], "2>&-")[0] == 0


def test_with_all_streams_closed_what_is_written_is_in_the_vault_and_nowhere_else(notes: Program) -> None:
    # Without descriptors of their own, the messages would go into whatever file is opened first.
    assert in_shell(notes, ["new", "C", "--text", "x"], "<&- >&- 2>&-") == (1, "", "")
    assert notes.text("C") == "x"
    assert in_shell(notes, ["check"], "2>&-")[0] == 0


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["show", "long"]], ids=" ".join)
def test_a_reader_that_goes_away_ends_it_quietly(program: Program, arguments: list[str]) -> None:
    program.out("new", "long", "-", stdin="line\n" * 100_000)
    for number in range(20):
        program.out("new", f"{number:03}" * 70)
    with program.process(*arguments, pipesize=4096) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


INTERRUPTED_AT_AN_IMPORT = """
import os, signal, sys
module = sys.argv.pop(1)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from crdtnotes.cli import main
main()
"""


@pytest.mark.parametrize(
    "module",
    [
        "crdtnotes.cli.app",
        "click",
        "crdtnotes.errors",
        "crdtnotes.cli.finding",
        "crdtnotes.vault",
        "sqlite3",
        "crdtnotes.store.replica",
    ],
)
def test_ctrl_c_is_quiet_while_modules_are_loaded(notes: Program, module: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_AN_IMPORT, module, "--vault", str(notes.path), "list"],
        env={**os.environ, "PYTHONPATH": str(Path(crdtnotes.__file__).parents[1])},
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "")


INTERRUPTED_WHERE_PYTHON_CANNOT_RAISE = """
import os, signal, sys
from crdtnotes.vault import Vault
class Clumsy:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
def open(path):
    Clumsy()
    raise RuntimeError("what SQLite makes of it")
Vault.open = open
from crdtnotes.cli import main
main()
"""


def test_ctrl_c_is_quiet_where_python_makes_another_error_of_it(notes: Program) -> None:
    found = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHERE_PYTHON_CANNOT_RAISE, "--vault", str(notes.path), "list"],
        env={**os.environ, "PYTHONPATH": str(Path(crdtnotes.__file__).parents[1])},
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "")


def test_a_program_that_was_started_with_ctrl_c_ignored_ignores_it(notes: Program) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with notes.process("list", preexec_fn=ignore) as process:
        process.send_signal(signal.SIGINT)
        out, messages = process.communicate(timeout=DEADLINE_SECONDS)
    assert (process.returncode, messages) == (0, "")
    assert out.startswith("A\t")
