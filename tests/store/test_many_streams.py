"""More streams than one message or one change can name: nobody is stopped by them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.changes.codec import decode
from crdtnotes.changes.limits import DEPS_PER_CHANGE
from crdtnotes.crdt.ops import Remove
from crdtnotes.errors import NoteNotFound
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log
from tests.streams import flood
from tests.vaults import changes, fast, last_change, meet, replicas, send

MANY = 4500
"""More than one change names, in changes of 34 bytes."""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Vault]]:
    with replicas(tmp_path) as vaults:
        yield vaults


def named(vault: Vault) -> set[int]:
    """The streams that the last change names in its deps."""
    return {actor for actor, _ in last_change(vault).deps}


def edit_and_fail(vault: Vault) -> None:
    with vault.transaction():
        vault.note("a").append("!")
        vault.note("not here")


def actor(vault: Vault) -> int:
    return int(vault.actor, 16)


def test_writing_goes_on_beside_thousands_of_streams(pair: list[Vault]) -> None:
    one, two = pair
    one.create_note("mine", "text")
    flood(one, MANY)
    one.note("mine").append(" and more")
    one.create_note("another", "text")
    one.note("flood").write("mine now")
    assert one.check() == []
    check_against_log(one)
    meet(one, two)
    two.note("mine").append(" of two")
    two.note("flood").append(" and two's")
    meet(one, two)
    assert one.note("flood").text == "mine now\n and two's\n"
    assert one.note("mine").text == "text\n and more\n of two\n"


def test_a_note_is_created_beside_thousands_of_streams(pair: list[Vault]) -> None:
    one, two = pair
    flood(one, MANY)
    one.create_note("first", "of this device")
    meet(one, two)
    assert two.note("first").text == "of this device"
    assert two.check() == []


@pytest.mark.long
def test_a_note_that_thousands_of_streams_have_edited_is_deleted(pair: list[Vault]) -> None:
    one, two = pair
    flood(one, MANY)
    one.create_note("kept", "")
    meet(one, two)
    two.note("flood").remove()
    meet(one, two)
    assert [info.name for info in one.notes()] == ["kept"]
    assert all(
        len(op.cover) <= DEPS_PER_CHANGE
        for data in changes(two)
        for op in decode(data).ops
        if isinstance(op, Remove)
    )
    assert one.check() == two.check() == []


def test_every_change_names_few_enough_streams(pair: list[Vault]) -> None:
    one, _ = pair
    flood(one, MANY)
    one.create_note("a", "text")
    mine = [decode(data) for data in changes(one) if decode(data).actor == actor(one)]
    assert max(len(change.deps) for change in mine) == DEPS_PER_CHANGE
    assert {dep for change in mine for dep, _ in change.deps} >= set(range(1000, 1000 + MANY))


def test_changes_that_only_name_streams_change_nothing(pair: list[Vault]) -> None:
    one, _ = pair
    one.create_note("old", "text")
    flood(one, MANY)
    before = {info.name: info.modified for info in one.notes()}
    one.create_note("new", "text")
    assert {info.name: info.modified for info in one.notes() if info.name != "new"} == before


# -- what a change names


def test_a_change_names_only_what_nothing_else_implies(tmp_path: Path) -> None:
    with replicas(tmp_path, 4) as vaults:
        one, two, three, four = vaults
        for source, to in ((one, two), (two, three), (three, four)):
            source.create_note(f"by {source.device}", "text")
            send(source, to)
        four.create_note("last", "text")
        assert named(four) == {actor(three)}
        meet(*vaults)


def test_a_change_names_the_streams_that_it_refers_to(tmp_path: Path) -> None:
    with replicas(tmp_path, 4) as vaults:
        one, two, three, four = vaults
        one.create_note("shared", "text")
        send(one, two)
        two.note("shared").append(" of two")
        send(two, three)
        three.create_note("other", "text")
        send(three, four)
        four.create_note("fourth", "")
        assert named(four) == {actor(three)}
        four.note("shared").delete(3, 2)
        assert named(four) == {actor(one), actor(two)}
        four.note("shared").append("!")
        assert named(four) == set()
        meet(*vaults)
        assert one.note("shared").text == "tex of two\n!\n"
        assert all(vault.check() == [] for vault in vaults)


def test_a_thousand_devices_that_met_name_one_stream_each(tmp_path: Path) -> None:
    """Each device writes, and hands on everything to the next one, as over the years."""
    with replicas(tmp_path, 1) as [vault]:
        vault.create_note("a", "text")
        before = changes(vault)
        size = 0
        for number in range(40):
            with vault.replica.transaction():
                vault.replica.stream.begin(1000 + number)
            vault.note("a").append(".")
            size += len(changes(vault)[-1])
        assert len(named(vault)) <= 2
        assert size < 40 * 100
        assert changes(vault)[: len(before)] == before


def test_two_processes_of_one_file_name_what_the_other_received(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [first], Vault.open(first.path) as second:
        fast(second)
        first.create_note("a", "text")
        second.note("a").append("!")
        flood(second, 1, first=77)
        first.note("a").append("?")
        assert named(first) == {77}
        second.note("a").append(".")
        assert named(second) == set()
        assert first.check() == []


def test_leaves_are_found_again_after_a_rollback(pair: list[Vault]) -> None:
    one, two = pair
    one.create_note("a", "text")
    two.create_note("b", "text")
    send(two, one)
    one.note("a")
    with pytest.raises(NoteNotFound):
        edit_and_fail(one)
    one.note("a").append("?")
    assert named(one) == {actor(two)}
