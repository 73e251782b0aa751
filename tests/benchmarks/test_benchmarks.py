"""The benchmarks run and give figures; none of these tests checks speed."""

import gzip
import json
import math
from pathlib import Path

import pytest

from tests.benchmarks import traces
from tests.benchmarks.inputs import TINY, Inputs
from tests.benchmarks.measure import BYTES, PER_SECOND, SECONDS, Row, in_turn, percentile
from tests.benchmarks.notes import make_notes
from tests.benchmarks.report import amount, cells
from tests.benchmarks.suite import BENCHMARKS
from tests.benchmarks.texts import plan


@pytest.mark.parametrize("name", BENCHMARKS)
@pytest.mark.filterwarnings("default")  # warnings of peers are not our concern
def test_each_benchmark_gives_figures(name: str, tmp_path: Path) -> None:
    rows = list(BENCHMARKS[name](Inputs(tmp_path, runs=1, sizes=TINY)))
    assert rows
    for row in rows:
        assert math.isfinite(row.ours)
        assert row.ours >= 0
        assert (row.ratio is None) == (row.peer is None)
        assert len(cells(row)) == 7


def test_the_end_of_generated_typing_is_the_result_of_its_patches() -> None:
    trace = traces.typing(2000)
    text = ""
    for start, deleted, inserted in trace.patches:
        assert start + deleted <= len(text)
        text = text[:start] + inserted + text[start + deleted :]
    assert text == trace.end
    assert not text.isascii()
    assert traces.typing(2000) == trace


def test_generated_concurrent_typing_has_two_people_who_follow_each_other() -> None:
    trace = traces.concurrent(2000)
    assert trace.agents == [0, 1]
    assert any(len(txn.parents) == 2 for txn in trace.txns)
    assert all(parent < number for number, txn in enumerate(trace.txns) for parent in txn.parents)


def test_every_received_parcel_was_sent_before() -> None:
    trace = traces.concurrent(500)
    sent = dict.fromkeys(trace.agents, 0)
    taken: set[tuple[int, int, int]] = set()
    for step in plan(trace):
        for agent, number in step.takes:
            assert number < sent[agent]
            assert (step.txn.agent, agent, number) not in taken
            taken.add((step.txn.agent, agent, number))
        sent[step.txn.agent] += step.sends
    assert taken


def test_an_agent_in_two_places_at_once_is_refused() -> None:
    txns = (traces.Txn(((0, 0, "a"),)), traces.Txn(((0, 0, "b"),)))
    with pytest.raises(ValueError, match="two places"):
        plan(traces.Trace("bad", "", "ba", txns))


def test_recordings_are_read_plain_and_gzipped(tmp_path: Path) -> None:
    content = {"startContent": "a", "endContent": "ab", "txns": [{"patches": [[1, 0, "b"]]}]}
    plain, packed, wrong = tmp_path / "t.json", tmp_path / "t.json.gz", tmp_path / "wrong.json"
    plain.write_text(json.dumps(content))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    wrong.write_text("{}")
    assert traces.load(plain) == traces.load(packed)
    assert traces.load(plain).patches == [(0, 0, "a"), (1, 0, "b")]
    with pytest.raises(ValueError, match="not a recording"):
        traces.load(wrong)


def test_generated_notes_have_the_requested_size_and_link_to_each_other(tmp_path: Path) -> None:
    make_notes(tmp_path, 100, 2000)
    files = list(tmp_path.rglob("*.md"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    assert len(files) == 100
    assert 1500 < sum(len(text.encode()) for text in texts) / 100 < 3000
    assert sum(text.count("[[") for text in texts) > 100
    assert len({file.name for file in files}) < 100
    assert sum(not text.isascii() for text in texts) > 40


def test_pairs_are_measured_in_turn_and_the_ratio_is_the_rounds_own() -> None:
    calls: list[str] = []
    mine, theirs = iter([9.0, 1.0, 2.0, 30.0]), iter([9.0, 2.0, 4.0, 10.0])

    def ours() -> float:
        calls.append("ours")
        return next(mine)

    def peer() -> float:
        calls.append("peer")
        return next(theirs)

    pair = in_turn(ours, peer, 3)
    assert calls == ["ours", "peer"] * 4
    assert (pair.ours, pair.peer, pair.ratio) == (2.0, 4.0, 0.5)


def test_a_peer_that_is_not_installed_has_no_ratio() -> None:
    pair = in_turn(lambda: 1.0, None, 2)
    assert (pair.peer, pair.ratio) == (None, None)
    assert cells(Row("b", "c", SECONDS, 1.0, against="Loro"))[3:5] == ["Loro not installed", ""]


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (50, 95, 100)] == [50.0, 95.0, 100.0]
    assert percentile([3.0], 95) == 3.0


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1.234, SECONDS, "1.23 s"),
        (0.0123, SECONDS, "12.3 ms"),
        (0.0000123, SECONDS, "12.3 µs"),
        (512, BYTES, "512 B"),
        (252_000, BYTES, "252.0 kB"),
        (34_000_000, BYTES, "34.0 MB"),
        (12_345, PER_SECOND, "12,345 /s"),
    ],
)
def test_figures_get_suitable_units(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words
