"""The user's guide is up to date with the program."""

from pathlib import Path

import pytest

from crdtnotes.cli.app import cli
from crdtnotes.graph.formats import format_names

GUIDE = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_in_the_guide(name: str) -> None:
    assert f"crdtnotes {name}" in GUIDE


def test_every_command_in_the_guide_exists() -> None:
    named = [line.split()[1] for line in GUIDE.splitlines() if line.startswith("crdtnotes ")]
    assert named
    for word in named:
        assert word.startswith("-") or word in cli.commands


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_is_in_the_guide(name: str) -> None:
    for parameter in cli.commands[name].params:
        for option in parameter.opts:
            assert not option.startswith("--") or option in GUIDE


def test_every_graph_format_is_in_the_guide() -> None:
    section = GUIDE.partition("\n## The graph\n")[2].partition("\n## ")[0]
    for name in format_names():
        assert f"`{name}`" in section
