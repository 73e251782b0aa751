"""Packing changes only how the log is stored in the file."""

import sqlite3
from pathlib import Path
from random import Random

import pytest

from crdtnotes.changes.batch import Form, Packed, open_piece, unbatch
from crdtnotes.errors import Damaged, DecodeError, LocalError
from crdtnotes.store import replica as replica_module
from crdtnotes.store.compaction import packing
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import changes, meet, replicas, send


def type_much(vault: Vault, name: str, count: int, random: Random) -> None:
    """Edit a note in many small changes."""
    note = vault.note(name)
    for _ in range(count):
        length = len(note.text)
        at = random.randint(0, length)
        if length > 20 and random.random() < 0.3:
            note.delete(min(at, length - 3), random.randint(1, 3))
        else:
            note.insert(at, random.choice(["a", "字词", "[[链接]]", "\n", "word "]))


def blocks(vault: Vault) -> list[tuple[int, int]]:
    return vault.replica.conn.execute("SELECT seq, until FROM blocks ORDER BY id").fetchall()


def test_a_packed_log_has_the_same_content(tmp_path: Path) -> None:
    random = Random(1)
    with replicas(tmp_path) as [one, two]:
        one.create_note("笔记", "text")
        type_much(one, "笔记", 200, random)
        send(one, two)
        before, digest = changes(one), one.digest
        assert packing.pack(one.replica) == 201
        assert blocks(one) == [(1, 201)]
        assert changes(one) == before
        assert one.digest == digest
        assert one.check() == []
        check_against_log(one)
        check_against_new_file(one, tmp_path / "new.db")
        type_much(two, "笔记", 5, random)
        meet(one, two)
        assert one.check() == two.check() == []
    with Vault.open(one.path) as again:
        assert again.check() == []
        assert again.note("笔记").text
        type_much(again, "笔记", 3, random)
        assert again.check() == []


def test_a_block_is_sent_and_stored_unchanged(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("a", "text")
        type_much(one, "a", 150, Random(2))
        packing.pack(one.replica)
        [batch] = one.changes_since({})
        pieces = [opened.piece for opened in unbatch(batch)]
        assert sum(isinstance(piece, Packed) for piece in pieces) == 1
        two.apply(batch)
        assert two.digest == one.digest
        assert blocks(two) == blocks(one)
        assert two.check() == []
        assert two.apply(batch).known == 151


def test_a_peer_that_lacks_part_of_a_block_gets_that_part(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("a", "text")
        type_much(one, "a", 70, Random(3))
        send(one, two)
        type_much(one, "a", 80, Random(4))
        packing.pack(one.replica)
        assert len(changes(one, two.version)) == 80
        send(one, two)
        assert two.digest == one.digest
        assert two.check() == []


def test_blocks_of_two_concurrent_writers_reach_a_third_in_causal_order(tmp_path: Path) -> None:
    random = Random(5)
    with replicas(tmp_path, 4) as [one, two, three, four]:
        one.create_note("a", "text")
        for _ in range(6):
            meet(one, two)
            type_much(one, "a", 30, random)
            type_much(two, "a", 30, random)
        meet(one, two)
        for vault in (one, two):
            assert packing.pack(vault.replica) > 300
        send(one, three)
        send(two, four)
        assert len({vault.digest for vault in (one, two, three, four)}) == 1
        for vault in (one, two, three, four):
            assert vault.check() == []
            check_against_log(vault)


def test_a_block_grows_until_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_BLOCK_CHANGES", 300)
    random = Random(6)
    with replicas(tmp_path, 1) as [one]:
        one.create_note("a", "text")
        for _ in range(5):
            type_much(one, "a", 80, random)
            packing.pack(one.replica)
        sizes = [until - seq + 1 for seq, until in blocks(one)]
        assert sum(sizes) == 401
        assert max(sizes) <= 300
        assert len(sizes) < 5
        assert one.check() == []
        check_against_log(one)


def test_another_process_sees_a_note_whole_while_its_history_is_packed(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one], Vault.open(one.path) as other:
        one.create_note("a", "text")
        seen = other.note("a").open()
        type_much(one, "a", 100, Random(7))
        packing.pack(one.replica)
        assert other.note("a").text == one.note("a").text
        seen.refresh()
        assert seen.text == one.note("a").text


def test_a_birth_only_note_stays_readable(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for number in range(100):
            one.create_note(f"n{number}", f"text {number}")
        assert packing.pack(one.replica) == 0
        for number in range(100):
            one.note(f"n{number}").append("more")
        assert packing.pack(one.replica) == 200
        assert one.note("n5").text == "text 5\nmore\n"
        # The births come in a block before later changes: each text is readable at every moment.
        [batch] = one.changes_since({})
        opened = [piece for piece in unbatch(batch) if isinstance(piece.piece, Packed)]
        assert len(opened) == 1
        send(one, two)
        assert two.digest == one.digest
        assert two.check() == []


def test_changes_that_do_not_read_back_are_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("a", "text")
        type_much(one, "a", 100, Random(8))
        before = changes(one)
        with monkeypatch.context() as patch:
            patch.setattr("crdtnotes.store.log.blocks.open_piece", lambda _: [])
            with pytest.raises(Damaged):
                packing.pack(one.replica)
        assert blocks(one) == []
        assert changes(one) == before


def _unreadable(length: int, data: bytes) -> bytes:
    """Flip a bit of a block's bytes so that it cannot be decoded; a few flips only change what it says."""
    for at in range(len(data) - 9, 0, -1):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            open_piece(Packed(Form.BLOCK, length, flipped))
        except DecodeError:
            return flipped
    raise AssertionError("each flip leaves a block that can be decoded")


def test_a_damaged_block_is_never_used(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("a", "text")
        type_much(one, "a", 100, Random(9))
        packing.pack(one.replica)
    with sqlite3.connect(one.path) as conn:
        length, data = conn.execute("SELECT length, data FROM blocks").fetchone()
        conn.execute("UPDATE blocks SET data = ?", (_unreadable(length, data),))
    conn.close()
    with Vault.open(one.path) as again:
        assert any("cannot be read" in problem for problem in again.check())
        with pytest.raises(Damaged):
            changes(again, {again.actor: 50})
        assert again.note("a").text


def test_a_block_of_one_change_is_a_block(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        one.create_note("a", "text")
        one.note("a").append("more")
        meet(one, two)
        two.note("a").append("answer")
        assert packing.pack(one.replica, least=1) == 2
        one.note("a").append("and more")
        assert packing.pack(one.replica, least=1) == 1
        meet(one, two, three)
        for vault in (one, two, three):
            assert vault.check() == []
            assert packing.pack(vault.replica, least=1) >= 0
            check_against_log(vault)


def test_compacting_makes_the_file_small_and_changes_nothing_else(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("a", "text")
        type_much(one, "a", 300, Random(10))
        before, digest, size = changes(one), one.digest, one.path.stat().st_size
        steps: list[tuple[int, int]] = []
        one.compact(lambda done, total: steps.append((done, total)))
        assert steps[-1] == (301, 301)
        assert one.path.stat().st_size < size
        assert (changes(one), one.digest) == (before, digest)
        assert one.check() == []
        assert one.search("字词")[0].note == "a"


def test_a_long_history_is_packed_when_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "AUTO_PACK_CHANGES", 100)
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a", "text")
        type_much(vault, "a", 98, Random(11))
    with Vault.open(tmp_path / "v.db") as vault:
        assert blocks(vault) == []
        type_much(vault, "a", 1, Random(12))
    with Vault.open(tmp_path / "v.db") as vault:
        assert blocks(vault) == [(1, 100)]
        assert vault.check() == []


def test_births_alone_are_never_packed_on_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica_module, "AUTO_PACK_CHANGES", 10)
    with replicas(tmp_path, 1) as [one]:
        for number in range(20):
            one.create_note(f"n{number}", "text")
        assert not packing.is_due(one.replica, 10)
        for number in range(20):
            one.note(f"n{number}").append("more")
        assert packing.is_due(one.replica, 10)


def test_damaged_changes_are_not_packed_and_do_not_prevent_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "AUTO_PACK_CHANGES", 50)
    with replicas(tmp_path, 1) as [one]:
        one.create_note("a", "text")
        type_much(one, "a", 100, Random(11))
        conn = one.replica.conn
        conn.execute("UPDATE log SET data = x'00' WHERE id = 40")
        with pytest.raises(Damaged):
            packing.pack(one.replica)
        assert packing.is_due(one.replica, 50)
    with Vault.open(one.path) as again:
        assert blocks(again) == []
        assert any("Entry 40" in problem for problem in again.check())


def test_a_vault_is_not_compacted_inside_a_transaction(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "a.vault") as vault:
        note = vault.create_note("系统", "before")
        with pytest.raises(LocalError, match="while a transaction is open"), vault.transaction():
            vault.compact()
        with vault.transaction():
            note.write("after")
        assert vault.note("系统").text == "after"
