"""The command that erases text for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crdtnotes.cli.arguments import note_argument
from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import counted, quoted, yes_option
from crdtnotes.cli.texts import given_text
from crdtnotes.cli.unlocking import with_keys
from crdtnotes.errors import LocalError, NoteNotFound

if TYPE_CHECKING:
    from crdtnotes.note import Note
    from crdtnotes.vault import Vault


@click.command()
@note_argument(metavar="NOTE")
@click.option(
    "--text", metavar="TEXT", help="Erase only this text. If it is -, it is read from standard input."
)
@yes_option
@click.pass_context
@with_keys
def erase(ctx: click.Context, name: str, text: str | None, yes: bool) -> None:
    """Erase a note, or a text in it, from the history, too. This cannot be undone.

    `delete` keeps a note's history, and its history keeps all that was ever deleted. `erase` removes the text
    from the history and from the whole file of the vault, here and on each other device once it has synced.
    With --text, each occurrence of TEXT in the note's present and former text goes, and the rest stays.

    NOTE may be deleted already. If the vault was never paired, it becomes a new vault: copies of it cannot
    sync with it any more.

    \b
    crdtnotes erase "drafts/letter"
    crdtnotes erase Servers --text -
    """
    from crdtnotes.erasing import OUT_OF_REACH, check_keys, erase_everywhere

    with open_vault(ctx) as vault:
        check_keys(vault)
        wanted = None if text is None else given_text(text).rstrip("\n")
        if wanted == "":
            raise click.UsageError("There is no text to erase.")
        note, shown = _find(vault, name)
        paired = vault.is_paired
        if not yes:
            what = f"the note {quoted(shown)}" if wanted is None else f"this text in {quoted(shown)}"
            where = "here and on all devices" if paired else "and make a new vault of the rest"
            click.confirm(f"Erase {what} for good, with its history, {where}?", abort=True, err=True)
        changes = erase_everywhere(vault, note, wanted)
    if not changes:
        raise LocalError(f"{quoted(shown)} does not hold that text, and never did.")
    click.echo(f"Erased from {counted(changes, 'change')} of {quoted(shown)}.")
    if paired:
        click.echo("Your other devices erase it when they next sync.")
    else:
        click.echo("This is now a new vault, with the rest of the notes.")
    click.echo(OUT_OF_REACH)


def _find(vault: Vault, name: str) -> tuple[Note, str]:
    """Return the note with this name and its name; a deleted one if none exists. Raises NoteNotFound."""
    try:
        note = vault.note(name)
    except NoteNotFound:
        gone = vault.deleted(name)
        if not gone:
            raise
        return gone[0], name
    return note, note.name


COMMANDS = [erase]
