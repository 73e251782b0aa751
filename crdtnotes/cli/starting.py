"""Commands that create a vault: a new one, or a replica of one that a peer serves."""

import logging
import socket

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.output import counted, quoted
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.terminal import printable


def default_device() -> str:
    """Return the default device name: the host name."""
    from crdtnotes.changes.messages import MAX_DEVICE_LENGTH

    return printable(socket.gethostname())[:MAX_DEVICE_LENGTH].strip() or "laptop"


def _device(ctx: click.Context, parameter: click.Parameter, name: str | None) -> str:  # noqa: ARG001
    from crdtnotes.changes.messages import MAX_DEVICE_LENGTH

    if name is None:
        name = default_device()
    if not name.strip():
        raise click.BadParameter("a device needs a name.")
    if len(name) > MAX_DEVICE_LENGTH:
        raise click.BadParameter(f"a device's name can have at most {MAX_DEVICE_LENGTH} characters.")
    if printable(name) != name:
        raise click.BadParameter("a device's name cannot contain control characters.")
    return name.strip()


device_option = click.option(
    "--device",
    metavar="NAME",
    callback=_device,
    help="This device's name for peers; by default the host name.",
)


@click.command()
@device_option
@click.pass_context
def init(ctx: click.Context, device: str) -> None:
    """Create a new, empty vault.

    \b
    crdtnotes init --device train-laptop
    """
    from crdtnotes.vault import Vault

    with Vault.create(vault_path(ctx), device) as vault:
        click.echo(f"New vault at {vault.path}")
        click.echo(f"Its id is {vault.id}, and this device is {quoted(vault.device)}.")


@click.command()
@click.argument("address")
@device_option
@click.pass_context
def clone(ctx: click.Context, address: str, device: str) -> None:
    """Make a replica of the vault that a peer serves at ADDRESS.

    \b
    crdtnotes --vault copy.crdtnotes clone ws://127.0.0.1:4821
    """
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.peering.clone import clone_vault
    from crdtnotes.sync.net.address import Address

    path = vault_path(ctx)
    with saying_what_happens(logging.ERROR), progress_bar("Cloning") as progress:
        cloned = run(clone_vault(Address.parse(address), path, device, progress))
    click.echo(
        f"Cloned {counted(cloned.notes, 'note')} ({counted(cloned.changes, 'change')}) "
        f"from {quoted(cloned.peer)} into {path}"
    )
