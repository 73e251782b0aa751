"""The program: its options, its commands in sections, and its handling of errors."""

import os
import sys
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crdtnotes import __version__
from crdtnotes.cli.arguments import COMPLETION_VARIABLE
from crdtnotes.cli.ending import DONE, INTERRUPTED, interruptible
from crdtnotes.cli.opening import VAULT_VARIABLE
from crdtnotes.errors import CrdtnotesError
from crdtnotes.terminal.standard import open_standard_streams
from crdtnotes.terminal.streams import visible_output

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
    "Help": {"help": "manual", "completion": "completing", "demo": "demo"},
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
        """Run the program and exit. Nothing that it prints can steer a terminal, not even an error."""
        if COMPLETION_VARIABLE in os.environ:
            # A shell asks; it gets bytes, and names without hidden characters.
            import crdtnotes.cli.completing  # noqa: F401 - its class for bash

            return super().main(*args, **options)
        options["standalone_mode"] = False
        with visible_output():
            sys.exit(_exit_code(lambda: super(App, self).main(*args, **options)))

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the arguments."""
        try:
            return super().make_context(*args, **options)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None


def _exit_code(run: Callable[[], Any]) -> int:
    """Run the program and return its exit code; say in one sentence on stderr why it failed."""
    with interruptible() as interrupt:
        try:
            code = run()
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            if interrupt.happened or isinstance(error, KeyboardInterrupt):
                return INTERRUPTED
            failure = _failure(error)
            if failure is None:
                raise
            failure.show()
            return failure.exit_code
    return code if isinstance(code, int) else DONE


def _failure(error: BaseException) -> click.ClickException | None:
    """Return an error as a sentence and an exit code; None for an error that nobody foresaw."""
    match error:
        case click.ClickException():
            return error
        case CrdtnotesError():
            return click.ClickException(str(error))
        case click.Abort():
            unanswered = isinstance(error.__context__, EOFError)
            return click.ClickException(
                "The question was not answered." if unanswered else "Nothing was done."
            )
        case _:
            return None


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
    open_standard_streams()
    cli(prog_name=PROGRAM)
