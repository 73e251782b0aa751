"""Commands about the devices of a vault: who belongs to it, since when, and how to end that."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import (
    counted,
    json_option,
    local_time,
    print_json,
    print_rows,
    quoted,
    yes_option,
)
from crdtnotes.cli.unlocking import with_keys
from crdtnotes.errors import NotPaired
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crdtnotes.peering.devices import Device
    from crdtnotes.store.signing.members import Members
    from crdtnotes.trust.membership import Member

_DAY_MS = 24 * 3600 * 1000


@click.command()
@click.option("--log", is_flag=True, help="Show who added, revoked or named whom, and when.")
@json_option
@click.pass_context
def devices(ctx: click.Context, log: bool, as_json: bool) -> None:
    """List the devices of this vault.

    Shows the role of each, when it was last connected, and how many of the current changes it lacked then.
    With --log, it shows how the devices came to belong: each line after those that it follows from. The times
    are those that the devices claim.

    \b
    crdtnotes devices --json
    crdtnotes devices --log
    """
    if log:
        _print_log(ctx, as_json=as_json)
        return
    from crdtnotes.peering.devices import list_devices, short_id
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.identity import own_id

    with open_vault(ctx) as vault:
        found = list_devices(vault)
    if as_json:
        print_json([_document(one) for one in found])
        return
    table = [
        (
            one.name,
            short_id(one.id),
            one.role.word,
            "this device" if one.own else _state(one),
            "" if one.own else "never" if one.seen is None else local_time(one.seen),
            "" if one.lacks is None else one.lacks,
        )
        for one in found
    ]
    print_rows(
        ("device", "id", "role", "state", "last seen", "lacks"),
        table,
        "No device has been paired yet: crdtnotes pair",
    )
    if sys.stdout.isatty() and found:
        click.echo(f"\nThis device's id is {shown(own_id())}")


def _document(device: Device) -> dict[str, object]:
    from crdtnotes.trust.device_id import shown

    return {
        "name": printable(device.name),
        "id": shown(device.id),
        "hash": device.id.hex(),
        "role": device.role.word,
        "state": _state(device),
        "own": device.own,
        "seen": device.seen,
        "lacks": device.lacks,
        "addresses": list(device.addresses),
        "added_by": shown(device.added_by),
        "revoked_by": None if device.revoked_by is None else shown(device.revoked_by),
    }


def _state(device: Device) -> str:
    return "active" if device.active else "revoked"


def _print_log(ctx: click.Context, *, as_json: bool) -> None:
    from crdtnotes.peering.devices import device_log, short_id
    from crdtnotes.trust.device_id import shown

    with open_vault(ctx) as vault:
        lines = device_log(vault)
    if as_json:
        print_json(
            [
                {
                    "time": line.time,
                    "event": line.event,
                    "by": printable(line.by),
                    "by_id": shown(line.by_id),
                    "device": printable(line.device),
                    "device_id": shown(line.device_id),
                    "role": None if line.role is None else line.role.word,
                    "counts": line.counts,
                }
                for line in lines
            ]
        )
        return
    print_rows(
        ("time", "by", "id", "did", "device", "id"),
        [
            (
                "unknown" if line.time is None else local_time(line.time),
                printable(line.by),
                short_id(line.by_id),
                line.did,
                printable(line.device),
                short_id(line.device_id),
            )
            for line in lines
        ],
        "No device has been paired yet: crdtnotes pair",
    )


@click.command()
@click.argument("device")
@click.argument("role", type=click.Choice(["owner", "writer", "reader"]))
@json_option
@click.pass_context
@with_keys
def role(ctx: click.Context, device: str, role: str, as_json: bool) -> None:
    """Say what a device may do.

    DEVICE is its name, or the beginning of its id. An owner adds and revokes devices and changes their roles,
    a writer only writes, and a reader only reads. Only owners can do this, and only those that have been
    owners for longer than DEVICE can make an owner a writer or a reader. What DEVICE has written stays.

    \b
    crdtnotes role kitchen-tablet reader
    """
    from crdtnotes.peering.devices import set_role
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.roles import role_called

    with open_vault(ctx) as vault:
        member = find_device(vault.replica.members, device)
        set_role(vault, member.id, role_called(role))
    if as_json:
        print_json({"name": printable(member.name), "id": shown(member.id), "role": role})
    else:
        click.echo(f"{quoted(member.name)} is {'an' if role == 'owner' else 'a'} {role} of this vault.")


@click.command()
@click.argument("device", required=False)
@click.option(
    "--stolen", is_flag=True, help="Also revoke every device that belongs only because DEVICE added it."
)
@click.option(
    "--all-others", is_flag=True, help="All except this device: makes a new vault with the same notes."
)
@yes_option
@json_option
@click.pass_context
@with_keys
def revoke(
    ctx: click.Context, device: str | None, stolen: bool, all_others: bool, yes: bool, as_json: bool
) -> None:
    """Remove a device from the vault.

    DEVICE is its name, or the beginning of its id. From now on it gets nothing, and nothing is accepted from
    it. It keeps what it already has. Only pairing it again lets it back in.

    If it has added other devices, you are asked which of them to revoke, too. With --yes they stay, with
    --stolen none of them does.

    If a stolen device has revoked yours, start a new vault with --all-others and pair your devices with it.

    \b
    crdtnotes revoke old-laptop
    crdtnotes revoke --stolen old-laptop
    crdtnotes revoke --all-others
    """
    if (device is None) != all_others or (all_others and stolen):
        raise click.UsageError("Give a DEVICE, with or without --stolen, or --all-others.")
    if device is None:
        _begin_anew(ctx, yes=yes, as_json=as_json)
        return
    from crdtnotes.peering.devices import added_by, revoke_device
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        member = find_device(vault.replica.members, device, among_revoked=stolen)
        identity = own_identity()
        added = added_by(vault, member.id)
        if not yes:
            warning = " This is the device you are using." if member.id == identity.id else ""
            more = f" and {counted(len(added), 'device')} that it has added" if stolen and added else ""
            click.confirm(
                f"Revoke {quoted(member.name)} ({shown(member.id)}){more}?{warning}", abort=True, err=True
            )
        others = [] if stolen or yes else [one for one in added if one.id != identity.id]
        also = _chosen(member, others) if others else []
        done = revoke_device(vault, member.id, [one.id for one in also], stolen=stolen)
    if as_json:
        print_json({"revoked": _shown(done.revoked), "stay": _shown(done.stay)})
        return
    for one in done.revoked:
        click.echo(f"Revoked {quoted(one.name)}.")
    if done.stay:
        names = ", ".join(quoted(one.name) for one in done.stay)
        verb = "stays" if len(done.stay) == 1 else "stay"
        click.echo(f"{quoted(member.name)} had added {names}, which {verb}. To revoke one: crdtnotes revoke")
    for name in done.to_pair:
        click.echo(f"{quoted(member.name)} had revoked {quoted(name)}; pair it again: crdtnotes pair")


def _chosen(member: Member, added: Sequence[Device]) -> list[Device]:
    """Ask which of the devices that a device has added are to be revoked, too."""
    from crdtnotes.trust.device_id import short

    click.echo(f"{quoted(member.name)} has added, itself or through others that it added:", err=True)
    for number, one in enumerate(added, 1):
        click.echo(f"  {number}  {quoted(one.name)} ({short(one.id)})", err=True)

    def read(text: str) -> list[Device]:
        words = text.replace(",", " ").split()
        if words in (["all"], ["none"]):
            return list(added) if words == ["all"] else []
        if not words or not all(word.isdecimal() and 0 < int(word) <= len(added) for word in words):
            raise click.UsageError(f"Type numbers from 1 to {len(added)}, or all, or none.")
        return [added[number - 1] for number in sorted({int(word) for word in words})]

    return click.prompt(
        "Which of them to revoke, too (numbers, all, none)", default="none", value_proc=read, err=True
    )


def _shown(members: Sequence[Device | Member]) -> list[dict[str, str]]:
    from crdtnotes.trust.device_id import shown

    return [{"name": printable(one.name), "id": shown(one.id)} for one in members]


def _begin_anew(ctx: click.Context, *, yes: bool, as_json: bool) -> None:
    with open_vault(ctx) as vault:
        active = list(vault.replica.members.membership().active.values())
        if not yes:
            click.confirm(
                "Make a new vault with these notes, without any other device?", abort=True, err=True
            )
        vault.replica.devices.begin_anew()
    if as_json:
        own = vault.replica.signer.own_key
        print_json({"revoked": _shown([one for one in active if one.keys.signing != own]), "stay": []})
        return
    click.echo("This is now a new vault with the same notes. Pair your other devices again: crdtnotes pair")


@click.command()
@click.option(
    "--after",
    metavar="DAYS",
    type=click.IntRange(0, 36500),
    help="Also changes of devices that were not connected with this one for so many days.",
)
@yes_option
@json_option
@click.pass_context
@with_keys
def resign(ctx: click.Context, after: int | None, yes: bool, as_json: bool) -> None:
    """Sign changes that wait for a device which cannot sign them.

    Part of the changes here may wait because a device was copied or restored, and has not signed its part
    since; until then nothing that was written after them is sent. If that device is revoked or may only read,
    it never will: this signs its changes as changes of this device, so that the others get them.

    With --after also those of a device that was not seen for so long. If it comes back nevertheless, what it
    had written may appear twice.

    \b
    crdtnotes resign
    crdtnotes resign --after 30
    """
    from crdtnotes.peering.devices import devices_awaited, resign_changes
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        silent: list[Device] = []
        if after is not None:
            silent = devices_awaited(vault, time.time_ns() // 1_000_000 - after * _DAY_MS)
        if silent and not yes:
            own_identity()  # raises KeysLocked before anything is asked
            names = ", ".join(quoted(one.name) for one in silent)
            click.confirm(f"Sign for {names}, which may still come back?", abort=True, err=True)
        signed, left, waits = resign_changes(vault, [one.id for one in silent])
    if as_json:
        print_json({"signed": signed, "waiting": left, "for": waits})
        return
    click.echo(f"Signed {counted(signed, 'change')}." if signed else "Nothing to sign.")
    if left:
        names = ", ".join(map(quoted, waits))
        click.echo(f"{counted(left, 'change')} still {'waits' if left == 1 else 'wait'} for {names}.")


def find_device(members: Members, wanted: str, *, among_revoked: bool = False) -> Member:
    """Return the active device whose name is `wanted`, or whose id begins with it; raises NotPaired.

    `among_revoked` also finds a revoked device, if no active one is meant.
    """
    from crdtnotes.trust.device_id import begins

    every = list(members.membership().members.values())
    found: list[Member] = []
    for candidates in ([one for one in every if one.active], every if among_revoked else []):
        found = (
            found
            or [member for member in candidates if member.name == wanted]
            or [member for member in candidates if begins(member.id, wanted)]
        )
    if not found:
        raise NotPaired(f"No device of this vault has the name {wanted!r} or an id that begins with it.")
    if len(found) > 1:
        raise NotPaired(f"{counted(len(found), 'device')} match {wanted!r}: give more of the id.")
    return found[0]


COMMANDS = [devices, role, revoke, resign]
