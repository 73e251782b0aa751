"""Arguments that several commands take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crdtnotes.cli.opening import chosen_path

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETION_VARIABLE = "_CRDTNOTES_COMPLETE"
"""The environment variable with which a shell asks what can stand at the cursor."""


class TextCommand(click.Command):
    """A command whose last argument is a text and may begin with a dash: `append shopping "- milk"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an argument with a space in it is not an option."""
        if args and args[-1].startswith("-") and any(map(str.isspace, args[-1])) and "--" not in args:
            args = [*args[:-1], "--", args[-1]]
        return super().parse_args(ctx, args)


class QueryCommand(click.Command):
    """A command whose argument may begin with a symbol that looks like an option: `search "->"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; a dash before another symbol or a space begins no option."""
        queries = [one for one in args if re.match(r"-(?![-\w])", one)]
        if len(queries) == 1 and "--" not in args:
            args = [*(one for one in args if one not in queries), "--", *queries]
        return super().parse_args(ctx, args)


def note_argument(
    name: str = "name", metavar: str | None = None, required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for an argument that is a note's name, which a shell completes."""
    return click.argument(name, metavar=metavar, required=required, shell_complete=_note_names)


def _note_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    from crdtnotes.cli.completing import names_beginning_with

    # While a shell asks, the program's own options are read and its function is not called.
    return names_beginning_with(incomplete, chosen_path(ctx.find_root().params.get("vault")))
