"""The program: its options, its commands in sections, and its handling of errors.

Exit codes: 0 done, 1 failed (one plain sentence on stderr), 2 wrong usage, 130 interrupted.
"""

import io
import sys
from collections import UserDict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crdtnotes import __version__
from crdtnotes.cli.opening import VAULT_VARIABLE
from crdtnotes.errors import CrdtnotesError
from crdtnotes.terminal.streams import visible_output

INTERRUPTED = 130

PROGRAM = "crdtnotes"
"""What the program is called in its help, however it was started."""


SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Begin": {"tui": "tui", "init": "starting", "clone": "starting"},
    "Notes": {
        "today": "notes",
        "new": "notes",
        "show": "notes",
        "write": "notes",
        "append": "notes",
        "edit": "notes",
        "rename": "notes",
        "delete": "notes",
        "erase": "erasing",
    },
    "Find": {
        "list": "finding",
        "search": "finding",
        "links": "finding",
        "backlinks": "finding",
        "mentions": "finding",
        "tags": "finding",
        "orphans": "finding",
        "dangling": "finding",
        "review": "review",
    },
    "Folders and graph": {"import": "folders", "export": "folders", "graph": "folders"},
    "Other laptops": {
        "pair": "pairing",
        "join": "pairing",
        "devices": "devices",
        "role": "devices",
        "revoke": "devices",
        "serve": "peers",
        "sync": "peers",
        "resign": "devices",
        "bundle": "bundles",
        "passphrase": "passphrase",
    },
    "Care": {"status": "care", "check": "care", "repair": "care", "compact": "care", "backup": "care"},
    "Try": {"demo": "demo"},
}
"""Every command in its section of the help, with the module of `crdtnotes.cli` that defines it."""


class Commands(UserDict[str, click.Command]):
    """The commands by name, each loaded when it is asked for: a shell waits for every start."""

    def __init__(self) -> None:
        super().__init__()
        self._homes = {name: home for section in SECTIONS.values() for name, home in section.items()}

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.data:
            module = import_module(f"crdtnotes.cli.{self._homes[name]}")
            found = (one for one in vars(module).values() if isinstance(one, click.Command))
            self.data[name] = next(one for one in found if one.name == name)
        return self.data[name]


class App(click.Group):
    """A group that lists its commands in sections and turns foreseen errors into sentences."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.commands = Commands()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands below their sections' titles."""
        width = max(len(name) for name in self.commands)
        for title, names in SECTIONS.items():
            rows = [(f"{name:{width}}", self.commands[name].get_short_help_str(65)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program. Nothing that it prints can steer a terminal, not even the name in an error."""
        with visible_output():
            return super().main(*args, **options)

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
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
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
        from crdtnotes.cli import tui

        if tui.on_terminal():
            tui.open_editor(ctx, None)
        else:
            click.echo(ctx.get_help())


def run() -> None:
    """Run the command that the program was called with; raises SystemExit with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks are shown as escapes instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name=PROGRAM)
