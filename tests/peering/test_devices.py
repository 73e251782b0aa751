"""The devices of a vault as people see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.errors import NotPaired
from crdtnotes.peering.codes import Role
from crdtnotes.peering.devices import (
    Device,
    added_by,
    changes_awaited,
    device_log,
    devices_awaited,
    list_devices,
    resign_changes,
    revoke_device,
    set_role,
)
from tests.sync.circles import Members, meet
from tests.sync.test_resigning import id_of, isolated


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path)
    yield members
    members.close()


def chain(members: Members) -> tuple[Vault, Vault, Vault]:
    """Ana has paired with Bo, Bo with Cy; Ana knows it."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cy = members.device("陈", bo, Role.READER)
    meet(ana, bo, cy)
    return ana, bo, cy


def by_name(vault: Vault) -> dict[str, Device]:
    return {one.name: one for one in list_devices(vault)}


def test_a_vault_that_was_never_paired_has_no_devices(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        assert list_devices(vault) == []
        assert device_log(vault) == []


def test_devices_say_who_they_are_and_who_added_them(members: Members) -> None:
    ana, bo, cy = chain(members)
    found = by_name(ana)
    assert [found[name].own for name in ("ana", "bo", "陈")] == [True, False, False]
    assert found["陈"].role is Role.READER
    assert found["陈"].added_by == id_of(bo)
    assert found["ana"].added_by == id_of(ana)
    assert by_name(cy)["陈"].own


def test_a_role_is_changed_and_the_log_says_so(members: Members) -> None:
    ana, _, cy = chain(members)
    set_role(ana, id_of(cy), Role.WRITER)
    assert by_name(ana)["陈"].role is Role.WRITER
    line = device_log(ana)[-1]
    assert (line.by, line.did, line.device) == ("ana", "made writer", "陈")
    with pytest.raises(NotPaired):
        set_role(ana, bytes(32), Role.READER)


def test_who_was_added_stays_goes_by_choice_or_goes_with_a_stolen_device(members: Members) -> None:
    ana, bo, _ = chain(members)
    assert [one.name for one in added_by(ana, id_of(bo))] == ["陈"]
    kept = revoke_device(ana, id_of(bo))
    assert [[one.name for one in some] for some in kept[:2]] == [["bo"], ["陈"]]
    assert not by_name(ana)["bo"].active
    gone = revoke_device(ana, id_of(bo), stolen=True)
    assert gone.stay == []
    assert not any(one.active for name, one in by_name(ana).items() if name != "ana")


def test_a_founder_that_revokes_itself_as_stolen_names_all_that_go(members: Members) -> None:
    ana, _, _ = chain(members)
    done = revoke_device(ana, id_of(ana), stolen=True)
    assert [one.name for one in done.revoked] == ["ana", "bo", "陈"]
    assert not any(one.active for one in (*done.revoked, *list_devices(ana)))


def test_a_device_is_revoked_with_one_that_it_added(members: Members) -> None:
    ana, bo, cy = chain(members)
    done = revoke_device(ana, id_of(bo), [id_of(cy)])
    assert ([one.name for one in done.revoked], done.stay, done.to_pair) == (["bo", "陈"], [], [])


def test_a_stolen_device_had_revoked_others(members: Members) -> None:
    ana = members.device("ana")
    bo, cy = members.device("bo", ana), members.device("cy", ana)
    meet(ana, bo, cy)
    revoke_device(bo, id_of(cy))
    meet(ana, bo)
    assert revoke_device(ana, id_of(bo), stolen=True).to_pair == ["cy"]


def test_what_waits_for_a_device_is_signed_here(members: Members) -> None:
    ana, cem, bo, _ = isolated(members)
    assert [one.name for one in devices_awaited(cem)] == ["bo"]
    assert devices_awaited(ana) == []
    before = changes_awaited(cem)
    assert (before.signed, before.waiting, before.waits_for) == (0, 1, ["bo"])
    assert resign_changes(cem) == before  # Bo may still sign
    done = resign_changes(cem, [id_of(bo)])
    assert done.signed > 0
    assert (done.waiting, done.waits_for) == (0, [])
