"""The work and the output of `crdtnotes repair`."""

import logging
from pathlib import Path

import click

from crdtnotes.cli.output import OUTDATED_LINKS, counted, quoted
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.cli.running import run, saying_what_happens
from crdtnotes.cli.starting import default_device
from crdtnotes.errors import Damaged, NotAVault
from crdtnotes.own_files import open_regular_file
from crdtnotes.peering.sync_once import sync_once
from crdtnotes.repair import Repaired, repair
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import peek
from crdtnotes.vault import Vault

_PROBLEMS_SHOWN = 10

_PLAUSIBLE = 1_000_000_000
# A damaged count of missing changes can be anything; no real vault has more changes than this.


def mend(path: Path, address: str | None) -> None:
    """Repair the vault at `path` if needed, with the peer at `address`, and print what was done.

    If this raises a CrdtnotesError, the file at `path` is unchanged.
    """
    peer = None if address is None else Address.parse(address)
    if _is_whole(path):
        click.echo("No problems found: there is nothing to repair.")
        return
    with saying_what_happens(logging.ERROR), progress_bar("Rebuilding") as progress:
        if peer is None:
            done = repair(path, device=default_device(), progress=progress)
        else:
            done = repair(
                path,
                lambda part: _fetch(part, peer),
                lambda: run(peek(peer)).vault,
                default_device(),
                progress,
            )
    _say(done)


def _fetch(part: Path, peer: Address) -> None:
    run(sync_once(part, peer))


def _is_whole(path: Path) -> bool:
    """Whether `check` finds no problem; raises VaultNotFound, NewerVault and similar errors."""
    try:
        with Vault.open(path) as vault, progress_bar("Checking") as progress:
            problems = [one for one in vault.check(progress) if OUTDATED_LINKS not in one]
    except (Damaged, NotAVault) as error:
        if isinstance(error, NotAVault) and not _was_a_vault(path):
            raise
        problems = [str(error)]
    for problem in problems[:_PROBLEMS_SHOWN]:
        click.echo(problem)
    if len(problems) > _PROBLEMS_SHOWN:
        click.echo(f"… and {counted(len(problems) - _PROBLEMS_SHOWN, 'further problem')}.")
    return not problems


def _was_a_vault(path: Path) -> bool:
    """Whether a file whose beginning is damaged still looks like a crdtnotes vault."""
    try:
        with open_regular_file(path) as file:
            data = file.read()
    except OSError:
        return False
    return b"CREATE TABLE texts" in data and b"CREATE TABLE log" in data


def _say(done: Repaired) -> None:
    click.echo(f"Kept {counted(done.kept, 'change')}, fetched {counted(done.fetched, 'change')}.")
    if done.missing:
        many = counted(done.missing, "change") if done.missing < _PLAUSIBLE else "Some changes"
        click.echo(f"{many} could not be recovered.")
    if done.texts:
        click.echo("These notes have their last stored text, without its history:")
        for name in done.texts:
            click.echo(f"  {quoted(name)}")
    click.echo(f"The damaged file was renamed to {done.aside}")
