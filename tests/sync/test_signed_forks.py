"""Forks in paired vaults: a device was copied as a whole, and both copies continue one stream."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Branch, Changes
from crdtnotes.errors import Fork
from crdtnotes.sync.session.session import Session
from crdtnotes.vault import Vault
from tests.sync.circles import Members, agree, lines, meet
from tests.sync.forking import history
from tests.sync.wire import Wire, settle
from tests.trust.devices import device
from tests.vaults import fast


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path)
    yield members
    members.close()


def part_ways(members: Members) -> tuple[Vault, Vault, Vault, Vault]:
    """Ana, Bo, Cem, and a copy of Bo's machine: Bo and the copy both write, and Cem has met the copy."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    cem = members.device("cem", ana)
    bo.create_note("A", "begin\n")
    agree(ana, bo, cem)
    two = members.clone(bo, "two")
    bo.note("A").append("one\n")
    two.note("A").append("two\n")
    meet(two, cem)
    return ana, bo, cem, two


def test_a_clone_of_a_machine_gives_way_and_signs_again(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    bo.create_note("系统", "begin\n")
    meet(ana, bo)
    two = members.clone(bo, "two")
    assert two.actor == bo.actor
    for vault, words in ((bo, "第一"), (two, "第二")):
        vault.note("系统").append(f"{words}\n")
        vault.create_note(words)
    meet(ana, bo)
    agree(ana, two, bo)
    assert lines(ana, "系统") == ["", "begin", "第一", "第二"]
    for vault, words in ((ana, "a"), (bo, "b"), (two, "c")):
        vault.note("系统").append(f"{words}\n")
    agree(ana, two, bo)
    assert lines(ana, "系统") == ["", "a", "b", "begin", "c", "第一", "第二"]


def test_the_order_of_meeting_a_third_device_does_not_matter(members: Members) -> None:
    """The third device has the branch that gives way, with its old signatures."""
    ana, bo, cem, two = part_ways(members)
    meet(bo, ana)
    assert (lines(cem, "A"), lines(ana, "A")) == (["", "begin", "two"], ["", "begin", "one"])
    # Cem gives way before the device that wrote the branch, and waits for its signature.
    meet(cem, ana)
    assert (cem.status()["unsigned"], ana.status()["unsigned"]) == (1, 0)
    assert lines(cem, "A") == ["", "begin", "one", "two"]
    assert cem.replica.signatures.unsigned_streams() != {}
    assert cem.check() == []
    assert lines(ana, "A") == ["", "begin", "one"]
    agree(ana, cem, two, bo)
    assert lines(ana, "A") == ["", "begin", "one", "two"]


def test_changes_of_third_devices_based_on_a_branch_move_with_it(members: Members) -> None:
    ana = members.device("ana")
    bo, cem, dan = (members.device(name, ana) for name in ("bo", "cem", "dan"))
    bo.create_note("A", "begin\n")
    agree(ana, bo, cem, dan)
    two = members.clone(bo, "two")
    bo.note("A").append("one\n")
    two.note("A").append("two\n")
    meet(bo, ana)
    meet(two, cem, dan)
    for _ in range(2):
        cem.note("A").append("cem\n")
        meet(cem, dan)
        dan.note("A").append("dan\n")
        meet(dan, two)
        two.note("A").append("two again\n")
        meet(two, cem)
    agree(two, cem, dan)
    # Each of them gives way by itself; moved changes are signed again by their authors.
    for vault in (two, cem, dan):
        meet(vault, ana)
    two.note("A").append("later\n")
    eve = members.device("eve", ana)
    agree(ana, two, cem, dan, bo, eve)
    assert lines(eve, "A") == sorted(
        ["", "begin", "one", "two", "cem", "dan", "two again", "cem", "dan", "two again", "later"]
    )
    for vault in (two, cem, dan, bo):
        vault.note("A").append(f"{vault.device} {vault.path.stem}\n")
    agree(ana, two, cem, dan, bo, eve)
    # A new device can also learn the result from a device that gave way.
    fay = members.device("fay", cem)
    agree(cem, fay)


def test_changes_that_depend_on_unsigned_ones_are_not_sent(members: Members) -> None:
    ana, bo, cem, two = part_ways(members)
    cem.note("A").append("cem\n")
    meet(bo, ana)
    meet(cem, ana)
    wire = Wire(cem.replica, ana.replica)
    settle(wire)
    for end in wire.ends:
        assert end.session.error is None
        assert end.session.caught_up, "a one-time sync ends here"
    assert lines(ana, "A") == ["", "begin", "one"]
    assert not wire.a.session.in_sync
    # It receives the signature in another session, and this one goes on.
    settle(wire, Wire(two.replica, ana.replica))
    two_cem = Wire(two.replica, cem.replica)
    settle(wire, two_cem)
    settle(wire, Wire(two.replica, cem.replica))
    assert wire.a.session.error is None
    assert lines(ana, "A") == ["", "begin", "cem", "one", "two"]
    agree(ana, cem, two, bo)


def test_a_branch_that_its_author_has_not_signed_moves_nothing(members: Members) -> None:
    ana = members.device("ana")
    bo = members.device("bo", ana)
    bo.create_note("A", "begin\n")
    bo.note("A").append("more\n")
    agree(ana, bo)
    actor, version = bo.replica.actor, ana.replica.version()
    session = Session(ana.replica)
    session.start()
    heads = ana.replica.heads() | {actor: (version[actor], bytes(16))}
    mallory = messages.hello(ana.replica.vault_id, "mallory", heads, ana.replica.devices.records_digest())
    session.receive([messages.encode(mallory)])
    first = ana.replica.forks.hash_at(actor, version[actor] - 1) or b""
    claim = Branch(actor, 0, ((version[actor] - 1, first), (version[actor], bytes(16))))
    proof = bo.replica.forks.proof(actor, version[actor])
    said = [messages.pack(one) if isinstance(one, bytes) else one for one in proof]
    for message in (claim, claim, *said):
        session.data_to_send()
        session.receive([messages.encode(message)])
    assert session.error is not None
    assert ana.replica.version() == version
    assert ana.check() == []
    agree(ana, bo)


def test_a_fork_from_before_the_pairing_is_left_to_the_user(members: Members, tmp_path: Path) -> None:
    ana = members.device("ana")
    ana.create_note("A", "begin\n")
    other = members.clone(ana, "other")
    ana.note("A").append("one\n")
    ana.note("A").append("one more\n")
    other.note("A").append("two\n")
    bo = members.device("bo", ana)
    meet(ana, bo)
    other.replica.signer._make_identity = lambda: device(tmp_path, "third")
    ana.replica.devices.admit(other.replica.signer.identity.certificate, "other")
    other.replica.devices.adopt(ana.replica.members.root or b"", ana.replica.devices.records())
    wire = Wire(ana.replica, other.replica)
    settle(wire)
    errors = [end.session.error for end in wire.ends]
    assert any(isinstance(error, Fork) and "before the vault was paired" in str(error) for error in errors)
    assert lines(ana, "A") == ["", "begin", "one", "one more"]
    assert lines(other, "A") == ["", "begin", "two"]


def test_a_fork_on_a_branch_that_gives_way_is_forgotten_with_it(members: Members) -> None:
    """The winner there says nothing about the change of the same number on the other branch."""
    ana = members.device("ana")
    bo = members.device("bo", ana)
    bo.create_note("A", "begin\n")
    agree(ana, bo)
    two = members.clone(bo, "two")
    bo.note("A").append("one\n")
    two.note("A").append("two\n")
    three = members.clone(two, "three")
    two.note("A").append("two again\n")
    three.note("A").append("three\n")
    meet(two, three)
    bo.note("A").append("one again\n")
    agree(ana, bo, three, two)
    assert lines(ana, "A") == ["", "begin", "one", "one again", "three", "two", "two again"]


@pytest.mark.parametrize("seed", range(6))
def test_random_histories_with_clones_converge(members: Members, seed: int) -> None:
    random = Random(seed)
    ana = fast(members.device("ana"))
    for name in "bcd"[: random.randint(1, 3)]:
        fast(members.device(name, ana))
    ana.create_note("A", "begin\n")
    agree(*members.vaults)
    words: list[str] = []
    clones = 0
    for _ in range(random.randint(15, 60)):
        one, other = random.choices(members.vaults, k=2)
        luck = random.random()
        if luck < 0.45:
            words.append(f"w{len(words)}")
            one.note("A").append(f"{words[-1]}\n")
        elif luck < 0.9 and one is not other:
            meet(one, other, times=1)
        elif clones < 2 and one.actor in one.version:
            clones += 1
            fast(members.clone(one, f"clone{clones}"))
    for _ in range(8):
        random.shuffle(members.vaults)
        meet(*members.vaults, times=1)
    agree(*members.vaults)
    assert lines(ana, "A") == sorted(["", "begin", *words])
    new = members.device("new", ana)
    agree(random.choice(members.vaults[:-1]), new, *members.vaults[:-1])


@pytest.mark.parametrize("paired", [True, False])
def test_two_devices_are_copied_at_once(members: Members, forks_seed: int, *, paired: bool) -> None:
    """`pytest tests/sync/test_signed_forks.py --forks 2000` plays many histories."""
    assert history(members, forks_seed, paired=paired) == []


@pytest.mark.parametrize("seed", [71, 92, 283, 412])
def test_histories_in_which_a_replica_once_waited_forever(members: Members, seed: int) -> None:
    assert history(members, seed) == []


def test_two_forks_are_resolved_in_either_order_with_the_same_outcome(members: Members) -> None:
    """Cem's change depends on both losing branches; in any order of meetings it moves to the same stream."""
    ana = members.device("ana")
    bo, cem, dan, eve = (members.device(name, ana) for name in ("bo", "cem", "dan", "eve"))
    ana.create_note("A", "begin\n")
    agree(ana, bo)
    bo.note("A").append("bo\n")
    agree(ana, bo, cem, dan, eve)
    ana_two, bo_two = members.clone(ana, "ana two"), members.clone(bo, "bo two")
    for vault, line in ((ana, "ana one"), (bo, "bo one"), (ana_two, "ana two"), (bo_two, "bo two")):
        vault.note("A").append(f"{line}\n")
    meet(ana_two, bo_two, cem)
    cem.note("A").append("cem\n")
    meet(cem, dan)
    meet(cem, eve)
    # Dan learns of one fork first, Eve of the other, and Cem of both in one of these orders.
    meet(dan, ana)
    meet(eve, bo)
    meet(dan, bo)
    meet(eve, ana)
    meet(cem, bo)
    meet(cem, ana)
    assert dan.replica.version().keys() == eve.replica.version().keys() == cem.replica.version().keys()
    meet(*members.vaults, times=3)
    meet(*reversed(members.vaults), times=3)
    agree(*members.vaults)
    words = ["begin", "bo", "ana one", "bo one", "ana two", "bo two", "cem"]
    assert lines(ana, "A") == sorted(["", *words])


def test_a_winner_stays_the_winner_when_it_moves(members: Members) -> None:
    """Bo's earlier version builds on what gives way of Ana's. Who hears first of Ana's fork sees but one
    version of Bo's; who hears first of Bo's moves the later one. All must end alike.
    """
    ana = members.device("ana")
    bo, cem, dan = (members.device(name, ana) for name in ("bo", "cem", "dan"))
    ana.create_note("A", "begin\n")
    agree(ana, bo)
    bo.note("A").append("bo\n")
    agree(ana, bo, cem, dan)
    two = members.clone(ana, "ana two")
    later = members.clone(bo, "bo later")
    ana.note("A").append("ana\n")
    two.note("A").append("ana two\n")
    meet(two, bo)
    bo.note("A").append("bo on two\n")
    later.note("A").append("bo later\n")
    later.note("A").append("bo later still\n")
    meet(bo, cem)
    meet(cem, ana)  # learns of Ana's fork, and nothing of Bo's
    meet(later, dan)
    dan.note("A").append("dan\n")
    meet(bo, dan)  # learns of Bo's fork, and nothing of Ana's
    meet(cem, dan)
    meet(dan, ana)
    meet(*members.vaults, times=3)
    meet(*reversed(members.vaults), times=3)
    agree(*members.vaults)
    words = ["begin", "bo", "ana", "ana two", "bo on two", "bo later", "bo later still", "dan"]
    assert lines(ana, "A") == sorted(["", *words])
    new = members.device("new", ana)
    agree(later, new, cem)


def test_a_revoked_device_cannot_hide_behind_a_fork(members: Members) -> None:
    ana, bo, cem, _ = part_ways(members)
    meet(bo, ana)
    identity = bo.replica.signer.identity
    ana.replica.devices.revoke(identity.id)
    meet(cem, ana)
    assert not cem.replica.devices.is_member(identity.id)
    # Both versions came before the revocation, so both stay; but no device is left to sign the moved one.
    assert lines(cem, "A") == ["", "begin", "one", "two"]
    assert cem.replica.signatures.unsigned_streams() != {}
    assert lines(ana, "A") == ["", "begin", "one"]
    wire = Wire(cem.replica, ana.replica)
    settle(wire)
    assert wire.a.session.waiting == (1, 0)
    assert wire.b.session.waiting == (0, 1)
    assert cem.replica.signatures.unsigned_authors() == ["bo"]
    # The way out: a new vault of all notes.
    cem.replica.devices.begin_anew()
    assert cem.check() == []
    dan = members.device("dan", cem)
    agree(cem, dan)
    assert lines(dan, "A") == ["", "begin", "one", "two"]


def test_what_builds_on_a_version_is_not_sent_to_a_peer_that_named_another(members: Members) -> None:
    """Cem gets Ana's version only after a clone of Ana has named another one in its Hello."""
    ana = members.device("ana")
    bo = members.device("bo", by=ana)
    cem = members.device("cem", by=ana)
    ana.create_note("系统", "begin\n")
    agree(ana, bo, cem)
    two = members.clone(ana, "two")
    ana.note("系统").append("first")
    two.note("系统").append("second")
    key = two.replica.signer.identity.id
    here = Session(cem.replica, device=key)
    there = Session(two.replica, device=cem.replica.signer.identity.id)
    here.start()
    there.start()
    there.receive(here.data_to_send())
    here.receive(there.data_to_send())
    # Meanwhile the other version arrives here, and something that was written on it.
    meet(ana, bo, times=1)
    bo.note("系统").append("on the first")
    meet(bo, cem, times=1)
    here.wake()
    said = [messages.decode(frame) for frame in here.data_to_send()]
    assert any(isinstance(message, Branch) for message in said)
    assert not any(isinstance(message, Changes) for message in said)
    agree(ana, bo, cem, two)
    assert lines(ana, "系统") == ["", "begin", "first", "on the first", "second"]
