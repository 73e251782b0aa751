"""Commands that make two devices trust each other, and end it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import open_vault, vault_path
from crdtnotes.cli.output import counted, json_option, json_text, local_time, print_json, print_rows, quoted
from crdtnotes.cli.progress_bar import progress_bar, tell
from crdtnotes.cli.starting import default_device, device_option
from crdtnotes.errors import LocalError, NotPaired
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crdtnotes.store.signing.members import Members
    from crdtnotes.trust.code import Code
    from crdtnotes.trust.membership import Member
    from crdtnotes.vault import Vault

_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@_yes_option
@json_option
@click.pass_context
def pair(ctx: click.Context, yes: bool, as_json: bool) -> None:
    """Show a code with which another laptop can join this vault.

    Type `crdtnotes join CODE` there within five minutes. Then you are asked here whether it is yours. If
    there is no vault yet, a new one is created.

    \b
    crdtnotes pair
    """
    from crdtnotes.cli.asking import ask_on_terminal
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.peering.open_vault import OpenVault
    from crdtnotes.peering.pair import pair_device, wait_for_first_sync
    from crdtnotes.peering.service import PeerService
    from crdtnotes.trust.code import written
    from crdtnotes.trust.device_id import shown
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
        return await ask_on_terminal(
            f"{quoted(name)} ({shown(device)}) knows the code.\n"
            f"Is it yours, and does it show {digits} as well?"
        )

    async def work() -> tuple[str, bytes]:
        async with OpenVault(path) as open_, PeerService(open_) as service:
            device = await pair_device(service, ask, show)
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
@_yes_option
@click.pass_context
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
    if joined.notes is None:
        raise LocalError("The notes have not arrived yet: `crdtnotes sync --once` fetches them.")
    click.echo(f"{counted(joined.notes, 'note')} here. To stay in sync: crdtnotes serve")


@click.command()
@json_option
@click.pass_context
def devices(ctx: click.Context, as_json: bool) -> None:
    """List the devices of this vault.

    Shows when each was last connected, and how many of the current changes it lacked then.

    \b
    crdtnotes devices --json
    """
    from crdtnotes.trust.device_id import short, shown
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        records = vault.replica.members
        members = records.membership().members.values()
        own = own_identity().id if members else b""
        rows = [_row(vault, records, member, own) for member in members]
    if as_json:
        print_json(rows)
        return
    table = [
        (
            row["name"],
            short(bytes.fromhex(str(row["hash"]))),
            "this device" if row["own"] else row["state"],
            "" if row["own"] else "never" if row["seen"] is None else local_time(int(str(row["seen"]))),
            "" if row["lacks"] is None else row["lacks"],
        )
        for row in rows
    ]
    print_rows(
        ("device", "id", "state", "last seen", "lacks"),
        table,
        "No device has been paired yet: crdtnotes pair",
    )
    if sys.stdout.isatty() and members:
        click.echo(f"\nThis device's id is {shown(own)}")


def _row(vault: Vault, members: Members, member: Member, own: bytes) -> dict[str, object]:
    from crdtnotes.crdt.version import count_missing
    from crdtnotes.trust.device_id import shown

    contact = members.contact(member.id)
    lacks = None if contact is None else count_missing(vault.replica.version(), contact.version)
    return {
        "name": printable(member.name),
        "id": shown(member.id),
        "hash": member.id.hex(),
        "state": "active" if member.active else "revoked",
        "own": member.id == own,
        "seen": None if contact is None else contact.seen,
        "lacks": lacks if member.active else None,
        "addresses": members.addresses(member.id),
        "added_by": shown(member.added_by),
        "revoked_by": None if member.revoked_by is None else shown(member.revoked_by),
    }


@click.command()
@click.argument("device", required=False)
@click.option(
    "--all-others", is_flag=True, help="All except this device: makes a new vault with the same notes."
)
@_yes_option
@click.pass_context
def revoke(ctx: click.Context, device: str | None, all_others: bool, yes: bool) -> None:
    """Remove a device from the vault.

    DEVICE is its name, or the beginning of its id. From now on it gets nothing, and nothing is accepted from
    it. It keeps what it already has. Only pairing it again lets it back in.

    If a stolen device has revoked yours, start a new vault with --all-others and pair your devices with it.

    \b
    crdtnotes revoke old-laptop
    crdtnotes revoke --all-others
    """
    if (device is None) != all_others:
        raise click.UsageError("Give a DEVICE or --all-others.")
    if device is None:
        _begin_anew(ctx, yes=yes)
        return
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        replica = vault.replica
        member = find_device(replica.members, device)
        identity = own_identity()
        if not yes:
            warning = " This is the device you are using." if member.id == identity.id else ""
            click.confirm(
                f"Revoke {quoted(member.name)} ({shown(member.id)})?{warning}", abort=True, err=True
            )
        replica.devices.revoke(member.id)
    click.echo(f"Revoked {quoted(member.name)}.")


def _begin_anew(ctx: click.Context, *, yes: bool) -> None:
    with open_vault(ctx) as vault:
        if not yes:
            click.confirm(
                "Make a new vault with these notes, without any other device?", abort=True, err=True
            )
        vault.replica.devices.begin_anew()
    click.echo("This is now a new vault with the same notes. Pair your other devices again: crdtnotes pair")


def find_device(members: Members, wanted: str) -> Member:
    """Return the active device whose name is `wanted`, or whose id begins with it; raises NotPaired."""
    from crdtnotes.trust.device_id import begins

    active = list(members.membership().active.values())
    found = [member for member in active if member.name == wanted] or [
        member for member in active if begins(member.id, wanted)
    ]
    if not found:
        raise NotPaired(f"No device of this vault has the name {wanted!r} or an id that begins with it.")
    if len(found) > 1:
        raise NotPaired(f"{counted(len(found), 'device')} match {wanted!r}: give more of the id.")
    return found[0]


COMMANDS = [pair, join, devices, revoke]
