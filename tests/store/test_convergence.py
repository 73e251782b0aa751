"""Schedules of the whole vault; a failure names its seed. convergence.py says how to run more of them."""

from pathlib import Path

import pytest

from tests.store import convergence


def test_replicas_converge(schedule_seed: int, tmp_path: Path) -> None:
    convergence.run(schedule_seed, tmp_path)


def test_replicas_converge_where_snapshots_lag(
    lagging_seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.views.derived.SMALL", 0)
    monkeypatch.setattr("crdtnotes.store.views.derived.LAG", 7)
    monkeypatch.setattr("crdtnotes.store.views.documents.KEPT", 1)
    convergence.run(lagging_seed, tmp_path)
