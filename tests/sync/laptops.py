"""Laptops with keys of their own and replicas of one vault, paired on disk; and what a stranger does to
them.
"""

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from crdtnotes.store import Replica
from crdtnotes.store import local_state as memory
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.tls import dialling_context
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.sync.wire import Wire, settle


class Laptop:
    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.home = folder / name
        self.path = self.home / "vault.crdtnotes"
        self.identity: Identity = own_identity(self.home)
        self.statuses: list[PeerStatus] = []
        self.replica: Replica | None = None
        self.changed = asyncio.Event()

    def write(self, note: str, text: str = "text") -> None:
        with Vault.open(self.path, identity=self.identity) as vault:
            vault.create_note(note, text)

    def names(self) -> list[str]:
        with Vault.open(self.path) as vault:
            return [info.name for info in vault.notes()]

    def revoke(self, other: "Laptop") -> None:
        replica = self.open()
        replica.devices.revoke(other.identity.id)
        replica.close()

    def add(self, other: "Laptop", role: Role | None = None) -> None:
        """Pair with another laptop, with the result of `pair` and `join`."""
        mine = self.open()
        mine.devices.admit(other.identity.certificate, other.name, role)
        records, root, vault = mine.members.records(), mine.members.root, mine.vault_id
        mine.close()
        if not other.path.exists():
            Replica.create(other.path, other.name, vault).close()
        theirs = other.open()
        theirs.devices.adopt(root or b"", records)
        theirs.close()

    def open(self) -> Replica:
        return Replica(self.path, identity=lambda: self.identity)

    def _open(self) -> Replica:
        self.replica = self.open()
        return self.replica

    def _report(self, status: PeerStatus) -> None:
        self.statuses.append(status)
        self.changed.set()

    @contextlib.asynccontextmanager
    async def node(self) -> AsyncIterator[Node]:
        node = Node(
            self._open,
            path=self.path,
            identity=self.identity,
            report=self._report,
            random=lambda: 0.5,
            first_retry=0.02,
        )
        async with node:
            yield node

    async def until(self, *wanted: str) -> None:
        """Wait until this laptop has these notes."""
        while not set(wanted) <= set(await asyncio.to_thread(self.names)):
            await asyncio.sleep(0.02)


def founder(folder: Path, name: str = "ana") -> Laptop:
    laptop = Laptop(folder, name)
    Replica.create(laptop.path, name).close()
    return laptop


def pair(folder: Path) -> tuple[Laptop, Laptop]:
    """Two paired laptops, each with a note of its own."""
    ana, bo = founder(folder), Laptop(folder, "bo")
    ana.add(bo)
    ana.write("from ana")
    bo.write("from bo")
    return ana, bo


def forked(folder: Path) -> tuple[Laptop, Laptop]:
    """Ana, with one branch of bo's stream, and a copy of bo's laptop, which has written another branch."""
    ana, bo = pair(folder)
    two = copied(bo, folder)
    for one, note in ((bo, "one"), (two, "two")):
        one.write(note)
    replica, theirs = ana.open(), bo.open()
    settle(Wire(replica, theirs))
    replica.close()
    theirs.close()
    return ana, two


def copied(laptop: Laptop, folder: Path) -> Laptop:
    """A copy of a laptop with its keys and the state that it remembers outside the file."""
    home = folder / f"{laptop.name} two"
    shutil.copytree(laptop.home, home)
    copy = Laptop(folder, home.name)
    remembered = memory.recall(laptop.path)
    assert remembered is not None
    memory.remember(copy.path, remembered)
    return copy


def context_of(identity: Identity, server: Identity) -> ssl.SSLContext:
    return dialling_context(identity, [server.certificate])


async def knock(address: Address, context: ssl.SSLContext | None, say: bytes) -> bytes:
    """Connect, send something and return every byte that comes back, over TLS if there is a context."""
    try:
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except (ssl.SSLError, ConnectionError):
        return b""
    try:
        writer.write(say)
        await writer.drain()
        return await reader.read(-1)
    except (ssl.SSLError, ConnectionError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
