"""Valid bytes to mutate: messages between two replicas of a vault, and the data in their files."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from crdtnotes.changes import block, messages, snapshot
from crdtnotes.changes.batch import Form, Packed, changes_in
from crdtnotes.changes.codec import decode
from crdtnotes.changes.compression import compress
from crdtnotes.sync.session.branches import branch
from crdtnotes.sync.session.session import Session
from crdtnotes.vault import Vault
from tests.store.convergence import ACTIONS, Person
from tests.vaults import batch, changes, fast, send

HOSTILE = [
    b"",
    b"\x91" * 60_000,  # arrays in arrays in arrays
    b"\x81\xa0" * 30_000,  # maps in maps
    b"\xdd\xff\xff\xff\xff",  # an array of 2**32 - 1
    b"\xdf\xff\xff\xff\xff",  # a map
    b"\xc6\xff\xff\xff\xff",  # bytes
    b"\xdb\xff\xff\xff\xff",  # text
    b"\xc9\xff\xff\xff\xff\x01",  # an extension
    b"\x93\x03\xce\xff\xff\xff\xff\xc6\xff\xff\xff\xff",  # Changes that declare 4 GiB
    b"\x92\x01\xdd\xff\xff\xff\xff",  # a batch that declares 4 GiB
    b"\x99\x01\xdd\xff\xff\xff\xff" * 9,
]
"""Short inputs that declare huge sizes."""


@dataclass(frozen=True)
class Corpus:
    """The input to mutate. `greeting` is the peer's Hello and Ack; `frames` are its messages after them."""

    path: Path
    """A replica that does not have the peer's last changes."""
    greeting: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    changes: tuple[bytes, ...]
    """The changes in the frames, and some that the replica already has."""
    new: tuple[bytes, ...]
    """The changes that the replica does not have, in causal order."""
    blocks: tuple[bytes, ...]
    """Runs of new changes as uncompressed blocks; `places` gives the number of `new` before each block."""
    places: tuple[int, ...]
    snapshots: tuple[tuple[bytes, str], ...]


def build(folder: Path, seed: int) -> Corpus:
    """Make two replicas that have synced, and let one of them continue to write."""
    random = Random(seed)
    person = Person(random)
    with (
        Vault.create(folder / "here.db", "here") as here,
        Vault.create(folder / "peer.db", "peer", here.id) as peer,
    ):
        fast(here), fast(peer)
        for vault in (here, peer, here, peer):
            for _ in range(6):
                person.act(vault, random.choice(ACTIONS))
            send(here, peer)
            send(peer, here)
        for _ in range(30):
            person.act(peer, random.choice(ACTIONS))
        before = changes(here)[-8:]
        new = changes(peer, here.version)
        places, blocks = _blocks(new, random)
        session = Session(peer.replica)
        session.start()
        other = Session(here.replica)
        other.start()
        hello = session.data_to_send()
        session.receive(other.data_to_send())
        frames = [
            *session.data_to_send(),
            messages.encode(messages.pack(batch(*new))),
            messages.encode(messages.pack(batch(*new[:3]))),
            messages.encode(messages.pack(batch(new[0]))),
            messages.encode(messages.ack(0, {})),
            messages.encode(messages.ack(3, {1: 5, 77: 2**53 - 1})),
            messages.encode(messages.pack(batch(*(packed(Form.BLOCK, data) for data in blocks)))),
            messages.encode(messages.pack(batch(packed(Form.CHANGE, new[0])))),
            messages.encode(branch(peer.replica, peer.replica.actor, 0, 3)),
            messages.encode(messages.bye(messages.Reason.DONE, "Both sides have what the other had.")),
            *hello,
        ]
        snapshots = []
        for info in peer.notes():
            doc = peer.replica.documents.open(bytes.fromhex(peer.note(info.name).id))
            if doc is not None:
                snapshots.append((snapshot.dump(doc.state), str(doc.state.text)))
        greeting = (*hello, messages.encode(messages.ack(0, {})))
        batches = [data for frame in frames for data in _changes(frame)]
    return Corpus(
        folder / "here.db",
        greeting,
        tuple(frames),
        (*before, *batches),
        tuple(new),
        blocks,
        places,
        tuple(snapshots),
    )


def packed(form: int, data: bytes) -> Packed:
    """A compressed piece of a batch."""
    return Packed(form, len(data), compress(data))


def _blocks(new: list[bytes], random: Random) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
    """Split the changes into runs of one stream each; return where each run begins, and its block."""
    opened = [decode(data) for data in new]
    starts = [0]
    for at in range(1, len(opened)):
        follows = opened[at].actor == opened[at - 1].actor
        if not follows or not block.packable(opened[at]) or at - starts[-1] > random.randint(1, 8):
            starts.append(at)
    runs = [opened[at:end] for at, end in pairwise([*starts, len(opened)])]
    return tuple(starts), tuple(block.pack(run) for run in runs)


def _changes(frame: bytes) -> tuple[bytes, ...]:
    message = messages.decode(frame)
    return tuple(changes_in(messages.unpack(message))) if isinstance(message, messages.Changes) else ()
