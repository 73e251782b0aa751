import gc
import os
import secrets
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from crdtnotes.crdt import COMPILED
from tests.shares import SHARES, Share, is_left_out

MEMORY = Path("/dev/shm")
LEAST_MEMORY = 1 << 30
"""Bytes that must be free in memory for the tests' files to go there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--share",
        choices=list(SHARES),
        default="usual",
        help="how much is played of what is drawn at random (tests/shares.py)",
    )
    parser.addoption(
        "--beyond",
        choices=list(SHARES),
        help="leave out what a run of this share plays in the same way, because it has just passed",
    )
    parser.addoption(
        "--forks",
        type=int,
        metavar="N",
        help="random histories in which two devices are copied at once (tests/sync/forking.py)",
    )


def pytest_configure(config: pytest.Config) -> None:
    examples = share_of(config).examples
    settings.register_profile("default", deadline=None, print_blob=True, max_examples=examples)
    settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "default")
    # Tests start hundreds of processes: without this each would compile every module of the project again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Tests wait for the disk a hundred thousand times, and only those in `crashes` ask what reached it; they
    # see for themselves where their files lie.
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= LEAST_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    # What all test modules hold stays: a collection that walks through it takes a tenth of a second.
    gc.collect()
    gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return is_left_out(collection_path, share_of(config), compiled=COMPILED) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    share, passed = share_of(config), passed_share(config)
    chosen = [item for item in items if share.name != "quick" or item.get_closest_marker("long") is None]
    if passed is not None:
        chosen = [item for item in chosen if _depends_on_share(item, passed)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _depends_on_share(item: pytest.Item, passed: Share) -> bool:
    """Whether a test plays more than in a run of the share that passed, which may have left it out."""
    if is_left_out(item.path, passed, compiled=COMPILED):
        return True
    if passed.name == "quick" and item.get_closest_marker("long") is not None:
        return True
    names = set(getattr(item, "fixturenames", ()))
    drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return drawn or "share" in names or not names.isdisjoint(passed.counts)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    counts = share_of(metafunc.config).counts
    passed = passed_share(metafunc.config)
    # A run left out may have played none of the files in which these names are.
    skipped = passed is None or is_left_out(metafunc.definition.path, passed, compiled=COMPILED)
    forks = metafunc.config.getoption("--forks")
    if forks is not None:
        counts["forks_seed"] = forks
    for name, count in counts.items():
        if name in metafunc.fixturenames:
            first = 0 if skipped or passed is None else passed.counts[name]
            metafunc.parametrize(name, range(first, count))


def share_of(config: pytest.Config) -> Share:
    return SHARES[config.getoption("--share")]


def passed_share(config: pytest.Config) -> Share | None:
    """The share of the run that has just passed, if this one is to go on from there."""
    name = config.getoption("--beyond")
    return None if name is None else SHARES[name]


@pytest.fixture(scope="session")
def share(pytestconfig: pytest.Config) -> Share:
    """How much this run plays of what is drawn at random."""
    return share_of(pytestconfig)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own data folder: no test may touch the keys or the vault of the user who runs it."""
    folder = tmp_path_factory.getbasetemp() / f"home-{secrets.token_hex(8)}"
    monkeypatch.setenv("CRDTNOTES_HOME", str(folder))
    return folder
