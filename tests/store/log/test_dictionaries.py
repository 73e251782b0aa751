"""Dictionaries make the log smaller and change nothing else."""

import sqlite3
from pathlib import Path
from random import Random

import pytest

from crdtnotes.changes.batch import Packed, unbatch
from crdtnotes.changes.compression import Dictionary, decompress, dictionary_of, trained
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.repair import repair
from crdtnotes.store.compaction.recompress import recompress
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import changes, fast, meet, replicas, send

WORDS = [
    "分布式",
    "系统",
    "一致",
    "[[链接]]",
    "replica",
    "#tag",
    "causal",
    "，",
    "。",
    " and ",
    "\n- ",
    "ＣＡＰ",
]


def prose(random: Random, length: int = 600) -> str:
    return "# 标题\n\n" + "".join(random.choice(WORDS) for _ in range(length))


def fill(vault: Vault, count: int) -> dict[str, str]:
    random = Random(count)
    texts = {f"笔记/{number}": prose(random) for number in range(count)}
    with vault.transaction():
        for name, text in texts.items():
            vault.create_note(name, text)
    return texts


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    conn = sqlite3.connect(path)
    try:
        return conn.execute(query).fetchall()
    finally:
        conn.close()


def test_a_dictionary_gives_back_what_it_was_given() -> None:
    random = Random(1)
    samples = [prose(random).encode() for _ in range(100)]
    data = trained(samples, 4096)
    assert data is not None
    assert len(data) <= 4096
    dictionary = Dictionary(data)
    for sample in samples:
        small = dictionary.compress(sample)
        assert dictionary_of(small) == dictionary_of(small[:18]) == dictionary.id != 0
        assert dictionary.decompress(small, len(sample)) == sample
        with pytest.raises(DecodeError):
            dictionary.decompress(small, len(sample) - 1)
        with pytest.raises(DecodeError):
            decompress(small, len(sample))


def test_few_samples_give_no_dictionary_and_garbage_is_not_one() -> None:
    assert trained([], 4096) is None
    assert trained([b"x"], 4096) is None
    with pytest.raises(DecodeError):
        Dictionary(b"rubbish")
    assert dictionary_of(b"rubbish") == 0


@pytest.mark.long
def test_a_recompressed_log_has_the_same_content_and_is_smaller(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        texts = fill(one, 200)
        send(one, two)
        two.note("笔记/7").append("more")
        send(two, one)
        before, digest = changes(one), one.digest
        [(size,)] = one.replica.conn.execute("SELECT sum(length(data)) FROM log").fetchall()
        steps: list[tuple[int, int]] = []
        assert recompress(one.replica, at_least=0, progress=lambda *step: steps.append(step)) == 200
        assert steps[0][0] == 0
        assert steps[-1] == (200, 200)
        [(smaller,)] = one.replica.conn.execute("SELECT sum(length(data)) FROM log").fetchall()
        assert smaller < size * 0.8
        assert recompress(one.replica, at_least=0) == 0
        assert changes(one) == before
        assert one.digest == digest
        assert one.note("笔记/7").text.startswith(texts.pop("笔记/7"))
        assert {name: one.note(name).text for name in texts} == texts
        assert one.check() == []
        check_against_log(one)
        check_against_new_file(one, tmp_path / "new.db")
        meet(one, two, three)
        assert three.check() == []


def test_a_receiver_needs_no_dictionary(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        fill(one, 100)
        recompress(one.replica, at_least=0)
        pieces = [opened.piece for batch in one.changes_since({}) for opened in unbatch(batch)]
    assert len(pieces) == 100
    for piece in pieces:
        assert isinstance(piece, Packed), "and it is sent compressed"
        assert dictionary_of(piece.data) == 0


def test_later_changes_use_the_same_dictionary(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        fill(one, 100)
        recompress(one.replica, at_least=0)
        with one.transaction():
            for number in range(30):
                one.create_note(f"later {number}", prose(Random(number)))
        with Vault.open(one.path) as other:
            assert recompress(other.replica, at_least=0) == 30
        assert one.note("later 3").text == prose(Random(3))
        assert one.check() == []
    assert rows(one.path, "SELECT count(DISTINCT id), count(*) FROM dictionaries") == [(1, 2)]


def test_a_small_log_is_left_as_it_is(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        fill(one, 50)
        one.compact()
    assert rows(one.path, "SELECT * FROM dictionaries") == []


@pytest.mark.parametrize("copy", [0, 1])
def test_one_damaged_copy_costs_nothing(tmp_path: Path, copy: int) -> None:
    with replicas(tmp_path, 1) as [one]:
        texts = fill(one, 100)
        recompress(one.replica, at_least=0)
    conn = sqlite3.connect(one.path)
    conn.execute("UPDATE dictionaries SET data = zeroblob(length(data)) WHERE copy = ?", (copy,))
    conn.commit()
    conn.close()
    with Vault.open(one.path) as again:
        assert [problem for problem in again.check() if f"Copy {copy} of the log's dictionary" in problem]
        assert {name: again.note(name).text for name in texts} == texts
    repair(one.path)
    with Vault.open(one.path) as mended:
        assert mended.check() == []
        assert {name: mended.note(name).text for name in texts} == texts


def test_without_the_dictionary_no_text_is_shown_and_a_peer_restores_it(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        texts = fill(one, 100)
        send(one, two)
        recompress(one.replica, at_least=0)
    conn = sqlite3.connect(one.path)
    conn.execute("UPDATE dictionaries SET sum = x''")
    conn.commit()
    conn.close()
    with Vault.open(one.path) as again:
        assert again.check() != []
        with pytest.raises(Damaged):
            assert again.note("笔记/7").text

    def fetch(part: Path) -> None:
        with Vault.open(part) as vault, Vault.open(two.path) as peer:
            send(peer, fast(vault))

    repair(one.path, fetch)
    with Vault.open(one.path) as mended:
        assert mended.check() == []
        assert {name: mended.note(name).text for name in texts} == texts
