"""The devices of a vault as people see them: who belongs to it, what each may do, and how to end that.

Call every function on the vault's thread. Those that change something need this device's keys: they raise
KeysLocked while a passphrase locks these, and change nothing then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.trust.device_id import short
from crdtnotes.trust.roles import Role

if TYPE_CHECKING:
    from collections.abc import Collection

    from crdtnotes.trust.member_log import Event
    from crdtnotes.trust.membership import Member
    from crdtnotes.vault import Vault


class Device(NamedTuple):
    """A device of a vault: its id, its name, and its role, which a revoked device keeps.

    `own` is True for this device. `seen` is when it was last connected, in ms since 1970, and `lacks` how
    many of the current changes it lacked then; both are None if it never was, and `lacks` if it is revoked.
    `added_by` and `revoked_by` are ids.
    """

    id: bytes
    name: str
    role: Role
    active: bool
    own: bool
    seen: int | None
    lacks: int | None
    addresses: tuple[str, ...]
    added_by: bytes
    revoked_by: bytes | None


class LogLine(NamedTuple):
    """One thing that a device did to another, or to itself: `by` and `device` are names, with their ids.

    `time` is the wall time in ms that the signer claims, None if it claims none. `did` says it in a few
    words, such as `added as reader, without effect`; `event`, `role` and `counts` say the same to a program.
    """

    time: int | None
    by: str
    by_id: bytes
    did: str
    device: str
    device_id: bytes
    event: str
    role: Role | None
    counts: bool


class Revoked(NamedTuple):
    """The devices that were revoked, those that these had added and that stay, and whom they had revoked.

    `to_pair` are names of devices that a stolen device had revoked: they have to be paired again.
    """

    revoked: list[Device]
    stay: list[Device]
    to_pair: list[str]


class Resigned(NamedTuple):
    """How many changes were signed, how many still wait, and the names of the devices they wait for."""

    signed: int
    waiting: int
    waits_for: list[str]


def list_devices(vault: Vault) -> list[Device]:
    """Return the devices of a vault, also the revoked ones; none if it was never paired.

    Raises BadIdentity if this device's keys are damaged; they may be locked.
    """
    return [_device(vault, member) for member in vault.replica.members.membership().members.values()]


def _device(vault: Vault, member: Member) -> Device:
    from crdtnotes.crdt.version import count_missing

    replica = vault.replica
    contact = replica.members.contacts.of(member.id)
    lacks = None
    if contact is not None and member.active:
        lacks = count_missing(replica.version(), contact.version)
    return Device(
        member.id,
        member.name,
        member.role,
        member.active,
        member.id == replica.signer.own_id,
        None if contact is None else contact.seen,
        lacks,
        tuple(replica.members.contacts.addresses(member.id)),
        member.added_by,
        member.revoked_by,
    )


def device_log(vault: Vault) -> list[LogLine]:
    """Return who added, revoked or named whom, each line after those that it follows from."""
    name = vault.replica.members.name
    return [
        LogLine(
            event.time,
            name(event.by),
            event.by,
            _did(event),
            event.name,
            event.device,
            event.kind,
            event.role,
            event.counts,
        )
        for event in vault.replica.devices.log()
    ]


def _did(event: Event) -> str:
    from crdtnotes.trust.member_log import ADDED, SET_ROLE

    did = event.kind
    if event.role is not None and event.kind == SET_ROLE:
        did = f"made {event.role.word}"
    elif event.role is not None and event.kind == ADDED and event.role is not Role.OWNER:
        did = f"added as {event.role.word}"
    return did if event.counts else f"{did}, without effect"


def set_role(vault: Vault, device: bytes, role: Role) -> None:
    """Give a device another role; what it has written stays.

    Raises NotPaired if it or this device does not belong to the vault, NotPermitted if this device may not.
    """
    vault.replica.devices.set_role(device, role)


def added_by(vault: Vault, device: bytes) -> list[Device]:
    """Return the active devices that belong to the vault only through a device, by name.

    It has added them itself, or through others that it added.
    """
    found = vault.replica.devices.let_in_by(device)
    return [_device(vault, one) for one in sorted(found, key=lambda one: (one.name, one.id))]


def revoke_device(
    vault: Vault, device: bytes, also: Collection[bytes] = (), *, stolen: bool = False
) -> Revoked:
    """Remove a device from the vault, and the devices `also`; what they have written here stays.

    If it was `stolen`, every device that belongs only because it added it goes too. Raises NotPaired if it or
    this device does not belong to the vault, or if this one would go too, and NotPermitted if this device is
    no owner.
    """
    replica = vault.replica
    known = {one.id: one for one in list_devices(vault)}
    added = added_by(vault, device)
    gone = [one for one in added if stolen or one.id in also]
    replica.devices.revoke(device, [one.id for one in gone], keep_added=not stolen)
    active = replica.members.membership().active
    stay = [one for one in added if one.id in active]
    undone: dict[bytes, str] = {}
    for event in replica.devices.log() if stolen else ():
        if event.kind == "revoked" and event.by == device and event.device not in {device, *active}:
            undone[event.device] = event.name
    # What was added by a stolen device is not among the members any more.
    revoked = [known[one]._replace(active=False, lacks=None) for one in (device, *(one.id for one in gone))]
    return Revoked(revoked, stay, list(undone.values()))


def devices_awaited(vault: Vault, before: int | None = None) -> list[Device]:
    """Return the active devices whose signatures are missing here.

    With `before`, only those that were not connected since that time, in ms since 1970.
    """
    found = [_device(vault, member) for member in vault.replica.signatures.awaited()]
    return [one for one in found if before is None or one.seen is None or one.seen <= before]


def changes_awaited(vault: Vault) -> Resigned:
    """Return what waits for signatures of other devices, without signing anything."""
    signatures = vault.replica.signatures
    return Resigned(0, signatures.unsigned_count(), signatures.unsigned_authors())


def resign_changes(vault: Vault, silent: Collection[bytes] = ()) -> Resigned:
    """Sign the changes of devices that cannot sign them any more as changes of this device.

    `silent` are ids of active devices for which to sign as well. If one of them comes back, what it had
    written may appear twice. Raises NotPermitted if this device may only read, NotPaired if it does not
    belong to the vault, and Fork if they are too many.
    """
    members = vault.replica.members.membership().members
    signed = vault.replica.forks.resign([members[id].keys.signing for id in silent if id in members])
    return changes_awaited(vault)._replace(signed=signed)


def short_id(device: bytes) -> str:
    """Return the beginning of a device's id, as lists show it."""
    return short(device)
