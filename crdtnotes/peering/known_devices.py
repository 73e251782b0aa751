"""The devices of a vault, according to its records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crdtnotes.sync.peers.dialer import KnownAddresses
    from crdtnotes.vault import Vault


PAIRED = (
    "This vault is paired: it is exchanged only with its own devices, encrypted, and not at ws:// addresses."
)
"""Why a vault is not served or synced without encryption."""

NOT_PAIRED = (
    "This vault is not paired; `crdtnotes pair` pairs it with another laptop, and `crdtnotes serve --plain` "
    "serves it to your own programs on this machine."
)
"""Why a vault is not served to its devices."""


class KnownDevices(NamedTuple):
    """The active devices of a paired vault, including this one. Call both functions on the vault's thread."""

    vault: bytes
    names: dict[bytes, str]
    """The names of the devices, by id."""
    remembered: KnownAddresses
    """Returns the addresses at which a device was reached before."""
    named: Callable[[bytes], str]
    """Returns the name of a device, including devices that are paired later."""


def known_devices(vault: Vault) -> KnownDevices | None:
    """Return the devices of a vault, None if it was never paired; call it on the vault's thread."""
    members = vault.replica.members
    if members.root is None:
        return None
    active = members.membership().active.values()
    return KnownDevices(
        members.vault, {one.id: one.name for one in active}, members.contacts.addresses, members.name
    )
