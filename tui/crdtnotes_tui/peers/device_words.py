"""The devices of a vault in words: lines for a list, for the log, and for what became of a revocation."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from crdtnotes.graph.labels import printable
from crdtnotes.peering.codes import Role
from crdtnotes.peering.devices import Device, LogLine, Resigned, Revoked, short_id
from crdtnotes.terminal.text import counted
from crdtnotes.terminal.times import local_time

MAY = {
    Role.OWNER: "may also add and revoke devices",
    Role.WRITER: "may read and write",
    Role.READER: "may only read",
}
"""What a device with each role may do."""


class DeviceLine(NamedTuple):
    """A device in two lines: its name, its role and state; and below, where it comes from."""

    name: str
    role: str
    state: str
    below: str


def in_order(devices: Iterable[Device]) -> list[Device]:
    """Return the devices in the order of a list: this one, the others by name, then the revoked ones."""
    return sorted(devices, key=lambda one: (not one.active, not one.own, one.name.casefold(), one.id))


def device_lines(devices: Sequence[Device], is_connected: Callable[[bytes], bool]) -> list[DeviceLine]:
    """Return the lines for devices; `is_connected` tells whether one is connected now."""
    names = {one.id: one.name for one in devices}
    return [_line(one, names, is_connected(one.id)) for one in devices]


def _line(device: Device, names: dict[bytes, str], connected: bool) -> DeviceLine:
    if device.added_by == device.id:
        origin = "began the vault"
    else:
        origin = f"added by {printable(names.get(device.added_by, short_id(device.added_by)))}"
    return DeviceLine(
        printable(device.name),
        device.role.word,
        _state(device, names, connected),
        f"{origin}, id {short_id(device.id)}",
    )


def _state(device: Device, names: dict[bytes, str], connected: bool) -> str:
    if not device.active:
        by = device.revoked_by or b""
        return f"revoked by {printable(names[by])}" if by in names else "revoked"
    if device.own:
        return "this device"
    if connected:
        return "connected"
    if device.seen is None:
        return "never connected here"
    lacks = f", lacks {counted(device.lacks, 'change')}" if device.lacks else ""
    return f"last seen {local_time(device.seen)}{lacks}"


def log_lines(log: Iterable[LogLine]) -> list[str]:
    """Return a line for each thing that a device did to another."""
    return [_log_line(one) for one in log]


def _log_line(line: LogLine) -> str:
    time = "unknown time" if line.time is None else local_time(line.time)
    whom = "" if line.device_id == line.by_id else f" → {line.device} ({short_id(line.device_id)})"
    return printable(f"{time}  {line.by} ({short_id(line.by_id)}){whom}: {line.did}")


def revoked_in_words(done: Revoked) -> str:
    """Return sentences that say who was revoked, who stays, and who has to be paired again."""
    first = done.revoked[0].name
    said = [f"Revoked {_names(done.revoked)}."]
    if done.stay:
        verb = "stays" if len(done.stay) == 1 else "stay"
        said.append(f'"{first}" had added {_names(done.stay)}, which {verb}.')
    said += [f'"{first}" had revoked "{name}"; pair it again.' for name in done.to_pair]
    return printable(" ".join(said))


def resigned_in_words(done: Resigned) -> str:
    """Return sentences that say what was signed and what still waits."""
    said = [f"Signed {counted(done.signed, 'change')}." if done.signed else "There is nothing to sign."]
    if done.waiting:
        names = ", ".join(f'"{name}"' for name in done.waits_for)
        said.append(f"{counted(done.waiting, 'change')} still {_verb(done.waiting)} for {names}.")
    return printable(" ".join(said))


def _verb(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _names(devices: Iterable[Device]) -> str:
    return ", ".join(f'"{one.name}"' for one in devices)
