"""Commands that maintain the vault."""

from pathlib import Path

import click

from crdtnotes.cli.opening import open_vault, vault_path
from crdtnotes.cli.output import OUTDATED_LINKS, counted, json_option, local_time, print_json, print_rows
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.cli.unlocking import with_keys
from crdtnotes.errors import LocalError
from crdtnotes.terminal import printable


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show which vault this is and when each peer was in sync.

    \b
    crdtnotes status --json | jq -r .digest
    """
    with open_vault(ctx) as vault:
        found = vault.status()
    if as_json:
        print_json(found)
        return
    for key in ("vault", "device", "actor", "path", "notes", "changes", "digest", "engine"):
        click.echo(f"{key:8} {printable(str(found[key]))}")
    own = found["unsigned_own"]
    if own:
        click.echo(
            f"\nNot signed yet by this device, because its keys are locked: {counted(own, 'change')}. "
            "`crdtnotes sync` asks for the passphrase, signs them and sends them."
        )
    if found["unsigned"] > own:
        changes = counted(found["unsigned"] - own, "change")
        click.echo(
            f"\nNot signed yet by the devices that made them: {changes}. Sync with those devices: until "
            "then, later changes only reach devices that already have these changes."
        )
    peers = [
        (peer["device"], peer["address"] or "(connects to us)", local_time(peer["seen"]))
        for peer in found["peers"]
    ]
    if peers:
        click.echo()
        print_rows(("peer", "address", "in sync at"), peers, "")


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Recompute everything from the log and compare.

    Changes nothing. Lists the problems, and fails if there are any; `crdtnotes repair` fixes them.

    \b
    crdtnotes check
    """
    with open_vault(ctx) as vault, progress_bar("Checking") as progress:
        found = vault.check(progress)
        problems = [problem for problem in found if OUTDATED_LINKS not in problem]
        notes = 0 if problems else len(vault)
    if as_json:
        print_json(problems)
    elif problems:
        click.echo("\n".join(map(printable, problems)))
    else:
        click.echo(f"No problems found in {counted(notes, 'note')}.")
    outdated = len(found) - len(problems)
    if outdated and not as_json:
        which = counted(outdated, "note")
        click.echo(f"In {which} another version of crdtnotes found other links; editing updates them.")
    if problems:
        raise LocalError(f"{counted(len(problems), 'problem')} found; `crdtnotes repair` fixes what it can.")


@click.command()
@click.option(
    "--from", "address", metavar="ADDRESS", help="Fetch missing changes from the peer at this address."
)
@click.pass_context
@with_keys
def repair(ctx: click.Context, address: str | None) -> None:
    """Repair a damaged vault: rebuild it from its log, and from a peer.

    Does nothing if `check` finds no problem. The damaged file is kept under another name, never deleted.

    \b
    crdtnotes repair --from ws://127.0.0.1:4821
    """
    from crdtnotes.cli.mending import mend

    mend(vault_path(ctx), address)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy the vault to FILE, even while it is in use.

    \b
    crdtnotes backup /media/stick/notes-2026-11-22.crdtnotes
    """
    with open_vault(ctx) as vault:
        vault.backup(file)
    click.echo(f"Backed up to {file}")


@click.command()
@click.pass_context
def compact(ctx: click.Context) -> None:
    """Make the vault's file as small as possible.

    The history is packed and stays complete. The command can be interrupted at any time.

    \b
    crdtnotes compact
    """
    path = vault_path(ctx)
    before = path.stat().st_size if path.exists() else 0
    with open_vault(ctx) as vault, progress_bar("Packing") as progress:
        vault.compact(progress)
    after = path.stat().st_size
    click.echo(f"Now {after / 1e6:,.1f} MB, {before / 1e6:,.1f} MB before.")
