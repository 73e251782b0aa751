import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import crdtnotes
from crdtnotes.cli.app import cli
from tests.cli.program import Program

HEAVY = {
    "websockets",
    "networkx",
    "cryptography",
    "markdown_it",
    "yaml",
    "rich",
    "asyncio",
    "spake2",
    "zeroconf",
}


def test_without_a_command_it_shows_help() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 0
    assert "backlinks" in result.stdout


def test_help_lists_every_command_in_a_section_with_its_full_sentence() -> None:
    result = CliRunner().invoke(cli, ["--help"], terminal_width=80)
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]
    for name in cli.commands:
        assert name in listed
    assert "..." not in result.stdout.replace("[ARGS]...", "")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    usage, _, rest = result.stdout.partition("\n")
    assert name in usage
    assert f"crdtnotes {name}" in rest or f" {name} " in rest or f" {name}\n" in rest


@pytest.mark.parametrize("name", ["list", "search", "links", "backlinks", "tags", "orphans", "dangling"])
def test_every_listing_takes_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in cli.commands[name].params)


def test_version() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"crdtnotes {crdtnotes.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["list", "--nonsense"], ["show"], ["list", "too", "many"], ["--vault"], ["rename", "one"]],
)
def test_wrong_usage_exits_with_2(program: Program, arguments: list[str]) -> None:
    assert program.run(*arguments).exit_code == 2


def test_an_interrupt_ends_quietly_with_130(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crdtnotes.vault.Vault.open", interrupted)
    result = program.run("list")
    assert (result.exit_code, result.output) == (130, "")


PRINTS_ITS_MODULES = """
import sys
from crdtnotes.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


NOT_FOR_SHOW = {
    "asyncio",
    "crdtnotes.cli.pairing",
    "crdtnotes.cli.tui",
    "crdtnotes.editing",
    "crdtnotes.markup.outline",
    "crdtnotes.results",
    "crdtnotes.store.activity",
    "crdtnotes.store.compaction.recompress",
    "crdtnotes.store.forks.split",
    "crdtnotes.store.upkeep",
    "crdtnotes.store.views.search_builder",
    "crdtnotes.sync",
    "difflib",
    "importlib.metadata",
    "json",
    "logging",
    "platformdirs",
    "random",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
}
"""What takes long to load and is not needed to print a note."""


def _modules_loaded_by(*arguments: str, program: Program) -> set[str]:
    """Return the top-level packages that a run loads."""
    modules = _exact_modules_loaded_by(*arguments, program=program)
    return {name.partition(".")[0] for name in modules}


def _exact_modules_loaded_by(*arguments: str, program: Program) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_ITS_MODULES, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CRDTNOTES_VAULT": str(program.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_help_loads_nothing_heavy(program: Program) -> None:
    assert not _modules_loaded_by("--help", program=program) & {*HEAVY, "sqlite3", "sqlite_utils"}


def test_list_and_show_load_nothing_heavy(linked: Program) -> None:
    for arguments in (["list"], ["show", "CAP"], ["search", "nothing"]):
        loaded = _modules_loaded_by(*arguments, program=linked)
        assert "sqlite3" in loaded
        assert not loaded & HEAVY


def test_show_loads_what_it_needs_and_no_more(linked: Program) -> None:
    loaded = _exact_modules_loaded_by("show", "CAP", program=linked)
    assert "crdtnotes.vault" in loaded
    assert not loaded & NOT_FOR_SHOW


def test_every_parameter_is_documented() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (command.name, parameter.name)
