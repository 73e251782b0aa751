"""`crdtnotes help`: the help of a command, or a section of the guide."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

import click

from crdtnotes.cli.output import terminal
from crdtnotes.errors import LocalError

PAGES = Path(__file__).parents[1] / "pages"
"""Where a wheel has the guide (.ci/compile.py)."""

DOCS = Path(__file__).parents[2] / "docs"
"""Where a checkout has it."""

WIDTH_CELLS = 100
"""Prose is shown no wider than this."""


class Section(NamedTuple):
    """A section of the guide, with the sections below it: its heading, without marks, and its Markdown."""

    heading: str
    text: str


@click.command("help")
@click.argument("topic", required=False)
@click.pass_context
def help_about(ctx: click.Context, topic: str | None) -> None:
    """Explain a command or a topic of the guide, or list both.

    \b
    crdtnotes help rename
    crdtnotes help "two laptops"
    """
    root = ctx.find_root()
    if topic is None:
        click.echo(root.get_help())
        click.echo("\nTopics of the guide:")
        for section in sections(guide()):
            click.echo(f"  {section.heading}")
        return
    commands = root.command
    command = commands.get_command(root, topic) if isinstance(commands, click.Group) else None
    if command is not None:
        with click.Context(command, info_name=topic, parent=root) as context:
            click.echo(command.get_help(context))
        return
    found = about(topic, sections(guide()))
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        console = terminal()
        console.print(Markdown(found.text, hyperlinks=False), width=min(console.width, WIDTH_CELLS))
    else:
        click.echo(found.text, nl=False)


def about(topic: str, found: list[Section]) -> Section:
    """Return the section with this heading, or the only one whose heading has these words.

    Raises LocalError, which names the sections that there are.
    """
    wanted = _words(topic)
    same = [section for section in found if _words(section.heading) == wanted]
    having = same or [section for section in found if wanted and wanted in _words(section.heading)]
    if len(having) == 1:
        return having[0]
    headings = ", ".join(section.heading for section in having or found)
    if having:
        raise LocalError(f"Several topics match {topic!r}: {headings}.")
    raise LocalError(f"There is no command or topic {topic!r}; the topics are {headings}.")


def sections(guide: str) -> list[Section]:
    """Return the sections of a guide, in its order. A `#` in a fenced block is no heading."""
    starts: list[tuple[int, int, str]] = []
    fenced = False
    place = 0
    for line in guide.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if not fenced and (found := re.match(r"(##+) +(.*\S)", line)):
            starts.append((place, len(found[1]), found[2]))
        place += len(line)
    result = []
    for number, (begin, level, heading) in enumerate(starts):
        end = next((start for start, other, _ in starts[number + 1 :] if other <= level), len(guide))
        result.append(Section(heading, guide[begin:end]))
    return result


def guide() -> str:
    """Return the guide, in Chinese if the system's language is; raises LocalError if it is not installed."""
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    language = next(filter(None, map(os.environ.get, variables)), "")
    if language.startswith("zh"):
        places = PAGES / "guide.zh.md", DOCS / "zh" / "guide.md"
    else:
        places = PAGES / "guide.md", DOCS / "guide.md"
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise LocalError("The guide was not installed with this copy of crdtnotes.")


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
