from pathlib import Path

import pytest

from crdtnotes.trust.identity import Identity, own_identity


@pytest.fixture
def ana(tmp_path: Path) -> Identity:
    return own_identity(tmp_path / "ana")


@pytest.fixture
def bo(tmp_path: Path) -> Identity:
    return own_identity(tmp_path / "bo")
