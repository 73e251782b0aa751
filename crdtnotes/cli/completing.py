"""Shell completion: the script that a shell loads, and the names of notes.

A shell starts the program at each Tab with the line typed so far; click completes commands and options.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

from crdtnotes.cli.arguments import COMPLETION_VARIABLE
from crdtnotes.errors import CrdtnotesError
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from pathlib import Path

MAX_NAMES = 200
"""How many names of notes a shell is given to choose from."""

_SPECIAL = frozenset(" \t\"'`$&|;<>()[]{}*?!#~\\")
# What bash reads as more than a character of a word.


class Bash(BashComplete):
    """bash inserts what it is given as it is, so outside quotes special characters are escaped.

    They are escaped twice, as click's function reads each line with `read`, which takes one backslash away.
    """

    def format_completion(self, item: CompletionItem) -> str:
        """Return the kind and the value of a completion."""
        # The words of the line as they were typed, each in a line.
        quoted = os.environ.get("COMP_WORDS", "").rpartition("\n")[2].startswith(("'", '"'))
        special = "\\" if quoted else _SPECIAL
        escaped = (f"\\\\{letter}" if letter in special else letter for letter in str(item.value))
        return f"{item.type},{''.join(escaped)}"


add_completion_class(Bash)


def names_beginning_with(incomplete: str, path: Path) -> list[CompletionItem]:
    """Return the notes whose name begins with what is typed; none if the vault cannot be read.

    Names with hidden characters are left out: nobody can type them, and a terminal must not get them.
    """
    from crdtnotes.markup.names import name_key
    from crdtnotes.vault import Vault

    typed = name_key(incomplete)
    try:
        with Vault.open(path, read_only=True) as vault:
            names = [names.name for names in vault.names()]
    except CrdtnotesError:
        return []
    found = [name for name in names if name_key(name).startswith(typed) and printable(name) == name]
    return [CompletionItem(name) for name in found[:MAX_NAMES]]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which a shell completes lines at Tab.

    It completes commands, options and names of notes.

    \b
    crdtnotes completion bash > ~/.local/share/bash-completion/completions/crdtnotes
    crdtnotes completion zsh > ~/.zfunc/_crdtnotes
    crdtnotes completion fish > ~/.config/fish/completions/crdtnotes.fish

    For zsh, ~/.zshrc needs `fpath+=~/.zfunc; autoload -Uz compinit; compinit`.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    root = ctx.find_root()
    program = root.info_name or "crdtnotes"
    click.echo(found(root.command, {}, program, COMPLETION_VARIABLE).source())
