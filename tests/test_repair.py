"""A damaged replica file: reads give correct data or fail, and repair restores the vault."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.errors import Busy, CrdtnotesError, Damaged, StoreError, Unreachable, WrongVault
from crdtnotes.repair import repair
from crdtnotes.store import local_state
from crdtnotes.store.forks.winners import forks_in
from crdtnotes.store.upkeep import salvage
from crdtnotes.vault import Vault
from tests.damage import PAGE, Damage
from tests.trust.devices import device
from tests.vaults import fast, meet


@pytest.fixture
def damage(tmp_path: Path) -> Damage:
    return Damage(tmp_path)


def planted(path: Path, *statements: str) -> None:
    conn = sqlite3.connect(path)
    for statement in statements:
        assert conn.execute(statement).rowcount > 0, statement
    conn.commit()
    conn.close()


def texts(path: Path) -> dict[str, str]:
    with Vault.open(path) as vault:
        assert vault.check() == []
        return {info.name: vault.note(info.name).text for info in vault.notes()}


HOLE = "UPDATE log SET data = x'00', hash = x'00' WHERE id = 3"


def test_derived_data_is_rebuilt_from_the_log(damage: Damage) -> None:
    planted(damage.path, "DELETE FROM links", "UPDATE notes SET digest = x'00'", "DELETE FROM names")
    repaired = repair(damage.path)
    assert (repaired.fetched, repaired.missing, repaired.texts) == (0, 0, ())
    with Vault.open(damage.path) as vault, Vault.open(damage.peer_path) as peer:
        assert vault.digest == damage.digest == peer.digest
        assert vault.check() == []
        vault.create_note("goes on")
        meet(fast(vault), fast(peer))
    assert repaired.aside.exists()


def test_a_hole_in_the_log_costs_history_but_no_text(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        for name in ("甲", "乙", "丙"):
            vault.create_note(name, f"{name} first\n")
            vault.note(name).append("second [[甲]]")
        vault.note("乙").rename("folder/乙")
    before = texts(path)
    planted(path, HOLE)
    repaired = repair(path)
    assert (repaired.kept, repaired.missing) == (2, 5)
    assert set(repaired.texts) == {"folder/乙", "丙"}
    assert texts(path) == before


def test_with_known_peers_recovered_texts_are_put_beside_their_notes(damage: Damage) -> None:
    with Vault.open(damage.path) as vault:
        vault.remember_peer("peer", "")
        vault.note("empty").append("not sent yet")
    before = texts(damage.path)
    planted(damage.path, HOLE)
    repaired = repair(damage.path)
    found = texts(damage.path)
    assert repaired.texts
    assert all(name.startswith("recovered/") for name in repaired.texts)
    for name, text in before.items():
        assert text in (found.get(name), found.get(f"recovered/{name}"), ""), name
    with Vault.open(damage.path) as vault, Vault.open(damage.peer_path) as peer:
        assert vault.peers() == [("peer", "")]
        meet(fast(vault), fast(peer))
        assert {name: vault.note(name).text for name in damage.texts} == damage.texts, (
            "nothing is there twice"
        )
        assert "not sent yet" in vault.note("recovered/empty").text


def test_a_peer_fills_the_hole_and_local_changes_stay(damage: Damage) -> None:
    with Vault.open(damage.path) as vault:
        vault.note("empty").append("not sent yet")
        vault.create_note("mine", "nobody else has this")
        digest = vault.digest
    planted(damage.path, HOLE)
    repaired = repair(damage.path, damage.fetch)
    assert (repaired.missing, repaired.texts) == (0, ())
    with Vault.open(damage.path) as vault:
        assert vault.digest == digest
        assert vault.note("mine").text == "nobody else has this"


def test_one_damaged_hash_costs_nothing(damage: Damage) -> None:
    planted(damage.path, "UPDATE log SET hash = x'00' WHERE id = 3")
    repaired = repair(damage.path)
    assert repaired.missing == 0
    with Vault.open(damage.path) as vault:
        assert vault.digest == damage.digest


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE blocks SET hash = x'00'",
        "UPDATE blocks SET before = x'00', start = 7, last = 7, closed = 2, ids = x'c1'",
        "UPDATE blocks SET length = length + 1",
        "UPDATE blocks SET actor = 99, seq = seq + 7, until = until + 7",
        "UPDATE blocks SET id = id + 1000",
        "DELETE FROM block_notes",
    ],
)
def test_damaged_columns_beside_a_block_cost_nothing(tmp_path: Path, statement: str) -> None:
    damage = Damage(tmp_path, packed=True)
    planted(damage.path, statement)
    with suppress(CrdtnotesError), Vault.open(damage.path, read_only=True) as vault:
        assert vault.check() != []
    repaired = repair(damage.path)
    assert (repaired.missing, repaired.texts) == (0, ())
    with Vault.open(damage.path) as vault:
        assert vault.digest == damage.digest
        assert vault.check() == []


def test_a_damaged_block_costs_history_but_no_text(tmp_path: Path) -> None:
    damage = Damage(tmp_path, packed=True)
    planted(damage.path, "UPDATE blocks SET data = x'00' WHERE id = (SELECT max(id) FROM blocks)")
    repaired = repair(damage.path)
    assert repaired.missing > 30
    assert repaired.texts
    assert damage.texts.items() <= texts(damage.path).items()


def test_births_behind_a_hole_keep_their_texts(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        for number in range(8):
            vault.create_note(f"笔记 {number}", f"text {number}")
        before = {info.name: vault.note(info.name).text for info in vault.notes()}
    planted(path, HOLE)
    repaired = repair(path)
    assert repaired.missing == 6
    del before["笔记 2"], before["笔记 0"], before["笔记 1"]
    assert set(repaired.texts) == before.keys(), "the damaged birth had no second copy"
    assert before.items() <= texts(path).items()


def test_the_repaired_file_continues_with_one_stream(damage: Damage) -> None:
    planted(damage.path, "DELETE FROM links")
    repair(damage.path)
    remembered = local_state.recall(damage.path)
    assert remembered is not None
    with Vault.open(damage.path) as vault:
        assert vault.actor == f"{remembered.actor:016x}" != damage.actor
        vault.create_note("more")
        assert vault.actor == f"{remembered.actor:016x}"


def test_the_winner_of_a_fork_is_kept(damage: Damage) -> None:
    with Vault.open(damage.path) as vault:
        vault.replica.forks.give_way(77, 3, (5, bytes(range(16))))
    planted(damage.path, "DELETE FROM links")
    repair(damage.path)
    with Vault.open(damage.path) as vault:
        meta = dict(vault.replica.conn.execute("SELECT key, value FROM meta").fetchall())
        assert forks_in(meta) == {(77, 3): (5, bytes(range(16)))}
    planted(damage.path, "UPDATE meta SET key = 'fork x' WHERE key LIKE 'fork %'")
    with pytest.raises(Damaged):
        Vault.open(damage.path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members SET record = CAST(record AS TEXT) WHERE id = 3",
        "UPDATE members SET record = x'00' WHERE id = 3",
        "UPDATE members SET record = substr(record, 1, length(record) - 1) || x'00' WHERE id = 3",
        "UPDATE meta SET value = x'00' WHERE key = 'root'",
        "DELETE FROM meta WHERE key = 'root'",
    ],
)
def test_a_damaged_record_never_lets_a_revoked_device_in(
    damage: Damage, tmp_path: Path, statement: str
) -> None:
    here, other, revoked = (device(tmp_path, name) for name in ("here", "other", "revoked"))
    with Vault.open(damage.path) as vault, vault.replica.transaction():
        members = vault.replica.members
        members.found(here, "here", vault.replica.heads())
        members.admit(here, revoked.certificate, "revoked")
        members.revoke(here, revoked.id)
        members.admit(here, other.certificate, "other")
    planted(damage.path, statement)
    with Vault.open(damage.path) as vault:
        with pytest.raises(StoreError):
            vault.replica.devices.is_member(revoked.id)
        assert vault.check() != []
    repaired = repair(damage.path)
    assert (repaired.missing, repaired.texts) == (0, ())
    with Vault.open(damage.path) as vault:
        assert vault.check() == []
        assert vault.replica.devices.is_member(here.id)
        assert vault.replica.devices.is_member(other.id)
        if "members" not in statement:
            assert not vault.replica.devices.is_member(revoked.id)


@pytest.mark.parametrize("length", [1, 16, 100, PAGE])
def test_a_damaged_beginning_costs_nothing(damage: Damage, length: int, tmp_path: Path) -> None:
    """The header, or all of the first page, where the schema begins."""
    damage.spoil(bytes(length) + damage.whole[length:])
    repaired = repair(damage.path)
    assert (repaired.missing, repaired.texts) == (0, ())
    with Vault.open(damage.path) as vault:
        assert vault.digest == damage.digest
        assert vault.check() == []
    assert len(list(tmp_path.iterdir())) == 3, "the vault, its damaged file and the peer's"


def test_a_vault_with_a_damaged_id(damage: Damage, tmp_path: Path) -> None:
    planted(damage.path, "UPDATE meta SET value = x'0102' WHERE key = 'vault'")
    before = damage.path.read_bytes()
    with pytest.raises(Damaged, match="--from"):
        repair(damage.path)
    with pytest.raises(WrongVault):
        repair(damage.path, damage.fetch, lambda: bytes(16))
    assert damage.path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"v.db", "peer.db"}
    repair(damage.path, damage.fetch, damage.identify)
    with Vault.open(damage.path) as vault:
        assert bytes.fromhex(vault.id) == damage.vault
        assert vault.digest == damage.digest


def test_a_fetch_that_fails_leaves_everything_as_it_was(damage: Damage, tmp_path: Path) -> None:
    planted(damage.path, HOLE)
    before = damage.path.read_bytes()

    def nobody(part: Path) -> None:
        raise Unreachable("No peer listens there.")

    with pytest.raises(Unreachable):
        repair(damage.path, nobody)
    assert damage.path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"v.db", "peer.db"}


def test_a_process_with_the_old_file_open_does_not_write_into_it(damage: Damage) -> None:
    with Vault.open(damage.path) as editor:
        session = editor.note("empty").open()
        repaired = repair(damage.path)
        with pytest.raises(StoreError, match="replaced by another file"):
            session.commit([Grouped(Patch(0, 0, "lost"))])
        assert repaired.aside.exists()
    assert texts(damage.path) == damage.texts


def test_nothing_is_repaired_while_another_process_writes(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(salvage, "_BUSY_SECONDS", 0.01)
    with Vault.open(damage.path) as writer, writer.transaction():
        writer.note("empty").append("x")
        with pytest.raises(Busy):
            repair(damage.path)
    assert texts(damage.path)["empty"] == "x\n"
