"""Random schedules of the whole vault; a failure names its seed. See convergence.py for running more."""

from pathlib import Path

import pytest

from tests.store import convergence


def test_replicas_converge(schedule_seed: int, tmp_path: Path) -> None:
    convergence.run(schedule_seed, tmp_path)


def test_replicas_converge_where_snapshots_lag(
    lagging_seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_CHARACTERS_SAVED_AT_ONCE", 0)
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_SNAPSHOT_LAG", 7)
    monkeypatch.setattr("crdtnotes.store.views.documents.MAX_OPEN_DOCUMENTS", 1)
    convergence.run(lagging_seed, tmp_path)
