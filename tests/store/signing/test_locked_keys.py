"""Writing in a paired vault while a passphrase locks this device's keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.changes.limits import GROUP_BYTES
from crdtnotes.errors import KeysLocked, LocalError
from crdtnotes.store import Replica
from crdtnotes.sync.peers.bundle import apply_bundle, create_bundle
from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault
from tests.sync.wire import Wire, settle
from tests.trust.devices import device


class Laptop:
    """A device with its replica open, whose keys can be locked."""

    def __init__(self, folder: Path, name: str, vault: bytes | None = None) -> None:
        self.path = folder / f"{name}.crdtnotes"
        self.keys = device(folder, name)
        self.locked = False
        Replica.create(self.path, name, vault).close()
        self.open()

    def open(self) -> None:
        self.vault = Vault(Replica(self.path, identity=self.identity))
        self.replica = self.vault.replica

    def identity(self) -> Identity:
        if self.locked:
            raise KeysLocked("locked", self.keys.certificate)
        return self.keys

    def lock(self, *, locked: bool) -> None:
        """Begin a new process in which the keys are locked, or not."""
        self.vault.close()
        self.locked = locked
        self.open()

    def write(self, name: str, text: str = "text") -> None:
        self.vault.create_note(name, text)

    @property
    def names(self) -> set[str]:
        return {info.name for info in self.vault.notes()}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Laptop, Laptop]]:
    ana = Laptop(tmp_path, "ana")
    bo = Laptop(tmp_path, "bo", ana.replica.vault_id)
    ana.write("first")
    ana.replica.devices.admit(bo.keys.certificate, "bo")
    bo.replica.devices.adopt(ana.replica.members.root or b"", ana.replica.devices.records())
    meet(ana, bo)
    yield ana, bo
    ana.vault.close()
    bo.vault.close()


def meet(one: Laptop, other: Laptop) -> None:
    settle(Wire(one.replica, other.replica))


def agree(one: Laptop, other: Laptop) -> None:
    meet(one, other)
    assert one.vault.digest == other.vault.digest
    for laptop in (one, other):
        assert laptop.vault.check() == []
        assert not laptop.replica.signer.checkpoints.is_waiting


def test_notes_can_be_written_and_are_signed_later(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    for number in range(3):
        ana.write(f"locked {number}")
    assert ana.vault.check() == []
    assert ana.replica.signatures.unsigned_own() > 0
    with pytest.raises(KeysLocked):
        ana.replica.signatures.sign_waiting()
    ana.lock(locked=False)
    assert "locked 2" in ana.names
    ana.replica.signatures.sign_waiting()
    assert ana.replica.signatures.unsigned_own() == 0
    agree(ana, bo)
    assert "locked 2" in bo.names


def test_nothing_unsigned_leaves_the_device(pair: tuple[Laptop, Laptop], tmp_path: Path) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    ana.write("locked")
    # Another program of this device, which has the keys, serves the vault at the same time.
    serving = Vault(Replica(ana.path, identity=lambda: ana.keys))
    settle(Wire(serving.replica, bo.replica))
    assert "locked" not in bo.names
    bo.write("from bo")
    settle(Wire(serving.replica, bo.replica))
    assert "from bo" in ana.names
    assert bo.vault.check() == []
    serving.replica.signatures.sign_waiting()
    settle(Wire(serving.replica, bo.replica))
    assert "locked" in bo.names
    serving.close()
    agree(ana, bo)


def test_the_next_change_with_the_keys_signs_them_too(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    ana.write("locked")
    ana.lock(locked=False)
    ana.write("unlocked")
    assert not ana.replica.signer.checkpoints.is_waiting
    agree(ana, bo)
    assert {"locked", "unlocked"} <= bo.names


def test_a_new_stream_can_begin_without_the_keys(pair: tuple[Laptop, Laptop], tmp_path: Path) -> None:
    ana, bo = pair
    ana.vault.close()
    moved = ana.path.rename(tmp_path / "restored.crdtnotes")
    ana.path, ana.locked = moved, True
    ana.open()
    before = ana.replica.actor
    ana.write("locked")
    assert ana.replica.actor != before
    ana.lock(locked=False)
    ana.replica.signatures.sign_waiting()
    agree(ana, bo)
    assert "locked" in bo.names


def test_many_changes_are_signed_in_groups_that_others_accept(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    for number in range(14):
        ana.write(f"long {number}", f"{number} " + "x" * (GROUP_BYTES - 1000))
    ana.lock(locked=False)
    ana.replica.signatures.sign_waiting()
    sizes = [size for (size,) in ana.replica.conn.execute("SELECT bytes FROM cuts")]
    assert max(sizes) < 3 * GROUP_BYTES
    agree(ana, bo)
    assert "long 13" in bo.names


def test_changes_of_others_may_come_in_between(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    serving = Vault(Replica(ana.path, identity=lambda: ana.keys))
    for number in range(3):
        ana.write(f"locked {number}")
        bo.write(f"from bo {number}")
        settle(Wire(serving.replica, bo.replica))
        with ana.vault.transaction():
            note = ana.vault.note(f"from bo {number}")
            note.insert(0, "ana ")
    serving.replica.signatures.sign_waiting()
    settle(Wire(serving.replica, bo.replica))
    serving.close()
    agree(ana, bo)
    assert "locked 2" in bo.names


def test_repair_leaves_them_unsigned_while_the_keys_are_locked(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    ana.write("locked")
    ana.replica.signatures.mend()
    assert ana.replica.signatures.unsigned_own() > 0
    assert ana.vault.check() == []
    ana.lock(locked=False)
    ana.replica.signatures.sign_waiting()
    agree(ana, bo)


def test_a_bundle_signs_them_first(pair: tuple[Laptop, Laptop], tmp_path: Path) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    ana.write("locked")
    members = ana.replica.members.membership().members
    with pytest.raises(LocalError):
        create_bundle(ana.replica, ana.keys, tmp_path / "one", [members[bo.keys.id]], {})
    ana.lock(locked=False)
    create_bundle(ana.replica, ana.keys, tmp_path / "two", [members[bo.keys.id]], bo.replica.version())
    apply_bundle(bo.replica, bo.keys, tmp_path / "two")
    assert "locked" in bo.names


def test_nobody_is_admitted_or_revoked_without_the_keys(pair: tuple[Laptop, Laptop]) -> None:
    ana, bo = pair
    ana.lock(locked=True)
    with pytest.raises(KeysLocked):
        ana.replica.devices.revoke(bo.keys.id)
    assert ana.replica.devices.is_member(bo.keys.id)
    ana.write("goes on")
