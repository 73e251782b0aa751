"""Commands for devices without a common network."""

from __future__ import annotations

import json
from pathlib import Path

import click

from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import counted, quoted
from crdtnotes.cli.unlocking import with_keys


def _version(ctx: click.Context, parameter: click.Parameter, text: str | None) -> dict[int, int] | None:  # noqa: ARG001
    """Parse a version given as JSON: the `version` in the output of `status --json`, or the whole output."""
    if text is None:
        return None
    wrong = click.BadParameter('a version looks like {"00f3…": 12}; `crdtnotes status --json` shows one.')
    try:
        document = json.loads(text)
        document = document.get("version", document)
        version = {int(actor, 16): seq for actor, seq in document.items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise wrong from None
    if not all(type(seq) is int and 0 < seq < 2**53 and 0 < actor < 2**63 for actor, seq in version.items()):
        raise wrong
    return version


@click.group()
def bundle() -> None:
    """Carry changes in a file, on a USB stick or by mail.

    \b
    crdtnotes bundle create notes.bundle --for old-laptop
    crdtnotes bundle apply notes.bundle
    """


@bundle.command("create")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "device",
    metavar="DEVICE",
    help="The device that can read it; it gets the changes it is known to lack.",
)
@click.option(
    "--since", metavar="VERSION", callback=_version, help="All changes beyond this version, as JSON."
)
@click.pass_context
@with_keys
def create(ctx: click.Context, file: Path, device: str | None, since: dict[int, int] | None) -> None:
    """Write changes to FILE, encrypted for DEVICE or for all devices of the vault.

    \b
    crdtnotes bundle create notes.bundle --for old-laptop
    """
    if device is None and since is None:
        raise click.UsageError("Give --for DEVICE or --since VERSION.")
    from crdtnotes.cli.devices import find_device
    from crdtnotes.sync.peers.bundle import create_bundle
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        members = vault.replica.members
        identity = own_identity()
        if device is None:
            receivers = [one for id, one in members.membership().active.items() if id != identity.id]
        else:
            receivers = [find_device(members, device)]
            contact = members.contacts.of(receivers[0].id)
            if since is None:
                since = contact.version if contact is not None else {}
        readers = create_bundle(vault.replica, identity, file, receivers, since or {})
    names = ", ".join(quoted(one.name) for one in readers)
    click.echo(f"{file} can be read by {names}.")


@bundle.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
@with_keys
def apply(ctx: click.Context, file: Path) -> None:
    """Apply the changes in FILE to this vault.

    \b
    crdtnotes bundle apply notes.bundle
    """
    from crdtnotes.sync.peers.bundle import apply_bundle
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        summary = apply_bundle(vault.replica, own_identity(), file)
        named = vault.replica.members.name
        sender, receivers = named(summary.sender), [named(id) for id in summary.receivers]
    click.echo(f"Made by {quoted(sender)}, for {', '.join(map(quoted, receivers))}.", err=True)
    click.echo(f"New here: {counted(summary.changes, 'change')}.")
