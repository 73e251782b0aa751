"""What `pair` and `join` do, once everything that they need is loaded."""

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from crdtnotes.cli.dialling import OwnReplica, count_notes, fetching, refuse_existing
from crdtnotes.cli.output import quoted
from crdtnotes.errors import CrdtnotesError, PairingFailed, Unreachable, VaultExists
from crdtnotes.progress import Progress
from crdtnotes.store import Replica
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.conversation import PeerStatus
from crdtnotes.sync.peers.discovery import PAIRING, Discovery
from crdtnotes.sync.peers.network_watch import best_address
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.pairing import Joined, NewDevice, PairingServer, addresses_of, join
from crdtnotes.trust.code import Code, new_code, new_qr_code
from crdtnotes.trust.device_id import shown
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.pairing import PairingHost, PairingJoiner, Welcome

SYNC_SECONDS = 60.0
"""How long `pair` waits for the new device to begin its first sync."""

_LOOK_SECONDS = 0.05

Ask = Callable[[str, bytes], Awaitable[bool]]
Show = Callable[[Code, Code], None]


class PairingTable:
    """One run of `pair`: the replica, the code, and the new device."""

    def __init__(self, path: Path, ask: Ask, show: Show) -> None:
        """`show` is given the code of words and that for a QR code, which holds the address."""
        self._own = OwnReplica(path)
        self._path = path
        self._ask = ask
        self._show = show
        self._identity = own_identity()
        self._in_step = asyncio.Event()
        self._new: set[bytes] = set()
        self._port = 0

    async def run(self) -> NewDevice:
        """Show a code, wait for the device, and stay until it has everything."""
        async with Node(
            self._own.open, path=self._path, report=self._notice, identity=self._identity
        ) as node:
            self._port = (await node.serve_members("")).port
            device = await self._pair(node)
            await self._see_it_through(node, device)
            while node.connected(device.id):
                await asyncio.sleep(_LOOK_SECONDS)
            return device

    async def _see_it_through(self, node: Node, device: NewDevice) -> None:
        """Wait for the first sync, as long as the device is there or may still come."""
        clock = asyncio.get_running_loop().time
        patience = clock() + SYNC_SECONDS
        while not self._in_step.is_set():
            if node.connected(device.id):
                patience = clock() + SYNC_SECONDS
            elif clock() > patience:
                raise Unreachable(
                    f"{quoted(device.name)} is paired, but has not fetched the notes yet; leave "
                    "`crdtnotes serve` running here."
                )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _pair(self, node: Node) -> NewDevice:
        replica = self._own.replica
        words = new_code(secrets.token_bytes)
        codes = [words]

        def make() -> PairingHost:
            return PairingHost(codes, self._identity, replica.device, replica.vault_id, secrets.token_bytes)

        async def admit(name: str, certificate: bytes) -> Welcome:
            def add() -> Welcome:
                replica.devices.admit(certificate, name)
                root = replica.members.root or b""
                return Welcome(replica.vault_id, root, tuple(replica.devices.records()), self._port)

            welcome = await node.run(add)
            await node.refresh()
            self._new.update(node.members)
            return welcome

        host = PairingServer(make, self._ask, admit)
        async with host.listening(self._identity) as port, Discovery() as discovery:
            address = Address(best_address(), port, secure=True).place
            scanned = new_qr_code(words.number, address, self._identity.id, secrets.token_bytes)
            codes.append(scanned)
            self._show(words, scanned)
            number = f"{words.number:04}"
            await discovery.announce(PAIRING, f"{number}-{port}", port, {"number": number})
            return await host.paired()

    def _notice(self, status: PeerStatus) -> None:
        if status.id in self._new and status.caught_up:
            self._in_step.set()


async def join_vault(
    code: Code,
    address: Address | None,
    path: Path,
    device: str,
    progress: Progress,
    tell: Callable[[str], None],
) -> tuple[Joined, int | None]:
    """Pair with the device that shows `code` and make a replica of its vault at `path`.

    `tell` is given sentences about what is waited for; `progress` counts the changes that have come. Returns
    what was joined, and how many notes came; None if the first sync did not get through: the replica is there
    and paired, and any later sync fills it.
    """
    identity = own_identity()
    vault = vault_at(path)
    if address is None and code.address:
        address = Address.typed(code.address)

    def make(certificate: bytes) -> PairingJoiner:
        return PairingJoiner(code, identity, device, certificate, secrets.token_bytes, vault)

    async def store(joined: Joined) -> None:
        await asyncio.to_thread(make_replica, joined, path, device, vault)

    def asked(host: str) -> None:
        tell(f"{quoted(host)} asks whether it is you: answer yes there. This device is {shown(identity.id)}")

    if address is None:
        tell("Looking for the laptop in the local network.")
        async with Discovery() as discovery:
            places = await addresses_of(code, discovery)
    else:
        places = [address]
    joined = await join(code, places, make, store, asked)
    try:
        await _first_sync(joined, identity, path, progress)
    except CrdtnotesError:
        return joined, None
    except asyncio.CancelledError:
        tell("This device is paired, but not all notes are here: `crdtnotes sync --once` fetches the rest.")
        raise
    return joined, count_notes(path)


async def _first_sync(joined: Joined, identity: Identity, path: Path, progress: Progress) -> None:
    own = OwnReplica(path)
    async with Node(
        own.open,
        path=path,
        identity=identity,
        report=fetching(progress),
    ) as node:
        where = Address(joined.place, joined.welcome.port, secure=True)
        summary = await node.sync_once(where, [joined.host])
        await own.remember(node, summary.device, where)


def vault_at(path: Path) -> bytes | None:
    """Return the id of the vault at `path` if it has anything in it, None if nothing is there.

    A vault in which nothing was ever written gives way.
    """
    if not os.path.lexists(path):
        return None
    replica = Replica(path)
    try:
        return replica.vault_id if replica.version() or replica.members.root else None
    finally:
        replica.close()


def make_replica(joined: Joined, path: Path, device: str, vault: bytes | None) -> None:
    """Make the replica of the vault that was joined, or take the records into the one that is there.

    `vault` is the id of the one that is there, None for nothing or an empty one. Raises VaultExists,
    PairingFailed or a StoreError.
    """
    welcome = joined.welcome
    if vault is None and vault_at(path) is None:
        path.unlink(missing_ok=True)
    if vault is None:
        refuse_existing(path)
        Replica.create(path, device, welcome.vault).close()
    elif vault != welcome.vault:
        raise VaultExists(f"There is another vault at {path}; choose another path with --vault.")
    replica = Replica(path)
    try:
        replica.devices.adopt(welcome.root, list(welcome.records))
        if not replica.devices.is_member(own_identity().id):
            raise PairingFailed("The other device sent no record that admits this device.")
    finally:
        replica.close()


async def ask_on_terminal(question: str) -> bool:
    """Ask a yes-or-no question on the terminal without holding up what goes on meanwhile."""
    _forget_what_was_typed()
    print(f"{question} [y/N] ", end="", flush=True, file=sys.stderr)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not answer.done():
            answer.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except NotImplementedError:
        # Windows has no readiness for consoles.
        return _is_yes(await asyncio.to_thread(sys.stdin.readline))
    try:
        return _is_yes(await answer)
    except asyncio.CancelledError:
        # Nobody waits for the answer any more; what is said next begins on a line of its own.
        print(file=sys.stderr)
        raise
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _forget_what_was_typed() -> None:
    """Let no answer to an earlier question count for the next one."""
    if sys.stdin.isatty() and sys.platform != "win32":
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes", "是", "好")


def qr_lines(text: str) -> Iterable[str]:
    """Return the lines of a QR code, two modules a line."""
    import io

    import segno

    out = io.StringIO()
    segno.make(text, error="l").terminal(out, compact=True)
    return out.getvalue().splitlines()
