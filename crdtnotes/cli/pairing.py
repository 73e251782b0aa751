"""Commands that make two devices trust each other."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.output import counted, json_option, json_text, quoted, yes_option
from crdtnotes.cli.progress_bar import progress_bar, tell
from crdtnotes.cli.starting import default_device, device_option
from crdtnotes.cli.unlocking import with_keys
from crdtnotes.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crdtnotes.trust.code import Code


@click.command()
@click.option("--owner", "role", flag_value="owner", help="It may also add and revoke devices: the default.")
@click.option("--writer", "role", flag_value="writer", help="It may read and write, and nothing else.")
@click.option("--reader", "role", flag_value="reader", help="It may only read.")
@yes_option
@json_option
@click.pass_context
@with_keys
def pair(ctx: click.Context, role: str | None, yes: bool, as_json: bool) -> None:
    """Show a code with which another laptop can join this vault.

    Type `crdtnotes join CODE` there within five minutes. Then you are asked here whether it is yours. If
    there is no vault yet, a new one is created.

    Without an option the laptop becomes an owner, so that each of your laptops can revoke one that was
    stolen. Pair other people's devices with --writer or --reader.

    \b
    crdtnotes pair
    crdtnotes pair --reader
    """
    from crdtnotes.cli.asking import ask_on_terminal
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.peering.open_vault import OpenVault
    from crdtnotes.peering.pair import pair_device, wait_for_first_sync
    from crdtnotes.peering.service import PeerService
    from crdtnotes.trust.code import written
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.roles import role_called
    from crdtnotes.vault import Vault

    path = vault_path(ctx)
    if not path.exists():
        Vault.create(path, default_device()).close()
        click.echo(f"New vault at {path}", err=True)
    if not yes and not sys.stdin.isatty():
        raise LocalError("There is nobody to ask whether the new device is yours; --yes answers this.")

    def show(words: Code, scanned: Code) -> None:
        if as_json:
            click.echo(json_text({"code": written(words), "address": f"wss://{scanned.address}"}))
            return
        click.echo(f"On the other laptop, within five minutes:\n\n    crdtnotes join {written(words)}\n")
        click.echo(f"If it does not find this laptop, add the address: {scanned.address}")
        if sys.stdout.isatty():
            click.echo("Or scan this and give it to `crdtnotes join`:\n")
            click.echo("\n".join(_qr_lines(written(scanned))))

    async def ask(name: str, device: bytes, digits: str) -> bool:
        if yes:
            return True
        whose = "Is it yours" if role in (None, "owner") else f"Is it to be a {role}"
        return await ask_on_terminal(
            f"{quoted(name)} ({shown(device)}) knows the code.\n{whose}, and does it show {digits} as well?"
        )

    async def work() -> tuple[str, bytes]:
        async with OpenVault(path) as open_, PeerService(open_) as service:
            device = await pair_device(
                service, ask, show, role=lambda: None if role is None else role_called(role)
            )
            await wait_for_first_sync(service, device)
            return device.name, device.id

    with saying_what_happens(logging.WARNING):
        name, device = run(work())
    if as_json:
        click.echo(json_text({"device": name, "id": shown(device)}))
    else:
        click.echo(f"Paired with {quoted(name)}, which has all notes. To stay in sync: crdtnotes serve")


def _qr_lines(text: str) -> Iterable[str]:
    """Return the lines of a QR code; each line of text holds two rows of modules."""
    import io

    import segno

    out = io.StringIO()
    segno.make(text, error="l").terminal(out, compact=True)
    return out.getvalue().splitlines()


@click.command()
@click.argument("code")
@click.argument("address", required=False)
@device_option
@yes_option
@click.pass_context
@with_keys
def join(ctx: click.Context, code: str, address: str | None, device: str, yes: bool) -> None:
    """Join the vault of a laptop that shows a code.

    Finds it in the local network, or at ADDRESS, then makes a replica here and syncs it. Both laptops show
    six digits and ask; say yes if they are the same.

    \b
    crdtnotes join 4821-otter-violin-maple
    """
    from crdtnotes.cli.asking import ask_on_terminal
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.peering.join import join_vault
    from crdtnotes.sync.net.address import PAIRING_PORT, Address
    from crdtnotes.trust.code import read_code
    from crdtnotes.trust.roles import Role

    known = read_code(code)
    place = None if address is None else Address.typed(address, PAIRING_PORT)
    path = vault_path(ctx)
    if not yes and not sys.stdin.isatty():
        raise LocalError(
            "There is nobody to ask whether both laptops show the same digits; --yes answers this."
        )

    async def ask(host: str, digits: str) -> bool:
        if yes:
            return True
        return await ask_on_terminal(f"Does {quoted(host)} show {digits} as well?")

    with saying_what_happens(logging.ERROR), progress_bar("Fetching notes") as progress:
        joined = run(join_vault(known, place, path, device, ask, progress=progress, tell=tell))
    click.echo(f"Paired with {quoted(joined.host)}; the vault is at {path}")
    if joined.role < Role.OWNER:
        click.echo(f"This device is a {joined.role.word} of it.")
    if joined.notes is None:
        raise LocalError("The notes have not arrived yet: `crdtnotes sync --once` fetches them.")
    click.echo(f"{counted(joined.notes, 'note')} here. To stay in sync: crdtnotes serve")


COMMANDS = [pair, join]
