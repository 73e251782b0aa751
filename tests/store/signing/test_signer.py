"""Signed changes: writing in a paired vault, and accepting changes from others."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import Change, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.limits import GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import LocalError, NotSigned
from crdtnotes.store import Replica
from crdtnotes.store.compaction import packing
from crdtnotes.store.upkeep.backup import backup
from crdtnotes.trust.actors import new_actor
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.signatures import sign_head
from crdtnotes.vault import Vault
from tests.sync.circles import about_membership
from tests.sync.wire import Wire, settle
from tests.trust.devices import device


class Device:
    """A device with an open replica of the vault."""

    def __init__(self, folder: Path, name: str, vault: bytes | None = None) -> None:
        self.name = name
        self.path = folder / f"{name}.crdtnotes"
        self.identity = device(folder, name)
        Replica.create(self.path, name, vault).close()
        self.vault = Vault.open(self.path, identity=self.identity)
        self.replica = self.vault.replica

    def pair(self, other: "Device") -> None:
        self.replica.devices.admit(other.identity.certificate, other.name)
        other.replica.devices.adopt(self.replica.members.root or b"", self.replica.devices.records())

    def tell(self, other: "Device") -> None:
        """Give another device all records and changes that it lacks."""
        other.replica.devices.take_records(self.replica.devices.records())
        other.replica.receive(list(self.replica.changes_since(other.replica.version())))

    def write(self, name: str, text: str = "text") -> None:
        self.vault.create_note(name, text)

    def append(self, name: str, text: str) -> None:
        with self.vault.transaction():
            note = self.vault.note(name)
            note.insert(len(note.text), text)

    @property
    def names(self) -> list[str]:
        return [info.name for info in self.vault.notes()]


Make = Callable[..., Device]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Device] = []

    def make(name: str, of: Device | None = None) -> Device:
        made.append(Device(tmp_path, name, None if of is None else of.replica.vault_id))
        return made[-1]

    yield make
    for one in made:
        one.vault.close()


@pytest.fixture
def members(make: Make) -> tuple[Device, Device, Device]:
    """Three paired devices, each with a note of its own."""
    ana = make("ana")
    bo, cem = make("bo", ana), make("cem", ana)
    for other in (bo, cem):
        ana.pair(other)
    ana.tell(bo)
    for one in (ana, bo, cem):
        one.write(f"来自 {one.name}")
    for one, other in ((ana, bo), (bo, ana), (ana, cem), (cem, ana), (cem, bo)):
        one.tell(other)
    return ana, bo, cem


def meet(one: Device, other: Device) -> None:
    wire = Wire(one.replica, other.replica)
    settle(wire)
    assert [end.session.error for end in wire.ends] == [None, None]


def batch_of(change: Change) -> bytes:
    (batch,) = batches([encode(change)])
    return batch


def signed(
    by: Identity, vault: bytes, head: tuple[int, bytes], change: Change, *proofs: tuple[bytes, bytes]
) -> Heads:
    """A device's signature of a stream that ends with `change`; `head` is the head before that change."""
    digest = chain(head[1], encode(change))
    return Heads(
        proofs, ((change.actor, change.seq, sign_head(by, vault, change.actor, change.seq, digest)),)
    )


def next_change(of: Device, actor: int) -> Change:
    """Return a change that another device could forge: the last one of an actor's stream, once more."""
    log = of.replica.log
    entries = [entry.change for entry in log.entries(lambda _: None) if entry.change.actor == actor]
    last = entries[-1]
    return Change(actor, last.seq + 1, log.head(actor).last + 1, (), last.time, last.note, last.ops)


def test_three_members_converge(members: tuple[Device, Device, Device]) -> None:
    ana, bo, cem = members
    assert ana.vault.digest == bo.vault.digest == cem.vault.digest
    assert bo.names == ["来自 ana", "来自 bo", "来自 cem"]
    assert cem.vault.check() == []


def test_changes_without_signatures_are_refused(members: tuple[Device, Device, Device]) -> None:
    ana, bo, _ = members
    ana.write("more")
    items = list(ana.replica.changes_since(bo.replica.version()))
    with pytest.raises(NotSigned):
        bo.replica.receive([item for item in items if isinstance(item, bytes)])
    with pytest.raises(NotSigned):
        bo.vault.apply(next(item for item in items if isinstance(item, bytes)))
    assert "more" not in bo.names
    bo.replica.receive(items)
    assert "more" in bo.names


def test_a_member_cannot_write_as_another_device(members: tuple[Device, Device, Device]) -> None:
    ana, bo, cem = members
    actor = ana.replica.actor
    change = next_change(bo, actor)
    head = bo.replica.heads()[actor]
    for forged in (
        signed(bo.identity, bo.replica.vault_id, head, change),
        Heads((), ((actor, change.seq, bytes(64)),)),
        Heads((), ((bo.replica.actor, change.seq, bytes(64)),)),
    ):
        with pytest.raises(NotSigned, match=f"{actor:016x}"):
            cem.replica.receive([batch_of(change), forged])
    assert cem.replica.heads()[actor] == head
    cem.replica.receive([batch_of(change), signed(ana.identity, ana.replica.vault_id, head, change)])


def test_a_stream_from_before_the_pairing_cannot_be_continued(make: Make) -> None:
    ana = make("ana")
    ana.write("old")
    old = ana.replica.actor
    bo, cem = make("bo", ana), make("cem", ana)
    ana.pair(bo)
    ana.pair(cem)
    ana.write("new")
    assert ana.replica.actor != old
    for other in (bo, cem):
        ana.tell(other)
    change = next_change(bo, old)
    for signer in (bo, ana):
        forged = signed(signer.identity, bo.replica.vault_id, bo.replica.heads()[old], change)
        with pytest.raises(NotSigned):
            cem.replica.receive([batch_of(change), forged])
    assert cem.names == ["new", "old"]


def test_a_signature_is_valid_for_one_vault_only(make: Make, tmp_path: Path) -> None:
    ana = make("ana")
    bo = make("bo", ana)
    ana.pair(bo)
    ana.write("one")
    ana.tell(bo)
    actor, head = ana.replica.actor, bo.replica.heads()[ana.replica.actor]
    change = next_change(bo, actor)
    with pytest.raises(NotSigned):
        bo.replica.receive([batch_of(change), signed(ana.identity, bytes(16), head, change)])
    bo.replica.receive([batch_of(change), signed(ana.identity, bo.replica.vault_id, head, change)])


def test_the_name_of_a_stream_proves_its_owner(members: tuple[Device, Device, Device]) -> None:
    _, bo, cem = members
    author = new_actor(bo.identity.keys.signing, lambda count: bytes(count))
    change = next_change(bo, bo.replica.actor)
    change = Change(
        author.actor, 1, change.start, ((bo.replica.actor, change.seq - 1),), 0, change.note, change.ops
    )
    good = signed(
        bo.identity, bo.replica.vault_id, (0, bytes(16)), change, (author.signing_key, author.nonce)
    )
    stolen = Heads(((cem.identity.keys.signing, author.nonce),), good.heads)
    for heads in (Heads((), good.heads), stolen):
        with pytest.raises(NotSigned):
            cem.replica.receive([batch_of(change), heads])
    assert cem.replica.receive([batch_of(change), good]).changes == 1


def test_a_signature_of_a_non_member_proves_nothing(make: Make) -> None:
    ana = make("ana")
    bo, mallory = make("bo", ana), make("mallory", ana)
    ana.pair(bo)
    # It has the records, as a revoked device does, but no record makes it a member.
    mallory.replica.devices.adopt(ana.replica.members.root or b"", ana.replica.devices.records())
    mallory.write("forged")
    with pytest.raises(NotSigned):
        mallory.tell(bo)
    assert bo.names == []


# -- revoking


def test_later_changes_of_a_revoked_device_are_refused_from_any_sender(
    members: tuple[Device, Device, Device],
) -> None:
    ana, bo, cem = members
    ana.replica.devices.revoke(bo.identity.id)
    bo.write("too late")
    # Cem has not heard of the revocation, and accepts the changes.
    bo.tell(cem)
    with pytest.raises(NotSigned):
        ana.replica.receive(list(cem.replica.changes_since(ana.replica.version())))
    assert "too late" not in ana.names


def test_a_member_with_more_changes_of_a_revoked_device_vouches_for_them(
    members: tuple[Device, Device, Device],
) -> None:
    ana, bo, cem = members
    bo.write("in time")
    bo.tell(cem)
    cem.append("in time", " 补充")
    ana.replica.devices.revoke(bo.identity.id)
    before = len(about_membership(cem.replica.devices.records()))
    ana.tell(cem)
    assert len(about_membership(cem.replica.devices.records())) == before + 2
    bo.write("too late")
    cem.tell(ana)
    assert ana.vault.digest == cem.vault.digest
    assert "in time" in ana.names
    # The further Revoke counts for all members, and only up to the heads that it names.
    with pytest.raises(NotSigned):
        ana.replica.receive(list(bo.replica.changes_since(ana.replica.version())))
    ana.tell(cem)
    assert len(about_membership(cem.replica.devices.records())) == before + 2


def test_earlier_changes_of_a_revoked_device_reach_new_devices(
    members: tuple[Device, Device, Device], make: Make
) -> None:
    ana, bo, _ = members
    bo.write("before")
    bo.tell(ana)
    ana.replica.devices.revoke(bo.identity.id)
    dan = make("dan", ana)
    ana.pair(dan)
    ana.tell(dan)
    assert dan.vault.digest == ana.vault.digest
    assert "before" in dan.names


def test_a_revoked_device_cannot_vouch_for_itself(members: tuple[Device, Device, Device]) -> None:
    ana, bo, cem = members
    bo.write("more")
    bo.replica.devices.revoke(bo.identity.id)
    ana.replica.devices.take_records(bo.replica.devices.records())
    with pytest.raises(NotSigned):
        ana.replica.receive(list(bo.replica.changes_since(ana.replica.version())))
    ana.tell(cem)
    assert ana.vault.digest == cem.vault.digest


def test_a_device_that_is_paired_again_can_write_again(members: tuple[Device, Device, Device]) -> None:
    ana, bo, _ = members
    ana.replica.devices.revoke(bo.identity.id)
    bo.write("meanwhile")
    ana.pair(bo)
    bo.tell(ana)
    assert "meanwhile" in ana.names


def test_a_new_vault_with_the_same_notes(members: tuple[Device, Device, Device], make: Make) -> None:
    ana, bo, _ = members
    vault = ana.replica.vault_id
    ana.replica.devices.begin_anew()
    assert ana.replica.vault_id != vault
    assert not ana.replica.devices.is_member(bo.identity.id)
    assert not ana.replica.devices.is_member(ana.identity.id)
    ana.write("after")
    dan = make("dan", ana)
    ana.pair(dan)
    ana.write("paired")
    ana.tell(dan)
    assert dan.vault.digest == ana.vault.digest
    bo.write("theirs")
    with pytest.raises(NotSigned):
        dan.replica.receive(list(bo.replica.changes_since(dan.replica.version())))


# -- streams


def test_a_copied_file_writes_a_stream_of_its_own(
    members: tuple[Device, Device, Device], tmp_path: Path
) -> None:
    ana, bo, _ = members
    actor = ana.replica.actor
    shutil.copyfile(ana.path, tmp_path / "moved")
    # On another device, with that device's keys.
    with Vault.open(tmp_path / "moved", identity=bo.identity) as copy:
        copy.create_note("copied")
        assert copy.replica.actor != actor
    with Vault.open(tmp_path / "moved", identity=ana.identity) as back:
        back.create_note("back")
        assert back.replica.actor != actor


def test_a_backup_writes_a_stream_of_its_own(members: tuple[Device, Device, Device], tmp_path: Path) -> None:
    ana, bo, _ = members
    backup(ana.replica, tmp_path / "backup")
    with Vault.open(tmp_path / "backup", identity=ana.identity) as copy:
        copy.create_note("restored")
        assert copy.replica.actor != ana.replica.actor
        bo.replica.receive(list(copy.replica.changes_since(bo.replica.version())))
    assert "restored" in bo.names


def test_a_replica_with_changes_that_nobody_can_sign_cannot_join(make: Make) -> None:
    ana = make("ana")
    bo, cem = make("bo", ana), make("cem", ana)
    bo.write("stray")
    ana.pair(cem)
    with pytest.raises(LocalError, match="nobody can sign them"):
        ana.pair(bo)
    assert bo.replica.members.root is None
    bo.write("still writes")


def spread(ana: Device, make: Make, tmp_path: Path) -> Device:
    """A device that got and opened a copy of the file before the first pairing."""
    shutil.copyfile(ana.path, tmp_path / "copied")
    bo = make("bo", ana)
    bo.vault.close()
    shutil.copyfile(tmp_path / "copied", bo.path)
    bo.vault = Vault.open(bo.path, identity=bo.identity)
    bo.replica = bo.vault.replica
    return bo


@pytest.mark.parametrize("went_on", [False, True])
def test_a_file_copied_before_the_pairing_joins_with_its_changes(
    make: Make, tmp_path: Path, went_on: bool
) -> None:
    ana = make("ana")
    for number in range(10):
        ana.write(f"旧 {number}", f"{number} " * (GROUP_BYTES // 6))
    ana.vault.replica.flush_snapshots()
    bo = spread(ana, make, tmp_path)
    if went_on:
        ana.append("旧 1", "更多")
    ana.pair(bo)
    bo.write("joined")
    assert bo.replica.signatures.unsigned_streams() != {}
    assert bo.vault.check() == []
    cem = make("cem", ana)
    bo.pair(cem)
    # It cannot prove who wrote its changes, so it sends none to new devices.
    meet(bo, cem)
    assert cem.names == []
    meet(bo, ana)
    assert bo.replica.signatures.unsigned_streams() == {}
    meet(bo, cem)
    assert ana.vault.digest == bo.vault.digest == cem.vault.digest
    assert sum(isinstance(item, Heads) for item in bo.replica.changes_since({})) >= 3
    for one in (ana, bo, cem):
        assert one.vault.check() == []


def test_changes_made_on_a_copy_before_the_pairing_stay_there(make: Make, tmp_path: Path) -> None:
    ana = make("ana")
    ana.write("old")
    bo = spread(ana, make, tmp_path)
    bo.write("on the copy")
    with pytest.raises(LocalError, match="nobody can sign them"):
        ana.pair(bo)
    assert bo.names == ["old", "on the copy"]


# -- checkpoints


def signatures(one: Device) -> int:
    (count,) = one.replica.conn.execute("SELECT count(*) FROM signatures").fetchone()
    return int(count)


def test_a_stream_that_grows_key_by_key_keeps_few_signatures(members: tuple[Device, Device, Device]) -> None:
    ana, bo, _ = members
    before = signatures(ana)
    ana.write("typed")
    for _ in range(300):
        ana.append("typed", "字")
    assert signatures(ana) == before
    ana.tell(bo)
    assert signatures(bo) == signatures(ana)


def test_a_large_transaction_is_sent_in_groups(members: tuple[Device, Device, Device], make: Make) -> None:
    ana, bo, _ = members
    with ana.vault.transaction():
        for number in range(12):
            ana.write(f"big {number}", f"{number} " * (GROUP_BYTES // 8))
    items = list(ana.replica.changes_since(bo.replica.version()))
    assert sum(isinstance(item, Heads) for item in items) >= 3
    ana.tell(bo)
    dan = make("dan", ana)
    bo.pair(dan)
    bo.tell(dan)
    assert ana.vault.digest == bo.vault.digest == dan.vault.digest


def test_changes_from_before_the_pairing_are_sent_in_groups(make: Make) -> None:
    ana = make("ana")
    for number in range(12):
        ana.write(f"big {number}", f"{number} " * (GROUP_BYTES // 8))
    bo, cem = make("bo", ana), make("cem", ana)
    ana.pair(bo)
    ana.pair(cem)
    items = list(ana.replica.changes_since({}))
    assert sum(isinstance(item, Heads) for item in items) >= 3
    # First half of the changes, then the rest, then all of them on to a third device.
    half = next(index for index, item in enumerate(items) if isinstance(item, Heads)) + 1
    bo.replica.receive(items[:half])
    ana.tell(bo)
    bo.tell(cem)
    assert ana.vault.digest == bo.vault.digest == cem.vault.digest


def test_packed_blocks_are_sent_unchanged_and_signed(
    members: tuple[Device, Device, Device], make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.signing.checkpoints.GROUP_BYTES", 20_000)
    ana, bo, cem = members
    ana.write("typed")
    bo.write("typed too")
    for _ in range(400):
        ana.append("typed", "字")
        bo.append("typed too", "k")
    ana.tell(bo)
    bo.tell(ana)
    for _ in range(400):
        ana.append("typed", "字")
    assert packing.pack(ana.replica) > 500
    sent = sum(len(item) for item in ana.replica.changes_since({}) if isinstance(item, bytes))
    singly = sum(len(data) for _, _, data, _ in ana.replica.log.entries(lambda _: None))
    assert sent < singly / 3
    dan = make("dan", ana)
    ana.pair(dan)
    ana.tell(dan)
    ana.tell(cem)
    dan.tell(bo)
    assert ana.vault.digest == bo.vault.digest == dan.vault.digest
    for one in (ana, dan, cem):
        assert one.vault.check() == []
