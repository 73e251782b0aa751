import click
import pytest
from click.testing import CliRunner

import crdtnotes
from crdtnotes.cli.app import cli
from tests.cli.program import Program


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


def test_every_parameter_is_documented() -> None:
    for command in cli.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (command.name, parameter.name)
