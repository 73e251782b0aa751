"""What sessions rely on, held by the replica in a file and by the one in memory that other tests use."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from crdtnotes.crdt.version import covers
from crdtnotes.errors import DecodeError, MissingChanges
from crdtnotes.store.replica import Replica as FileReplica
from crdtnotes.sync.session.ports import SyncStore
from crdtnotes.vault import Vault
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.wire import Wire, settle

Made = tuple[SyncStore, Callable[[], None]]
Maker = Callable[[], Made]


@pytest.fixture(params=["memory", "file"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """Return a function that makes a replica and a function that commits one change to it."""
    numbers = count(1)

    def in_memory() -> Made:
        replica = FakeReplica(next(numbers))
        return replica, replica.write

    def in_a_file() -> Made:
        number = next(numbers)
        replica = FileReplica.create(tmp_path / f"{number}", f"device {number}", VAULT)
        request.addfinalizer(replica.close)
        vault = Vault(replica)
        titles = count(1)

        def write() -> None:
            vault.create_note(f"{number}/{next(titles)}", "text")

        return replica, write

    return in_memory if request.param == "memory" else in_a_file


def pair(make: Maker, changes: int) -> tuple[SyncStore, SyncStore, Callable[[], None]]:
    """A replica with changes, an empty one, and what commits to the first."""
    (full, write), (empty, _) = make(), make()
    for _ in range(changes):
        write()
    return full, empty, write


def test_all_changes_go_over_at_once(make: Maker) -> None:
    full, empty, _ = pair(make, 5)
    received = empty.receive(list(full.changes_since({})))
    assert received.changes == 5
    assert received.version == full.version() == empty.version()
    assert empty.heads() == full.heads()


def test_what_is_known_is_counted_as_covered_and_not_as_new(make: Maker) -> None:
    full, empty, _ = pair(make, 5)
    batches = list(full.changes_since({}))
    empty.receive(batches)
    again = empty.receive(batches)
    assert again.changes == 0
    assert again.version == full.version()


def test_only_what_the_batches_hold_is_covered(make: Maker) -> None:
    full, empty, write = pair(make, 2)
    early = list(full.changes_since({}))
    before = full.version()
    write()
    empty.receive(list(full.changes_since({})))
    assert empty.receive(early).version == before


def test_what_is_committed_while_reading_is_left_out(make: Maker) -> None:
    full, empty, write = pair(make, 5)
    before = full.version()
    batches = full.changes_since({})
    write()
    assert empty.receive(list(batches)).version == before


def test_a_version_may_name_what_is_unknown(make: Maker) -> None:
    full, _, _ = pair(make, 2)
    version = {actor: seq + 10 for actor, seq in full.version().items()}
    assert list(full.changes_since({**version, 4711: 5})) == []


def test_hashes_are_known_along_the_stream(make: Maker) -> None:
    full, empty, _ = pair(make, 3)
    empty.receive(list(full.changes_since({})))
    ((actor, (seq, digest)),) = full.heads().items()
    assert seq == 3
    assert len(digest) == 16
    hashes = [full.forks.hash_at(actor, number) for number in (1, 2, 3)]
    assert hashes[-1] == digest
    assert len(set(hashes)) == 3
    assert hashes == [empty.forks.hash_at(actor, number) for number in (1, 2, 3)]
    assert full.forks.hash_at(actor, 4) is None
    assert full.forks.hash_at(4711, 1) is None


def test_nothing_is_kept_of_what_fails(make: Maker) -> None:
    full, empty, write = pair(make, 1)
    first = list(full.changes_since({}))
    version = full.version()
    write()
    write()
    with pytest.raises(DecodeError):
        empty.receive([*first, b"nonsense"])
    assert empty.version() == {}
    with pytest.raises(MissingChanges):
        empty.receive(list(full.changes_since(version)))
    assert empty.version() == {}


def test_sessions_bring_three_replicas_to_the_same_version(make: Maker) -> None:
    (a, write_a), (b, write_b), (c, write_c) = make(), make(), make()
    for _ in range(20):
        write_a()
        write_c()
    write_b()
    left, right = Wire(a, b), Wire(b, c)
    settle(left, right)
    assert a.heads() == b.heads() == c.heads()
    assert covers(a.version(), c.version())
    assert len(a.version()) == 3
