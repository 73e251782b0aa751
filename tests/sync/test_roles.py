"""Roles between replicas: what readers, writers and owners can bring into the vault, and how roles change."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crdtnotes.errors import CrdtnotesError, NotPermitted, NotSigned
from crdtnotes.store import Replica
from crdtnotes.sync.peers.bundle import apply_bundle, create_bundle
from crdtnotes.trust.records import Keep, decode_record
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.sync.circles import Members, agree, lines, meet
from tests.sync.wire import Wire, settle


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path)
    yield members
    members.close()


def id_of(vault: Vault) -> bytes:
    return vault.replica.signer.identity.id


def set_role(by: Vault, of: Vault, role: Role) -> None:
    by.replica.devices.set_role(id_of(of), role)


def role_of(vault: Vault, at: Vault) -> Role | None:
    return at.replica.members.role(id_of(vault))


def ignore_roles(vault: Vault) -> None:
    """Turn a device into one whose program ignores its role."""
    signer = vault.replica.signer
    signer.check_writes = lambda: None  # type: ignore[method-assign]
    signer.match_role = lambda: None  # type: ignore[method-assign]


def error_between(one: Vault, other: Vault) -> tuple[CrdtnotesError | None, CrdtnotesError | None]:
    wire = Wire(one.replica, other.replica)
    settle(wire)
    return wire.a.session.error, wire.b.session.error


def texts(vault: Vault) -> dict[str, str]:
    return {info.name: vault.note(info.name).text for info in vault.notes()}


def test_a_reader_gets_everything_and_may_write_nothing(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana, Role.READER)
    ana.create_note("A", "begin\n")
    agree(ana, bo)
    before = bo.digest
    for write in (
        lambda: bo.create_note("B"),
        lambda: bo.note("A").append("more"),
        lambda: bo.note("A").rename("C"),
        lambda: bo.note("A").remove(),
    ):
        with pytest.raises(NotPermitted, match="may only read"):
            write()
    assert bo.digest == before
    ana.note("A").append("more\n")
    agree(ana, bo)
    assert lines(bo, "A") == ["", "begin", "more"]


def test_a_writer_writes_and_may_not_say_who_belongs(members: Members, tmp_path: Path) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana, Role.WRITER)
    cem = members.device("cem", ana)
    agree(ana, bo, cem)
    bo.create_note("B", "by bo\n")
    agree(ana, bo, cem)
    assert lines(cem, "B") == ["", "by bo"]
    devices = bo.replica.devices
    acts: list[Callable[[], object]] = [
        lambda: devices.admit(cem.replica.signer.identity.certificate, "again"),
        lambda: devices.revoke(id_of(cem)),
        lambda: devices.set_role(id_of(cem), Role.READER),
        devices.check_owner,
    ]
    for act in acts:
        with pytest.raises(NotPermitted, match="only owners"):
            act()
    agree(ana, bo, cem)
    assert [role_of(one, ana) for one in (ana, bo, cem)] == [Role.OWNER, Role.WRITER, Role.OWNER]


@pytest.mark.parametrize("demoted", [False, True])
def test_what_a_reader_signs_is_refused_by_everybody(members: Members, tmp_path: Path, demoted: bool) -> None:
    """A reader's program ignores its role: no path leads into another replica."""
    ana = members.device("ana")
    bo = members.device("bo", ana, None if demoted else Role.READER)
    cem = members.device("cem", ana, Role.WRITER)
    dan = members.device("dan", ana, Role.READER)
    ana.create_note("A", "begin\n")
    agree(ana, bo, cem, dan)
    if demoted:
        bo.note("A").append("as an owner\n")
        agree(ana, bo, cem, dan)
        set_role(ana, bo, Role.READER)
        agree(ana, bo, cem, dan)
    ignore_roles(bo)
    bo.note("A").append("as a reader\n")
    bo.create_note("mine", "as a reader\n")
    before = texts(ana)
    for other in (ana, cem, dan):
        refused = error_between(bo, other)
        assert isinstance(refused[1], NotSigned), refused
        assert texts(other) == before
    path = tmp_path / "bundle"
    identity = bo.replica.signer.identity
    receivers = [ana.replica.members.membership().members[id_of(one)] for one in (ana, cem, dan)]
    create_bundle(bo.replica, identity, path, receivers, {})
    for other in (ana, cem, dan):
        with pytest.raises(NotSigned):
            apply_bundle(other.replica, other.replica.signer.identity, path)
        with pytest.raises(NotSigned):
            other.replica.receive(list(bo.replica.changes_since(other.replica.version())))
        assert texts(other) == before
    # The others go on, also with each other.
    cem.note("A").append("by cem\n")
    agree(ana, cem, dan)
    assert "by cem" in lines(dan, "A")


def test_a_reader_cannot_displace_a_change_by_a_fork(members: Members) -> None:
    """It was a writer, and shows another version of a change of that time."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    bo.create_note("A", "begin\n")
    agree(ana, bo)
    two = members.clone(bo, "two")
    bo.note("A").append("true\n")
    agree(ana, bo)
    set_role(ana, bo, Role.READER)
    meet(ana, bo)
    ignore_roles(two)
    two._writer._now = lambda: 1
    two.note("A").append("false\n")
    two.note("A").append("more\n")
    before = texts(ana)
    for _ in range(3):
        error_between(two, ana)
        assert texts(ana) == before
        assert ana.check() == []
    agree(ana, bo)


def test_changes_made_before_a_device_became_a_reader_stay(members: Members) -> None:
    """Some of them were not at the owner's device when it said so."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana, Role.WRITER)
    bo.create_note("A", "begin\n")
    agree(ana, bo, cem)
    bo.note("A").append("to cem\n")
    meet(bo, cem)
    cem.note("A").append("by cem, after it\n")
    set_role(ana, bo, Role.READER)
    agree(ana, cem)
    assert lines(ana, "A") == ["", "begin", "by cem, after it", "to cem"]
    # A writer cannot revoke, so it says what it holds.
    kept = [decode_record(data).body for data in ana.replica.devices.records()]
    assert any(isinstance(body, Keep) and body.by == id_of(cem) for body in kept)
    agree(ana, bo, cem)


def test_a_device_that_wrote_before_it_heard_that_it_is_a_reader_keeps_that_for_itself(
    members: Members,
) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana)
    ana.create_note("A", "begin\n")
    agree(ana, bo, cem)
    set_role(ana, bo, Role.READER)
    bo.note("A").append("too late\n")
    meet(bo, ana)
    assert lines(ana, "A") == ["", "begin"]
    assert bo.status()["unsigned"] == 1
    assert bo.check() == []
    # It goes on getting what others write.
    ana.note("A").append("by ana\n")
    meet(ana, bo, cem, ana)
    assert "by ana" in lines(bo, "A")
    assert lines(cem, "A") == ["", "begin", "by ana"]
    for one in (ana, cem):
        wire = Wire(bo.replica, one.replica)
        settle(wire)
        assert wire.a.session.error is None
        assert wire.a.session.caught_up
    # Once it may write again, the others get what it has kept.
    set_role(ana, bo, Role.WRITER)
    agree(ana, bo, cem)
    assert lines(cem, "A") == ["", "begin", "by ana", "too late"]
    bo.note("A").append("again\n")
    agree(ana, bo, cem)


def test_a_reader_that_holds_more_of_a_revoked_device_does_not_send_it(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana, Role.READER)
    ana.create_note("A", "begin\n")
    agree(ana, bo, cem)
    bo.note("A").append("only cem has this\n")
    meet(bo, cem)
    ana.replica.devices.revoke(id_of(bo))
    ana.note("A").append("by ana\n")
    meet(ana, cem)
    assert lines(ana, "A") == ["", "begin", "by ana"]
    assert lines(cem, "A") == ["", "begin", "by ana", "only cem has this"]
    assert error_between(ana, cem) == (None, None)


def test_a_member_that_has_not_heard_of_it_passes_changes_on(members: Members) -> None:
    """An owner has demoted a device, and a third one does not know: what it takes from it stays with all."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana)
    ana.create_note("A", "begin\n")
    agree(ana, bo, cem)
    set_role(ana, bo, Role.READER)
    ignore_roles(bo)
    bo.note("A").append("late\n")
    meet(bo, cem)
    agree(ana, cem)
    assert lines(ana, "A") == ["", "begin", "late"]
    bo.note("A").append("later\n")
    assert isinstance(error_between(bo, cem)[1], NotSigned)
    agree(ana, cem)
    assert lines(ana, "A") == ["", "begin", "late"]


def test_two_owners_demote_each_other_and_the_senior_stays_one(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana)
    dan = members.device("dan", bo)
    agree(ana, bo, cem, dan)
    with pytest.raises(NotPermitted, match="longer"):
        set_role(dan, bo, Role.WRITER)
    with pytest.raises(NotPermitted, match="own role"):
        set_role(ana, ana, Role.WRITER)
    set_role(bo, dan, Role.WRITER)
    agree(ana, bo, cem, dan)
    assert {role_of(dan, at) for at in (ana, bo, cem, dan)} == {Role.WRITER}
    set_role(cem, dan, Role.OWNER)
    agree(ana, bo, cem, dan)
    assert {role_of(dan, at) for at in (ana, bo, cem, dan)} == {Role.OWNER}


def test_a_demoted_owner_cannot_add_with_an_old_date(members: Members, tmp_path: Path) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    agree(ana, bo)
    before = members.device("before", bo)
    agree(ana, bo, before)
    set_role(ana, bo, Role.WRITER)
    # Bo's device does not hear of it before it has added another one.
    after = members.device("after", bo)
    meet(bo, ana)
    for at in (ana, bo):
        active = at.replica.members.membership().active
        assert set(active) == {id_of(ana), id_of(bo), id_of(before)}
    agree(ana, bo, before)
    bo.create_note("B")
    agree(ana, bo, before)
    after.close()
    members.vaults.remove(after)


def test_many_streams_of_a_reader_stay(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one record names."""
    monkeypatch.setattr("crdtnotes.store.signing.members.MAX_HEADS", 2)
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana, Role.WRITER)
    for number in range(5):
        bo.create_note(f"at all {number}")
        with bo.replica.transaction():
            bo.replica.stream.begin()
    agree(ana, bo, cem)
    for number in range(5):
        bo.create_note(f"at cem's {number}")
        with bo.replica.transaction():
            bo.replica.stream.begin()
    meet(bo, cem)
    set_role(ana, bo, Role.READER)
    agree(ana, cem)
    assert len(list(ana.notes())) == 10
    agree(ana, bo, cem)
    fresh = members.device("fresh", ana)
    agree(ana, fresh)


def test_a_reader_starts_a_vault_of_its_own(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana, Role.READER)
    ana.create_note("A", "begin\n")
    agree(ana, bo)
    bo.replica.devices.begin_anew()
    bo.note("A").append("mine\n")
    assert lines(bo, "A") == ["", "begin", "mine"]


def test_roles_survive_a_repair(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana, Role.READER)
    ana.create_note("A", "begin\n")
    agree(ana, bo)
    identity = bo.replica.signer.identity
    path = Path(bo.path)
    bo.close()
    members.vaults.remove(bo)
    replica = Replica(path, identity=lambda: identity)
    try:
        replica.members.check()
        assert replica.devices.own_role() is Role.READER
    finally:
        replica.close()
