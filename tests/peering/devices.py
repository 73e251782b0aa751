"""Devices with keys of their own in one process, which connect only on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crdtnotes.peering.listener import Listener
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.peering.service import PeerService, Ways
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.status import PeerStatus
from tests.sync.laptops import Laptop


def ways(laptop: Laptop) -> Ways:
    return Ways(lambda: laptop.identity, "127.0.0.1", 0, discover=False)


class Heard:
    """Records a service's notifications as strings."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.statuses: list[PeerStatus] = []
        self.listener = Listener(
            status=self.statuses.append,
            in_sync=lambda status: self.words.append(f"{status.device} in sync"),
            left=lambda status: self.words.append(f"{status.device} left"),
            serving=lambda address: self.words.append(f"at {str(address).partition(':')[0]}"),
            refused=lambda _, error: self.words.append(type(error).__name__),
        )


@asynccontextmanager
async def served(
    laptop: Laptop, heard: Heard | None = None, *, listens: bool = True
) -> AsyncIterator[PeerService]:
    """Run a service on a laptop's vault, as a separate program would."""
    listener = None if heard is None else heard.listener
    async with (
        OpenVault(laptop.path, laptop.identity) as vault,
        PeerService(vault, listener, ways=ways(laptop), listens=listens) as service,
    ):
        yield service


def remember(laptop: Laptop, other: Laptop, address: Address) -> None:
    """Store an address at which one laptop reached another."""
    replica = laptop.open()
    replica.devices.note_contact(other.identity.id, str(address), {})
    replica.close()
