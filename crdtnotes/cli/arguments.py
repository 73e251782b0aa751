"""Arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crdtnotes.cli.opening import chosen_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETION_VARIABLE = "_CRDTNOTES_COMPLETE"
"""The environment variable with which a shell asks what can stand at the cursor."""


def note_argument(
    name: str = "name", metavar: str | None = None, required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for an argument that is a note's name, which a shell completes."""
    return click.argument(name, metavar=metavar, required=required, shell_complete=_note_names)


def _note_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    from crdtnotes.cli.completing import names_beginning_with

    # While a shell asks, the program's own options are read and its function is not called.
    return names_beginning_with(incomplete, chosen_path(ctx.find_root().params.get("vault")))
