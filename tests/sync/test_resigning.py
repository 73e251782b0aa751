"""A device forks its stream and falls silent: whoever built on its branch is not cut off for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.errors import NotPermitted
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.sync.circles import Members, agree, lines, meet


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path)
    yield members
    members.close()


def isolated(members: Members, *, others: int = 0) -> tuple[Vault, Vault, Vault, list[Vault]]:
    """Ana, and Cem, to whom alone Bo has shown a second branch of its stream; Bo is not seen again.

    Cem has built on that branch. With `others`, so many devices more have that branch from Cem.
    """
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana)
    more = [members.device(f"more{number}", ana) for number in range(others)]
    bo.create_note("A", "begin\n")
    agree(ana, bo, cem, *more)
    two = members.clone(bo, "two")
    bo.note("A").append("one\n")
    two.note("A").append("two\n")
    meet(two, cem)
    meet(cem, *more)
    cem.note("A").append("by cem\n")
    cem.create_note("C", "cem's own\n")
    meet(bo, ana)
    # Cem gives way to the branch that Ana has, and waits for a signature that never comes.
    meet(cem, ana)
    return ana, cem, bo, more


def id_of(vault: Vault) -> bytes:
    return vault.replica.signer.identity.id


def test_an_honest_device_is_cut_off_until_it_signs_what_a_revoked_one_has_not(members: Members) -> None:
    ana, cem, bo, _ = isolated(members)
    meet(cem, ana, times=4)
    assert lines(ana, "A") == ["", "begin", "one"]
    assert "C" not in ana
    assert cem.status()["unsigned"] > 0
    assert cem.replica.forks.resign() == 0  # Bo may still come back and sign
    ana.replica.devices.revoke(id_of(bo))
    meet(cem, ana)
    assert cem.replica.forks.resign() > 0
    assert cem.status()["unsigned"] == 0
    assert cem.check() == []
    before = lines(cem, "A")
    agree(ana, cem)
    assert lines(ana, "A") == before == ["", "begin", "by cem", "one", "two"]
    assert lines(ana, "C") == ["", "cem's own"]
    cem.note("C").append("more\n")
    fresh = members.device("fresh", ana)
    agree(ana, cem, fresh)
    assert cem.replica.forks.resign() == 0


def test_a_device_that_is_only_silent_is_signed_for_when_a_person_says_so(members: Members) -> None:
    ana, cem, bo, _ = isolated(members)
    key = bo.replica.signer.identity.keys.signing
    assert cem.replica.forks.resign([key]) > 0
    agree(ana, cem)
    assert lines(ana, "A") == ["", "begin", "by cem", "one", "two"]
    # Should it come back, nothing breaks.
    meet(bo, ana, times=3)
    agree(ana, cem, bo)
    assert lines(ana, "C") == ["", "cem's own"]


def test_others_that_hold_the_branch_give_way_to_the_one_who_signed_it(members: Members) -> None:
    """Nothing appears twice, and they are not cut off either."""
    ana, cem, bo, more = isolated(members, others=2)
    more[0].note("A").append("by another\n")
    for one in more:
        meet(one, ana)
    ana.replica.devices.revoke(id_of(bo))
    for one in (cem, *more):
        meet(one, ana)
    assert cem.replica.forks.resign() > 0
    meet(cem, ana, times=3)
    for one in more:
        meet(one, ana, times=4)
    agree(ana, cem, *more)
    assert lines(ana, "A") == ["", "begin", "by another", "by cem", "one", "two"]


def test_a_reader_signs_for_nobody(members: Members) -> None:
    ana, cem, bo, _ = isolated(members)
    ana.replica.devices.revoke(id_of(bo))
    ana.replica.devices.set_role(id_of(cem), Role.READER)
    meet(cem, ana)
    before = cem.digest
    with pytest.raises(NotPermitted):
        cem.replica.forks.resign()
    assert cem.digest == before


def test_an_unpaired_vault_has_nothing_to_sign(members: Members) -> None:
    ana = members.device("ana")
    ana.create_note("A")
    assert ana.replica.forks.resign() == 0
