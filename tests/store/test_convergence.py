"""Random schedules of the whole vault; a failure names its seed. See convergence.py for running more."""

from pathlib import Path

import pytest

from tests.store import convergence


@pytest.mark.parametrize("seed", range(150))
def test_replicas_converge(seed: int, tmp_path: Path) -> None:
    convergence.run(seed, tmp_path)


@pytest.mark.parametrize("seed", range(30))
def test_replicas_converge_where_snapshots_lag(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_CHARACTERS_SAVED_AT_ONCE", 0)
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_SNAPSHOT_LAG", 7)
    monkeypatch.setattr("crdtnotes.store.views.documents.MAX_OPEN_DOCUMENTS", 1)
    convergence.run(seed, tmp_path)
