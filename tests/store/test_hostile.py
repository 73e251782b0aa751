"""Changes and blocks from a malicious peer, or from one whose version of a stream differs."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from crdtnotes.changes import block
from crdtnotes.changes.batch import Form, Packed, piece_of
from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.compression import compress
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Create, Delete, Insert
from crdtnotes.errors import Fork, InvalidChange, RemoteError
from crdtnotes.store.activity import arrivals
from crdtnotes.store.compaction import packing
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log
from tests.vaults import batch, changes, created, meet, replicas, send, state


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Vault]]:
    """Two replicas; the first has written sixty changes to two notes, whose runs `piece` packs."""
    with replicas(tmp_path) as vaults:
        one = vaults[0]
        one.create_note("笔记", "text")
        one.create_note("bare", "一样")
        random = Random(3)
        for number in range(58):
            note = one.note("笔记")
            note.insert(random.randint(0, len(note.text)), f"字{number}")
        yield vaults


def stream(vault: Vault) -> list[Change]:
    return [decode(data) for data in changes(vault)]


def piece(run: list[Change]) -> Packed:
    data = block.pack(run)
    return Packed(Form.BLOCK, len(data), compress(data))


def other(change: Change) -> Change:
    """Another change under the same number, as valid as this one."""
    return replace(change, time=change.time + 1)


@pytest.mark.parametrize("known", [1, 2, 30, 59, 60])
@pytest.mark.parametrize("packed", [False, True])
def test_a_block_that_overlaps_the_log_adds_the_rest(pair: list[Vault], known: int, *, packed: bool) -> None:
    one, two = pair
    run = stream(one)
    two.apply(batch(*run[:known]))
    if packed:
        packing.pack(two.replica, least=1)
    summary = two.apply(batch(piece(run[known // 2 :])))
    assert summary.changes == 60 - known
    assert two.digest == one.digest
    assert two.check() == []
    check_against_log(two)


@pytest.mark.parametrize("at", [0, 1, 20, 39, 40])
@pytest.mark.parametrize("packed", [False, True])
def test_another_version_of_a_change_inside_a_block_is_a_fork(
    pair: list[Vault], at: int, *, packed: bool
) -> None:
    one, two = pair
    run = stream(one)
    two.apply(batch(*run[:41]))
    if packed:
        packing.pack(two.replica, least=1)
    before = state(two)
    forked = [*run[:at], other(run[at]), *run[at + 1 :]]
    with pytest.raises(Fork) as caught:
        two.apply(batch(piece(forked)))
    assert (caught.value.actor, caught.value.seq) == (int(one.actor, 16), at + 1)
    assert state(two) == before
    assert two.check() == []


def test_a_block_of_the_branch_that_gave_way_is_a_fork(pair: list[Vault]) -> None:
    one, two = pair
    run = stream(one)
    two.apply(batch(*run[:10]))
    two.replica.forks.give_way(int(one.actor, 16), 5, (0, bytes(16)))
    before = state(two)
    for first in (0, 4):
        with pytest.raises(Fork):
            two.apply(batch(piece(run[first:])))
        assert state(two) == before
    assert two.check() == []


@pytest.mark.parametrize("at", [0, 5, 59])
def test_a_block_with_one_wrong_change_leaves_nothing(pair: list[Vault], at: int) -> None:
    one, two = pair
    run = stream(one)
    before = state(two)
    wrong = {
        "clock": replace(run[at], start=run[at].start + 1),
        "dependency": replace(run[at], deps=((99, 7),)),
        "note": replace(run[at], note=bytes(16), ops=(Delete(()),)),
    }
    for change in wrong.values():
        with pytest.raises(RemoteError):
            two.replica.receive([batch(piece([*run[:at], change, *run[at + 1 :]]))])
        assert state(two) == before
    send(one, two)
    assert two.digest == one.digest


def test_a_block_for_a_note_that_is_birth_only_on_one_side(tmp_path: Path) -> None:
    """Both created the page with the same text; one of them edited it further and packed all of it."""
    with replicas(tmp_path, 3) as [one, two, three]:
        for vault in (one, two):
            vault.create_note("每日", "一样")
            vault.create_note("other", f"by {vault.device}")
        for number in range(5):
            one.note("每日").append(f"line {number}")
        assert packing.pack(one.replica, least=1) == 6
        send(one, two)
        assert two.note("每日").text == one.note("每日").text
        send(two, three)
        meet(one, two, three)
        for vault in (one, two, three):
            packing.pack(vault.replica, least=1)
            assert vault.check() == []
            check_against_log(vault)
    with Vault.open(tmp_path / "1.db") as again:
        assert again.note("other").text.startswith("by")
        assert again.check() == []


def test_a_change_can_insert_behind_its_own_birth(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        first = created(one)
        texts = [chr(0x4E00 + number) for number in range(400)]
        creates = [Create(birth_actor(first.note, text), "by hand", text, ()) for text in texts]
        insert = Insert(OpId(first.last + 401, 77), OpId(1, creates[-1].birth), "x")
        one.apply(batch(replace(first, ops=(*first.ops, *creates, insert))))
        assert len(one.note("by hand").text) == 4 + 400 + 400 + 1  # with the newlines between them
        assert one.check() == []


def test_a_change_cannot_insert_behind_an_unseen_birth(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.apply(batch(created(one)))
        other = created(one, text="另一个", actor=78)
        one.apply(batch(other))
        unseen = birth_actor(other.note, "text")
        insert = Insert(OpId(other.last + 1, 78), OpId(1, unseen), "x")
        before = state(one)
        with pytest.raises(InvalidChange):
            one.apply(batch(Change(78, 2, other.last + 1, (), 0, other.note, (insert,))))
        assert state(one) == before


def test_an_operation_without_effect_is_harmless(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        first = created(one)
        one.apply(batch(first, Change(77, 2, first.last + 1, (), 5, first.note, (Delete(()),))))
        [arrival] = arrivals(one.replica, {})
        assert (arrival.name, arrival.changes, arrival.line) == ("by hand", 2, 1)


def test_a_history_whose_columns_are_larger_than_its_changes_can_be_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text inserted at the beginning again and again takes more room in columns than in changes."""
    limit = 16 * 1024
    monkeypatch.setattr(packing, "MAX_BLOCK_BYTES", limit)
    monkeypatch.setattr(packing, "_BYTES", limit // 2)
    monkeypatch.setattr(block, "MAX_BLOCK_BYTES", limit)
    monkeypatch.setattr("crdtnotes.changes.batch.MAX_BLOCK_BYTES", limit)
    with replicas(tmp_path, 1) as [one]:
        first = created(one, text="字" * 70_000)
        made = [first]
        for seq in range(2, 100):
            start = made[-1].last + 1
            ops = tuple(Insert(OpId(start + step, 77), ROOT, "x") for step in range(50))
            made.append(Change(77, seq, start, (), 0, first.note, ops))
            one.apply(batch(made[-1]) if seq > 2 else batch(*made))
            one.replica.flush_snapshots()
            packing.pack(one.replica, least=1)
        assert one.check() == []
        lengths = one.replica.conn.execute("SELECT length FROM blocks").fetchall()
        assert max(length for (length,) in lengths) <= limit
        check_against_log(one)


def test_a_few_bytes_with_millions_of_links_take_no_memory(pair: list[Vault]) -> None:
    one, two = pair
    count = 1_000_000
    uid = note_id(bytes.fromhex(one.id), "bomb")
    create = Create(birth_actor(uid, "x" * count), "bomb", "x" * count, (("link", "y", count),))
    sent = batch(piece_of(encode(Change(77, 1, 1, (), 0, uid, (create,)))))
    assert len(sent) < 250
    tracemalloc.start()
    one.apply(sent)
    _, peak = tracemalloc.get_traced_memory()
    one.note("bomb").insert(0, "[[z]] ")
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000  # the text itself is there several times
    assert left < 40_000_000
    send(one, two)
    assert two.digest == one.digest
    # A few edits take a forged link's tags away; until then check names it.
    [said] = one.check()
    assert said == two.check()[0]
    assert "links of 'bomb'" in said
