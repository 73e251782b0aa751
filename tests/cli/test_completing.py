import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import crdtnotes
from crdtnotes.cli.app import cli
from tests.cli.program import DEADLINE_SECONDS, Program

COMMAND = [sys.executable, "-c", "from crdtnotes.cli import main; main()"]


@pytest.fixture
def notes(program: Program) -> Program:
    for name in ("分布式系统", "zh/CAP定理", "train notes", "it's $5", "Maße", "trap\u202ebidi"):
        program.out("new", name)
    return program


def completed(program: Program, *words: str, shell: str = "bash") -> list[str]:
    """What a shell is told at the end of a line of these words, given as they were typed."""
    environment = {
        "COMP_WORDS": "\n".join(["crdtnotes", *words]),
        "COMP_CWORD": str(len(words)),
        "_CRDTNOTES_COMPLETE": f"{shell}_complete",
        "CRDTNOTES_VAULT": str(program.path),
    }
    result = CliRunner().invoke(cli, [], prog_name="crdtnotes", env=environment)
    assert result.exit_code == 0, result.output
    return [line.partition(",")[2] for line in result.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sho"], ["show"]),
        (["show", "分"], ["分布式系统"]),
        (["show", "ZH/c"], ["zh/CAP定理"]),
        (["show", "masse"], ["Maße"]),
        (["backlinks", "train"], [r"train\\ notes"]),
        (["rename", "it"], [r"it\\'s\\ \\$5"]),
        (["show", "'train"], ["train notes"]),
        (["tui", '"train n'], ["train notes"]),
        (["show", "trap"], []),
        (["show", "nothing"], []),
        (["role", "x", "o"], ["owner"]),
        (["list", "--j"], ["--json"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_a_shell_completes_commands_options_and_names(
    notes: Program, words: list[str], found: list[str]
) -> None:
    assert completed(notes, *words) == found


def test_without_a_vault_there_are_no_names(nowhere: Program) -> None:
    assert completed(nowhere, "show", "a") == []
    assert not nowhere.path.exists()


def test_the_vault_of_the_option_is_asked(notes: Program, tmp_path: Path) -> None:
    other = Program(tmp_path / "other.crdtnotes")
    other.out("init")
    other.out("new", "分开")
    assert completed(notes, "--vault", str(other.path), "show", "分") == ["分开"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_asks_this_program(nowhere: Program, shell: str) -> None:
    script = nowhere.out("completion", shell)
    assert f"_CRDTNOTES_COMPLETE={shell}_complete" in script


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="no bash")
def test_bash_itself_completes_a_name(notes: Program, tmp_path: Path) -> None:
    """The script is loaded, and its function called as bash calls it, with the program in the path."""
    program = tmp_path / "bin" / "crdtnotes"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from crdtnotes.cli import main; main()' \"$@\"\n"
    )
    program.chmod(0o755)
    script = """
        eval "$(crdtnotes completion bash)"
        COMP_WORDS=(crdtnotes show train) COMP_CWORD=2
        _crdtnotes_completion crdtnotes
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    found = subprocess.run(
        ["/bin/bash", "--norc", "-c", script],
        env={
            **os.environ,
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(crdtnotes.__file__).parents[1]),
            "CRDTNOTES_VAULT": str(notes.path),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=True,
    )
    assert found.stdout == "train\\ notes\n"
