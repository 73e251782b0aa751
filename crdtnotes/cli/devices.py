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
    from collections.abc import Collection, Sequence

    from crdtnotes.store.signing.members import Members
    from crdtnotes.trust.member_log import Event
    from crdtnotes.trust.membership import Member
    from crdtnotes.vault import Vault

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
    from crdtnotes.trust.device_id import short, shown
    from crdtnotes.trust.identity import own_id

    with open_vault(ctx) as vault:
        records = vault.replica.members
        members = records.membership().members.values()
        own = own_id() if members else b""
        rows = [_row(vault, records, member, own) for member in members]
    if as_json:
        print_json(rows)
        return
    table = [
        (
            row["name"],
            short(bytes.fromhex(str(row["hash"]))),
            row["role"],
            "this device" if row["own"] else row["state"],
            "" if row["own"] else "never" if row["seen"] is None else local_time(int(str(row["seen"]))),
            "" if row["lacks"] is None else row["lacks"],
        )
        for row in rows
    ]
    print_rows(
        ("device", "id", "role", "state", "last seen", "lacks"),
        table,
        "No device has been paired yet: crdtnotes pair",
    )
    if sys.stdout.isatty() and members:
        click.echo(f"\nThis device's id is {shown(own)}")


def _row(vault: Vault, members: Members, member: Member, own: bytes) -> dict[str, object]:
    from crdtnotes.crdt.version import count_missing
    from crdtnotes.trust.device_id import shown

    contact = members.contacts.of(member.id)
    lacks = None if contact is None else count_missing(vault.replica.version(), contact.version)
    return {
        "name": printable(member.name),
        "id": shown(member.id),
        "hash": member.id.hex(),
        "role": member.role.word,
        "state": "active" if member.active else "revoked",
        "own": member.id == own,
        "seen": None if contact is None else contact.seen,
        "lacks": lacks if member.active else None,
        "addresses": members.contacts.addresses(member.id),
        "added_by": shown(member.added_by),
        "revoked_by": None if member.revoked_by is None else shown(member.revoked_by),
    }


def _print_log(ctx: click.Context, *, as_json: bool) -> None:
    from crdtnotes.trust.device_id import short, shown

    with open_vault(ctx) as vault:
        events = vault.replica.devices.log()
        name = vault.replica.members.name
        by = [printable(name(event.by)) for event in events]
    if as_json:
        print_json(
            [
                {
                    "time": event.time,
                    "event": event.kind,
                    "by": who,
                    "by_id": shown(event.by),
                    "device": printable(event.name),
                    "device_id": shown(event.device),
                    "role": None if event.role is None else event.role.word,
                    "counts": event.counts,
                }
                for event, who in zip(events, by, strict=True)
            ]
        )
        return
    print_rows(
        ("time", "by", "id", "did", "device", "id"),
        [
            (
                "unknown" if event.time is None else local_time(event.time),
                who,
                short(event.by),
                _did(event),
                printable(event.name),
                short(event.device),
            )
            for event, who in zip(events, by, strict=True)
        ],
        "No device has been paired yet: crdtnotes pair",
    )


def _did(event: Event) -> str:
    from crdtnotes.trust.member_log import ADDED, SET_ROLE
    from crdtnotes.trust.roles import Role

    did = event.kind
    if event.role is not None and event.kind == SET_ROLE:
        did = f"made {event.role.word}"
    elif event.role is not None and event.kind == ADDED and event.role is not Role.OWNER:
        did = f"added as {event.role.word}"
    return did if event.counts else f"{did}, without effect"


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
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.roles import role_called

    with open_vault(ctx) as vault:
        member = find_device(vault.replica.members, device)
        vault.replica.devices.set_role(member.id, role_called(role))
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
    from crdtnotes.trust.device_id import shown
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        replica = vault.replica
        member = find_device(replica.members, device, among_revoked=stolen)
        identity = own_identity()
        added = sorted(replica.devices.let_in_by(member.id), key=lambda one: (one.name, one.id))
        if not yes:
            warning = " This is the device you are using." if member.id == identity.id else ""
            more = f" and {counted(len(added), 'device')} that it has added" if stolen and added else ""
            click.confirm(
                f"Revoke {quoted(member.name)} ({shown(member.id)}){more}?{warning}", abort=True, err=True
            )
        if stolen:
            also = added
        else:
            others = [one for one in added if one.id != identity.id]
            also = _chosen(member, others) if others and not yes else []
        replica.devices.revoke(member.id, [one.id for one in also], keep_added=not stolen)
        active = replica.members.membership().active
        stay = [one for one in added if one.id in active]
        undone = _revoked_by(replica.devices.log(), member.id, active) if stolen else []
    if as_json:
        print_json({"revoked": _shown([member, *also]), "stay": _shown(stay)})
        return
    for one in (member, *also):
        click.echo(f"Revoked {quoted(one.name)}.")
    if stay:
        names = ", ".join(quoted(one.name) for one in stay)
        verb = "stays" if len(stay) == 1 else "stay"
        click.echo(f"{quoted(member.name)} had added {names}, which {verb}. To revoke one: crdtnotes revoke")
    for name in undone:
        click.echo(f"{quoted(member.name)} had revoked {quoted(name)}; pair it again: crdtnotes pair")


def _chosen(member: Member, added: Sequence[Member]) -> list[Member]:
    """Ask which of the devices that a device has added are to be revoked, too."""
    from crdtnotes.trust.device_id import short

    click.echo(f"{quoted(member.name)} has added, itself or through others that it added:", err=True)
    for number, one in enumerate(added, 1):
        click.echo(f"  {number}  {quoted(one.name)} ({short(one.id)})", err=True)

    def read(text: str) -> list[Member]:
        words = text.replace(",", " ").split()
        if words in (["all"], ["none"]):
            return list(added) if words == ["all"] else []
        if not words or not all(word.isdecimal() and 0 < int(word) <= len(added) for word in words):
            raise click.UsageError(f"Type numbers from 1 to {len(added)}, or all, or none.")
        return [added[number - 1] for number in sorted({int(word) for word in words})]

    return click.prompt(
        "Which of them to revoke, too (numbers, all, none)", default="none", value_proc=read, err=True
    )


def _revoked_by(log: Sequence[Event], device: bytes, active: Collection[bytes]) -> list[str]:
    """Return the names of the devices that a device revoked and that do not belong to the vault now."""
    found = {
        event.device: event.name
        for event in log
        if event.kind == "revoked" and event.by == device and event.device not in {device, *active}
    }
    return list(found.values())


def _shown(members: Sequence[Member]) -> list[dict[str, str]]:
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
    from crdtnotes.trust.identity import own_identity

    with open_vault(ctx) as vault:
        replica = vault.replica
        silent = {}
        if after is not None:
            before = time.time_ns() // 1_000_000 - after * _DAY_MS
            for member in replica.signatures.awaited():
                contact = replica.members.contacts.of(member.id)
                if contact is None or contact.seen <= before:
                    silent[member.keys.signing] = member.name
        if silent and not yes:
            own_identity()  # raises KeysLocked before anything is asked
            names = ", ".join(map(quoted, silent.values()))
            click.confirm(f"Sign for {names}, which may still come back?", abort=True, err=True)
        signed = replica.forks.resign(list(silent))
        left = replica.signatures.unsigned_count()
        waits = replica.signatures.unsigned_authors()
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
