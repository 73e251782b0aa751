from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "vault.db") as vault:
        yield vault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for Markdown files."""
    path = tmp_path / "folder"
    path.mkdir()
    return path
