"""Helper processes give the same results as this process, and may die at any time."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest

from crdtnotes import Vault
from crdtnotes.helpers.outliner import links_of
from crdtnotes.helpers.pipes import receive, send
from crdtnotes.helpers.process import spare_cores
from crdtnotes.mirror import importer, outlining
from crdtnotes.mirror.importer import import_folder
from crdtnotes.mirror.outlining import Outlining
from tests.store.oracle import check_against_new_file

PARTS = [
    "[[系统]]",
    "![[图.png]]",
    "# 标题\n",
    "`[[代码]]`",
    "\n- [ ] [[一致性|别名]] #标签\n",
    "plain ",
    "【【全角】】",
]


def texts_of(seed: int, count: int, length: int = 40) -> list[str]:
    random = Random(seed)
    return ["".join(random.choices(PARTS, k=length)) for _ in range(count)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlining, "BATCH_CHARACTERS", 2000)


@pytest.mark.parametrize("helpers", [0, 1, 2])
def test_links_are_found_in_order(helpers: int) -> None:
    first, second = texts_of(1, 60), ["", *texts_of(2, 30), "字" * 5000]
    with Outlining(helpers) as these:
        one, two = these.begin(first), these.begin(second)
        assert list(these.finish(one)) == [links_of(text) for text in first]
        assert list(these.finish(two)) == [links_of(text) for text in second]
        assert list(these.finish(these.begin([]))) == []
        processes = list(these._processes)
        assert len(processes) == helpers
    assert all(process.poll() is not None for process in processes)


def test_another_process_finds_some_links(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(3, 40)
    expected = [links_of(text) for text in texts]
    with Outlining(1) as these:
        batches = these.begin(texts)
        for batch in batches:
            assert batch.found is not None
            assert batch.found.result(60)
        monkeypatch.setattr(outlining, "links_of", lambda _: pytest.fail("not found by a helper"))
        assert list(these.finish(batches)) == expected


def test_a_process_that_dies_costs_nothing() -> None:
    texts = texts_of(4, 200)
    with Outlining(2) as these:
        batches = these.begin(texts)
        found = these.finish(batches)
        one = [next(found) for _ in range(5)]
        for process in these._processes:
            process.kill()
        assert one + list(found) == [links_of(text) for text in texts]


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/cat"])
def test_without_helper_processes_this_process_does_the_work(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    texts = texts_of(5, 20)
    with Outlining(2) as these:
        assert list(these.finish(these.begin(texts))) == [links_of(text) for text in texts]


def test_leaving_early_leaves_no_process() -> None:
    with Outlining(2) as these:
        these.begin(texts_of(6, 300))
        processes = list(these._processes)
    assert len(processes) == 2
    assert all(process.returncode is not None for process in processes)


def test_a_helper_outlives_a_ctrl_c_but_not_its_pipe() -> None:
    helper = subprocess.Popen(
        [sys.executable, "-P", "-m", "crdtnotes.helpers.outliner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert helper.stdin is not None
    assert helper.stdout is not None
    assert receive(helper.stdout) == msgspec.msgpack.encode([])
    send(helper.stdin, ["[[a]]"])
    assert receive(helper.stdout)
    os.kill(helper.pid, signal.SIGINT)
    send(helper.stdin, ["[[b]]"])
    assert receive(helper.stdout)
    helper.stdin.close()
    assert helper.wait(60) == 0
    helper.stdout.close()


def test_helpers_do_not_change_the_report_of_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number, text in enumerate(texts_of(9, 120)):
        (folder / f"笔记 {number}.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(importer, "MIN_BYTES_FOR_HELPERS", 1)
    monkeypatch.setattr(importer, "CHUNK_NOTES", 25)
    graphs = []
    for helpers in (0, 2):
        monkeypatch.setattr(importer, "spare_cores", lambda count=helpers: count)
        with Vault.create(tmp_path / f"{helpers}.db") as vault:
            report = import_folder(vault, folder)
            assert len(report.created) == 120
            assert vault.check() == []
            check_against_new_file(vault, tmp_path / f"new {helpers}.db")
            graphs.append(sorted(vault.graph().edges(data=True)))
            (folder / "笔记 7.md").write_text(f"[[笔记 {helpers}]]\n", encoding="utf-8")
            again = import_folder(vault, folder)
            assert again.updated == ["笔记 7"]
            assert len(again.unchanged) == 119
    assert graphs[0]
    assert spare_cores() >= 0
