"""The editor: found through an entry point, so that the library never imports it."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, cast

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.starting import default_device
from crdtnotes.errors import LocalError
from crdtnotes.sync.net.address import DEFAULT_PORT

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "crdtnotes.tui"
"""The entry-point group in which an editor is registered."""


class Editor(Protocol):
    """What an entry point of the group is."""

    def __call__(
        self,
        path: Path,
        name: str | None,
        new_device: str | None,
        serve_at: tuple[str | None, int | None] | None,
    ) -> None:
        """Run until the person leaves; raises a CrdtnotesError when that cannot be.

        `name` is the note to open, by name or by what `[[name]]` would resolve to. Where there is no vault at
        `path` and `new_device` is given, a new one is made for the device of that name.
        With `serve_at`, a host and a port, peers can sync with the editor; where one is None it chooses it.
        """
        ...


@click.command()
@click.argument("name", required=False)
@click.option("--host", metavar="H", help="Let peers sync with the editor, at this host of this machine.")
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65535),
    help=f"The same, at this port; by default {DEFAULT_PORT}, or any that is free.",
)
@click.pass_context
def tui(ctx: click.Context, name: str | None, host: str | None, port: int | None) -> None:
    """Open the editor, on note NAME with the cursor at its end.

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
    """Whether there is a person at both ends; an editor may well draw on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def open_editor(
    ctx: click.Context, name: str | None, serve_at: tuple[str | None, int | None] | None = None
) -> None:
    """Run the editor on the chosen vault; the default one is made at its first use."""
    found = list(entry_points(group=GROUP))
    if not found:
        raise LocalError("No editor is installed beside crdtnotes.")
    editor = cast("Editor", found[0].load())
    chosen = ctx.find_root().obj is not None
    editor(vault_path(ctx), name, None if chosen else default_device(), serve_at)
