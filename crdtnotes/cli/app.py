"""The program: its options, its commands in sections, and its handling of errors.

Exit codes: 0 done, 1 failed (one plain sentence on stderr), 2 wrong usage, 130 interrupted.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from crdtnotes import __version__
from crdtnotes.cli import bundles, care, demo, finding, folders, notes, pairing, peers, starting, tui
from crdtnotes.cli.opening import VAULT_VARIABLE
from crdtnotes.errors import CrdtnotesError

INTERRUPTED = 130


class App(click.Group):
    """A group that lists its commands in sections and turns foreseen errors into sentences."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._sections: list[tuple[str, Sequence[click.Command]]] = []

    def add_section(self, title: str, commands: Sequence[click.Command]) -> None:
        """Add commands that are listed together."""
        self._sections.append((title, commands))
        for command in commands:
            self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands below their sections' titles."""
        width = max(len(name) for name in self.commands)
        for title, commands in self._sections:
            rows = [(f"{one.name or '':{width}}", one.get_short_help_str(65)) for one in commands]
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            # If the reader of a pipe is gone, this raises at the latest here, where click handles it.
            sys.stdout.flush()
        except CrdtnotesError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return result


@click.group(cls=App, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--vault",
    metavar="FILE",
    envvar=VAULT_VARIABLE,
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="The vault's file; the default is in your data folder.",
)
@click.version_option(__version__, prog_name="crdtnotes", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, vault: Path | None) -> None:
    """Wiki-linked Markdown notes that live on your laptops and merge by themselves.

    \b
    crdtnotes init
    crdtnotes new "zh/分布式系统" --text "见 [[CAP定理]]"
    crdtnotes backlinks CAP定理

    Without a command it opens the editor. NAME is a note's name, or anything that works as [[NAME]].
    Every command that lists something takes --json.
    """
    ctx.obj = vault
    if ctx.invoked_subcommand is None:
        if tui.on_terminal():
            tui.open_editor(ctx, None)
        else:
            click.echo(ctx.get_help())


cli.add_section("Begin", [*tui.COMMANDS, *starting.COMMANDS])
cli.add_section("Notes", notes.COMMANDS)
cli.add_section("Find", finding.COMMANDS)
cli.add_section("Folders and graph", folders.COMMANDS)
cli.add_section("Other laptops", [*pairing.COMMANDS, *peers.COMMANDS, *bundles.COMMANDS])
cli.add_section("Care", care.COMMANDS)
cli.add_section("Try", demo.COMMANDS)


def main() -> None:
    """Run the program and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks are shown as escapes instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli()
