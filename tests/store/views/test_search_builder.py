"""The search index built by another process equals the one that this process would have built."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crdtnotes import Vault
from crdtnotes.helpers import process as process_module
from crdtnotes.helpers.indexer import END
from crdtnotes.helpers.pipes import receive, send
from crdtnotes.store.views import search
from crdtnotes.store.views import search_builder as indexing
from tests.store.oracle import check_against_new_file
from tests.vaults import batch, changes, fast

NOTES = 60


@pytest.fixture(autouse=True)
def little_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MIN_BULK_CHARACTERS", 100)
    monkeypatch.setattr(indexing, "MIN_HELPER_CHARACTERS", 500)
    monkeypatch.setattr(process_module, "spare_cores", lambda: 1)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "source.db") as vault:
        fast(vault)
        for number in range(NOTES):
            vault.create_note(
                f"笔记/{number}", f"# 第{number}篇\n\n分布式系统 word{number} [[{number + 1}]]\n" * 20
            )
        yield vault


@pytest.fixture
def clone(tmp_path: Path, source: Vault) -> Iterator[Vault]:
    with Vault.create(tmp_path / "clone.db", "clone", source.id) as vault:
        yield fast(vault)


def bring(source: Vault, to: Vault, parts: int = 4) -> None:
    """Bring all changes of one vault to another, in `parts` transactions."""
    missing = changes(source, to.version)
    size = -(-len(missing) // parts)
    for start in range(0, len(missing), size):
        to.apply(batch(*missing[start : start + size]))


def process(vault: Vault) -> "subprocess.Popen[bytes]":
    """The process that builds the vault's index."""
    made = vault.replica.search._indexing
    assert made is not None
    return made._helper


def names(vault: Vault, query: str) -> list[str]:
    return sorted(hit.note for hit in vault.search(query, limit=2 * NOTES))


def indexed(vault: Vault) -> int:
    """How many notes are in the index."""
    (count,) = vault.replica.conn.execute("SELECT count(*) FROM notes WHERE indexed IS NOT NULL").fetchone()
    return int(count)


def test_the_index_is_the_same(
    source: Vault, clone: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(clone, "系统") == []  # makes FTS5 read its tables
    bring(source, clone)
    helper = process(clone)
    assert indexed(clone) == 0
    with monkeypatch.context() as patch:
        patch.setattr(search, "spaced", lambda _: pytest.fail("the other process does this"))
        clone.replica.flush_index()
    assert helper.returncode is not None
    assert indexed(clone) == NOTES
    assert names(clone, "系统") == names(source, "系统")
    assert names(clone, '"word7"') == ["笔记/7"]
    assert clone.check() == []
    check_against_new_file(clone, tmp_path / "new.db")
    # From here on it is an index like any other.
    clone.note("笔记/7").write("别的")
    clone.note("笔记/8").remove()
    assert names(clone, '"word7"') == names(clone, '"word8"') == []
    assert names(clone, "别的") == ["笔记/7"]
    assert clone.check() == []
    check_against_new_file(clone, tmp_path / "newer.db")


def test_closing_stores_the_index(source: Vault, tmp_path: Path) -> None:
    with Vault.create(tmp_path / "clone.db", "clone", source.id) as clone:
        bring(source, clone)
        helper = process(clone)
    assert helper.returncode is not None
    with Vault.open(tmp_path / "clone.db", read_only=True) as again:
        assert indexed(again) == NOTES
        assert names(again, '"word7"') == ["笔记/7"]


def test_notes_changed_meanwhile_are_indexed_with_their_present_text(
    source: Vault, clone: Vault, tmp_path: Path
) -> None:
    bring(source, clone)
    with Vault.open(clone.path) as beside:  # as another process
        beside.note("笔记/3").write("三")
        beside.note("笔记/4").rename("四")
    clone.note("笔记/5").insert(0, "五 ")
    clone.note("笔记/6").remove()
    clone.create_note("新", "word6")
    assert names(clone, '"word3"') == []
    assert names(clone, '"word4"') == ["四"]
    assert names(clone, '"word6"') == ["新"]
    assert names(clone, "五") == ["笔记/5"]
    assert clone.check() == []
    check_against_new_file(clone, tmp_path / "new.db")


def test_a_search_inside_a_transaction_does_not_use_the_prepared_index(
    source: Vault, clone: Vault, tmp_path: Path
) -> None:
    bring(source, clone)
    with clone.transaction():
        clone.note("笔记/9").write("九")
        assert names(clone, "九") == ["笔记/9"]
        assert clone.replica.search.is_prepared
    assert names(clone, "word8") == ["笔记/8"]
    assert not clone.replica.search.is_prepared
    assert clone.check() == []
    check_against_new_file(clone, tmp_path / "new.db")


def test_notes_indexed_by_another_process_stay(source: Vault, clone: Vault, tmp_path: Path) -> None:
    bring(source, clone)
    with Vault.open(clone.path) as beside:
        beside.note("笔记/9").write("九")
        assert names(beside, "九") == ["笔记/9"]
    assert clone.replica.search.is_prepared
    assert names(clone, "九") == ["笔记/9"]
    assert clone.check() == []
    check_against_new_file(clone, tmp_path / "new.db")


def test_a_rewritten_log_invalidates_the_prepared_index(source: Vault, clone: Vault, tmp_path: Path) -> None:
    bring(source, clone)
    with clone.replica.transaction():
        clone.replica.conn.execute("UPDATE notes SET id = id + 1000")
        for table in ("log", "names", "links"):
            clone.replica.conn.execute(f"UPDATE {table} SET note = note + 1000")
        clone.replica.conn.execute("UPDATE links SET target = target + 1000")
    assert names(clone, '"word9"') == ["笔记/9"]
    check_against_new_file(clone, tmp_path / "new.db")


def test_a_process_that_dies_costs_nothing(source: Vault, clone: Vault, tmp_path: Path) -> None:
    bring(source, clone, 2)
    helper = process(clone)
    helper.kill()
    helper.wait()
    for number in range(20):
        source.create_note(f"后来/{number}", "late" * 100)
    bring(source, clone, 10)
    assert names(clone, '"word9"') == ["笔记/9"]
    assert len(names(clone, "late*")) == 20
    check_against_new_file(clone, tmp_path / "new.db")


def test_without_write_access_to_the_tables_the_index_is_built_here(
    source: Vault, clone: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some builds of SQLite do not allow writing to FTS5's own tables.
    def refuse(self: search.SearchIndex, built: indexing.Built) -> None:
        take_over(self, built._replace(tables=[*built.tables, ("nowhere", [[1, b""]])]))

    take_over = search.SearchIndex.take_over
    monkeypatch.setattr(search.SearchIndex, "take_over", refuse)
    bring(source, clone)
    clone.replica.put_in_prepared()
    assert indexed(clone) == 0
    assert clone.check() == []
    assert names(clone, '"word9"') == ["笔记/9"]
    check_against_new_file(clone, tmp_path / "new.db")


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/cat"])
def test_without_another_process_this_one_builds_the_index(
    source: Vault, clone: Vault, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    bring(source, clone)
    assert names(clone, '"word9"') == ["笔记/9"]
    assert clone.check() == []


def test_with_one_core_there_is_no_other_process(
    source: Vault, clone: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "spare_cores", lambda: 0)
    bring(source, clone)
    assert not clone.replica.search.is_prepared
    assert names(clone, '"word9"') == ["笔记/9"]


def test_little_text_now_and_then_needs_no_other_process(
    source: Vault, clone: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "MIN_BULK_CHARACTERS", 100_000)
    bring(source, clone, NOTES)
    assert not clone.replica.search.is_prepared
    assert clone.replica.search._kept == []
    assert names(clone, '"word9"') == ["笔记/9"]


def test_the_queue_for_the_other_process_is_bounded(
    source: Vault, clone: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_AHEAD", 1)
    bring(source, clone, NOTES)
    assert names(clone, '"word9"') == ["笔记/9"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_helper_outlives_a_ctrl_c_but_not_its_pipe(whole: bool) -> None:
    helper = subprocess.Popen(
        [sys.executable, "-P", "-m", "crdtnotes.helpers.indexer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert helper.stdin is not None
    assert helper.stdout is not None
    assert receive(helper.stdout) == msgspec.msgpack.encode(END)
    os.kill(helper.pid, signal.SIGINT)
    send(helper.stdin, "CREATE VIRTUAL TABLE search USING fts5(name, text, content='')")
    send(helper.stdin, [(1, "名", "系统")])
    if whole:
        send(helper.stdin, [])
        assert receive(helper.stdout) != msgspec.msgpack.encode(END)
    else:
        helper.stdin.close()
    assert helper.wait(60) == 0
    helper.stdout.close()
    helper.stdin.close()
