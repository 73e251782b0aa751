"""The editor: found through an entry point, so that the library never imports it."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, cast

import click

from crdtnotes.cli.arguments import note_argument
from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.starting import default_device
from crdtnotes.errors import LocalError
from crdtnotes.sync.net.address import DEFAULT_PORT

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "crdtnotes.tui"
"""The entry-point group in which an editor is registered."""


class Editor(Protocol):
    """The signature of an entry point in the group."""

    def __call__(
        self,
        path: Path,
        name: str | None,
        new_device: str | None,
        serve_at: tuple[str | None, int | None] | None,
    ) -> None:
        """Run until the person quits; raises a CrdtnotesError if it cannot run.

        `name` is the note to open; it resolves as `[[name]]` does. If there is no vault at `path` and
        `new_device` is given, a new vault is created for the device of that name. With `serve_at`, a host and
        a port, peers can sync with the editor; the editor chooses a value that is None.
        """
        ...


@click.command()
@note_argument(required=False)
@click.option("--host", metavar="H", help="Let peers sync with the editor; listen on this host.")
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65535),
    help=f"The same, on this port; by default {DEFAULT_PORT}, or any free port.",
)
@click.pass_context
def tui(ctx: click.Context, name: str | None, host: str | None, port: int | None) -> None:
    """Open the editor, at the end of note NAME if it is given.

    \b
    crdtnotes tui
    crdtnotes tui CAP定理
    crdtnotes tui --port 0
    """
    if not on_terminal():
        raise LocalError("The editor needs a terminal.")
    serve_at = None
    if host is not None or port is not None:
        serve_at = host, port
    open_editor(ctx, name, serve_at)


def on_terminal() -> bool:
    """Whether a person sees the output and types the input; an editor may draw on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def open_editor(
    ctx: click.Context, name: str | None, serve_at: tuple[str | None, int | None] | None = None
) -> None:
    """Run the editor on the chosen vault; the default vault is created when it is first used."""
    found = list(entry_points(group=GROUP))
    if not found:
        raise LocalError("No editor for crdtnotes is installed.")
    editor = cast("Editor", found[0].load())
    chosen = ctx.find_root().obj is not None
    editor(vault_path(ctx), name, None if chosen else default_device(), serve_at)
