"""Devices with keys of their own in one process, which meet on this machine only."""

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
    """What a service told, as words."""

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
    """A service on a laptop's vault, as a program of its own would run it."""
    listener = None if heard is None else heard.listener
    async with (
        OpenVault(laptop.path, laptop.identity) as vault,
        PeerService(vault, listener, ways=ways(laptop), listens=listens) as service,
    ):
        yield service


def remember(laptop: Laptop, other: Laptop, address: Address) -> None:
    """Let a laptop know where it reached another one."""
    replica = laptop.open()
    replica.devices.note_contact(other.identity.id, str(address), {})
    replica.close()
