"""A new vault of the same notes has them in one stream."""

from pathlib import Path

import pytest

from crdtnotes.crdt.ops import Unknown
from crdtnotes.vault import Vault
from tests.store.convergence import World
from tests.store.oracle import check_against_log, shown_links
from tests.streams import flood, pour
from tests.sync.circles import Members, agree
from tests.vaults import created, fast, meet, replicas


def shown(vault: Vault) -> dict[bytes, tuple[object, ...]]:
    """Everything about each note that anybody can see, deleted notes included."""
    replica = vault.replica
    found: dict[bytes, tuple[object, ...]] = {}
    for (uid,) in replica.conn.execute("SELECT uid FROM notes").fetchall():
        doc = replica.documents.open(uid)
        assert doc is not None
        state = doc.state
        if state.derived:
            name = state.name.value, frozenset(state.name.past)
            links = shown_links(vault, uid) if state.exists else state.links.counts()
            found[uid] = (str(state.text), links, name, state.exists, state.newer)
    return found


def names(vault: Vault) -> list[tuple[str, str]]:
    return [(info.name, vault.note(info.name).text) for info in vault.notes()]


@pytest.mark.parametrize("seed", range(8))
def test_any_history_shows_the_same_in_one_stream(tmp_path: Path, seed: int) -> None:
    world = World(seed, tmp_path)
    world.run(60)
    world.settle()
    vault = world.vaults[0]
    before = shown(vault), names(vault)
    vault.replica.devices.begin_anew()
    assert (shown(vault), names(vault)) == before
    assert len(vault.version) == 1
    assert vault.check() == []
    check_against_log(vault)
    vault.create_note("written after it", "text")
    assert len(vault.version) == 1
    with Vault.create(tmp_path / "new.db", "new", vault.id) as other:
        meet(fast(other), vault)
        assert names(other) == names(vault)
    with Vault.open(vault.path) as again:
        assert again.check() == []
    world.close()


def test_thousands_of_streams_become_one_and_the_vault_can_be_paired(tmp_path: Path) -> None:
    members = Members(tmp_path)
    ana = members.device("ana")
    ana.create_note("mine", "text [[flood]]")
    flood(ana, 3000)
    ana.note("flood").append("and mine")
    before = names(ana)
    ana.replica.devices.begin_anew()
    assert names(ana) == before
    assert len(ana.version) == 1
    bo = members.device("bo", by=ana)
    agree(ana, bo)
    assert names(bo) == before
    members.close()


def test_operations_of_a_newer_program_stay(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        pour(vault, [created(vault, Unknown(19, 1, b"\x92\x13\x01"))])
        before = shown(vault)
        vault.replica.devices.begin_anew()
        assert shown(vault) == before
        assert vault.check() == []
