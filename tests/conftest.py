import os
import secrets
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--forks",
        type=int,
        default=8,
        metavar="N",
        help="random histories in which two devices are copied at once (tests/sync/forking.py)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "forks_seed" in metafunc.fixturenames:
        metafunc.parametrize("forks_seed", range(metafunc.config.getoption("--forks")))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own data folder: no test may touch the keys or the vault of the user who runs it."""
    folder = tmp_path_factory.getbasetemp() / f"home-{secrets.token_hex(8)}"
    monkeypatch.setenv("CRDTNOTES_HOME", str(folder))
    return folder
