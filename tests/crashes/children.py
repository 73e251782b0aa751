"""The work of the processes that will be killed: write, serve, follow; each reports what is acknowledged.

They are forked from one parent that has imported everything, so a kill costs milliseconds. A child tells its
parent about each commit only after the call that made the commit has returned.
"""

import asyncio
import hashlib
import os
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

import crdtnotes.markup.blocks  # noqa: F401 - else every child would load it at its first edit
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.peering.join import make_replica
from crdtnotes.store.compaction import packing
from crdtnotes.store.replica import Replica
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.pairing import Joined
from crdtnotes.trust.identity import HOME_VARIABLE, Identity
from crdtnotes.vault import Vault
from tests.store.convergence import ACTIONS, Person

RECORD = struct.Struct("<QQ16s")


class Ack(NamedTuple):
    """A commit that was acknowledged to its caller: the head of the stream after it."""

    actor: int
    seq: int
    hash: bytes


Report = Callable[[Ack], None]
Work = Callable[[Report], None]


@dataclass
class Child:
    """A process that works until it is killed."""

    pid: int
    pipe: int

    @classmethod
    def start(cls, work: Work) -> "Child":
        """Fork a child that does `work`; call it from a process with one thread."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return cls(pid, reading)
        status = 1
        try:
            os.close(reading)
            work(lambda ack: _tell(writing, ack))
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the parent's stack must not run here
            traceback.print_exc(file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)

    def first(self) -> Ack:
        """Wait for the child's first report."""
        data = os.read(self.pipe, RECORD.size)
        if len(data) < RECORD.size:
            raise AssertionError("a child ended before it began")
        return Ack(*RECORD.unpack(data))

    def kill(self) -> list[Ack]:
        """Kill it now; return the acknowledgements that were not read yet."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        data = b""
        while part := os.read(self.pipe, 65536):
            data += part
        os.close(self.pipe)
        if not os.WIFSIGNALED(status):
            raise AssertionError("a child failed by itself; see above")
        return [Ack(*record) for record in RECORD.iter_unpack(data)]


def _tell(pipe: int, ack: Ack) -> None:
    os.write(pipe, RECORD.pack(*ack))  # less than PIPE_BUF, so it is written completely or not at all


HERE = Ack(0, 0, bytes(16))


def writer(path: Path, seed: str, identity: Identity | None = None) -> Work:
    """Open, edit, close and open again, as fast as possible."""

    def work(report: Report) -> None:
        random = Random(seed)
        person = Person(random)
        report(HERE)
        while True:
            with Vault.open(path, identity=identity) as vault:
                for _ in range(random.randint(5, 60)):
                    edit(vault, person)
                    report(head(vault.replica))

    return work


def packer(path: Path, seed: str, identity: Identity | None = None) -> Work:
    """Pack the log of a replica that others write to, again and again."""

    def work(report: Report) -> None:
        random = Random(seed)
        report(HERE)
        while True:
            with Vault.open(path, identity=identity) as vault:
                for _ in range(5):
                    pack(vault, random)

    return work


def steward(path: Path, seed: str, identity: Identity, guests: Sequence[Identity]) -> Work:
    """Add devices, revoke them, and edit meanwhile."""

    def work(report: Report) -> None:
        random = Random(seed)
        person = Person(random)
        report(HERE)
        with Vault.open(path, identity=identity) as vault:
            devices = vault.replica.devices
            while True:
                guest = random.choice(guests)
                if devices.is_member(guest.id):
                    devices.revoke(guest.id)
                else:
                    devices.admit(guest.certificate, "guest")
                report(record_ack(devices.records()[-1]))
                for _ in range(random.randint(0, 3)):
                    edit(vault, person)
                    report(head(vault.replica))

    return work


def record_ack(record: bytes) -> Ack:
    """The acknowledgement of a committed record about a device."""
    return Ack(0, 0, hashlib.sha256(record).digest()[:16])


def joiner(folder: Path, home: Path, joined: Joined) -> Work:
    """Join a vault, again and again, each time with a new replica; report the number of joins."""

    def work(report: Report) -> None:
        os.environ[HOME_VARIABLE] = str(home)
        report(HERE)
        for number in count():
            make_replica(joined, folder / f"{number}.db", "joiner", None)
            report(Ack(0, number + 1, bytes(16)))

    return work


def server(path: Path, seed: str, identity: Identity | None = None) -> Work:
    """Serve peers and edit; the first report is the port, as a seq."""
    return partial(_converse, path, seed, None, identity)


def follower(path: Path, seed: str, port: int, identity: Identity | None = None) -> Work:
    """Follow the server at a port and edit."""
    return partial(_converse, path, seed, port, identity)


def _converse(path: Path, seed: str, port: int | None, identity: Identity | None, report: Report) -> None:
    asyncio.run(_stay(path, Person(Random(seed)), port, identity, report))


async def _stay(
    path: Path, person: Person, port: int | None, identity: Identity | None, report: Report
) -> None:
    opened: list[Vault] = []

    def open_replica() -> Replica:
        opened.append(Vault(Replica(path, identity=None if identity is None else lambda: identity)))
        return opened[0].replica

    def edit_once() -> Ack:
        edit(opened[0], person)
        return head(opened[0].replica)

    async with Node(open_replica, path=path, first_retry=0.001, identity=identity) as node:
        if port is None:
            serve = node.serve if identity is None else node.serve_members
            address = await serve("127.0.0.1", 0)
            report(Ack(0, address.port, bytes(16)))
        else:
            report(HERE)
            following = asyncio.create_task(node.follow(Address("127.0.0.1", port, identity is not None)))
            following.add_done_callback(lambda task: task.exception())
        while True:
            report(await node.run(edit_once))
            await asyncio.sleep(person.random.random() * 0.004)  # leaves time for the sessions


def edit(vault: Vault, person: Person) -> None:
    random = person.random
    if random.random() < 0.1:
        pack(vault, random)
    elif random.random() < 0.1:
        with vault.transaction():
            for _ in range(random.randint(1, 4)):
                person.act(vault, random.choice(ACTIONS))
    elif random.random() < 0.2 and (names := [info.name for info in vault.notes()]):
        session = vault.note(random.choice(names)).open()
        for letter in "键入 words":
            session.commit([Grouped(Patch(len(session.text), 0, letter))])
        session.update_links()
    else:
        person.act(vault, random.choice(ACTIONS))


def pack(vault: Vault, random: Random) -> None:
    """Pack the log, usually in far smaller blocks than normal, so that there are many."""
    if random.random() < 0.1:
        vault.compact()
        return
    vault.replica.flush_snapshots()
    packing.pack(vault.replica, least=random.choice((2, 4, 8)))


def head(replica: Replica) -> Ack:
    replica.refresh()
    head = replica.log.head(replica.actor)
    return Ack(replica.actor, head.seq, head.hash)
