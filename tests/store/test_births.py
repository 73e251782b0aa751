"""Two births of one note in whole replicas: references to the newline between them, repair, forks."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.codec import decode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.births import seam_actor
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Create, Delete, Insert, Span
from crdtnotes.errors import InvalidChange
from crdtnotes.repair import repair
from crdtnotes.store import local_state
from crdtnotes.vault import Vault
from tests.sync.wire import Wire, settle
from tests.vaults import batch, changes, fast, meet, replicas, state

ONE, TWO = "# one\nends here", "# two\nends there"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Vault]]:
    """Two replicas that made a note each, apart, and have met."""
    with replicas(tmp_path) as vaults:
        for vault, text in zip(vaults, (ONE, TWO), strict=True):
            vault.create_note("N", text)
        meet(*vaults)
        yield vaults


def births(vault: Vault) -> tuple[bytes, list[tuple[int, str]]]:
    """The note's id, and its births in their order."""
    uid = note_id(bytes.fromhex(vault.id), "n")
    return uid, sorted([(birth_actor(uid, text), text) for text in (ONE, TWO)], reverse=True)


def test_both_texts_stand_below_each_other_and_go_on(pair: list[Vault], tmp_path: Path) -> None:
    one, two = pair
    _, [(_, first), (_, last)] = births(one)
    assert one.note("N").text == f"{first}\n{last}"
    one.note("N").insert(len(first) + 1, "between\n")
    two.note("N").delete(len(first), 1)
    meet(one, two)
    assert one.note("N").text == f"{first}between\n{last}"
    two.note("N").append("end")
    one.compact()
    two.compact()
    meet(one, two)
    with Vault.create(tmp_path / "new.db", "new", one.id) as new:
        meet(one, two, new)
        assert new.note("N").text == f"{first}between\n{last}\nend\n"
        assert one.check() == two.check() == new.check() == []
    with Vault.open(one.path) as again:
        assert (again.digest, again.check()) == (two.digest, [])


def test_a_repair_reads_the_newline_again(pair: list[Vault], tmp_path: Path) -> None:
    one, two = pair
    path = tmp_path / "damaged.db"
    one.backup(path)
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE notes SET base = 'x', base_key = 'x'")
    conn.close()
    repair(path)
    with Vault.open(path) as again:
        assert (again.note("N").text, again.digest) == (one.note("N").text, two.digest)
        assert again.check() == []


def test_edits_beside_the_newline_move_with_their_branch(pair: list[Vault], tmp_path: Path) -> None:
    one, two = pair
    path = tmp_path / "copy.db"
    shutil.copyfile(one.path, path)
    remembered = local_state.recall(one.path)
    assert remembered is not None
    local_state.remember(path, remembered)
    _, [(_, first), (_, last)] = births(one)
    with fast(Vault.open(path)) as copy:
        for vault, text in ((one, "by one\n"), (copy, "by its copy\n")):
            vault.note("N").insert(len(first) + 1, text)
            vault.note("N").write(vault.note("N").text.replace(text, text + "more\n"))
        for _ in range(4):
            settle(Wire(one.replica, copy.replica))
            settle(Wire(one.replica, two.replica))
        assert one.digest == copy.digest == two.digest
        text = two.note("N").text
        assert text.startswith(f"{first}\n")
        assert text.endswith(f"\n{last}")
        assert text.count("by one\nmore\n") == text.count("by its copy\nmore\n") == 1
        assert one.check() == copy.check() == two.check() == []


def test_a_reference_to_the_newline_needs_both_births_in_the_horizon(pair: list[Vault]) -> None:
    one, _ = pair
    uid, [(first, text), _] = births(one)
    seam = OpId(len(text), seam_actor(first))
    by_birth = {
        change.ops[0].birth: change
        for change in map(decode, changes(one))
        if isinstance(change.ops[0], Create)
    }
    start = max(change.last for change in by_birth.values()) + 1
    deps = tuple(sorted((change.actor, change.seq) for change in by_birth.values()))
    good = Change(77, 1, start, deps, 0, uid, (Insert(OpId(start, 77), seam, "x\n"),))
    for known in deps:
        last = next(change.last for change in by_birth.values() if change.actor == known[0])
        id = OpId(last + 1, 77)
        for op in (
            Insert(id, OpId(min(seam.counter, last), seam.actor), "x"),
            Delete((Span(seam.actor, 1, 1),)),
        ):
            before = state(one)
            with pytest.raises(InvalidChange):
                one.apply(batch(replace(good, start=last + 1, deps=(known,), ops=(op,))))
            assert state(one) == before
    one.apply(batch(good))
    assert f"{text}\nx\n" in one.note("N").text
    assert one.check() == []


def test_a_birth_in_the_same_change_brings_no_newline(pair: list[Vault]) -> None:
    """Or the verdict would depend on what else a receiver has."""
    one, _ = pair
    uid, [(first, text), (last, other)] = births(one)
    seen = next(change for change in map(decode, changes(one)) if change.ops[0].birth == last)  # type: ignore[union-attr]
    start = seen.last + 1
    create = Create(first, "N", text, ())
    at = max(start, len(text)) + 1
    insert = Insert(OpId(at, 77), OpId(len(text), seam_actor(first)), "x")
    for ops in ((create, insert), (create, Create(last, "N", other, ()), insert)):
        if len(ops) == 3:
            ops = (create, ops[1], Insert(OpId(at + len(other) + 1, 77), insert.after, "x"))
        before = state(one)
        with pytest.raises(InvalidChange):
            one.apply(batch(Change(77, 1, start, ((seen.actor, seen.seq),), 0, uid, ops)))
        assert state(one) == before
