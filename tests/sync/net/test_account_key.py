"""The key by which the programs of one user recognise each other."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crdtnotes.errors import LocalError
from crdtnotes.sync.net.account_key import KEY_BYTES, account_key

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and FIFOs")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the key's folder is made."""
    monkeypatch.setenv("CRDTNOTES_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "account"


def test_it_is_made_once_by_programs_that_start_at_the_same_time(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: account_key(), range(32)))
    assert [len(key) for key in keys] == [KEY_BYTES]
    assert [one.name for one in folder.parent.iterdir()] == ["account"]


@posix
def test_only_its_user_can_read_it(folder: Path) -> None:
    account_key()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "key").stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_one_that_others_can_read_or_write_is_refused(folder: Path, mode: int) -> None:
    account_key()
    (folder / "key").chmod(mode)
    with pytest.raises(LocalError, match="another user can read it"):
        account_key()


@posix
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="gives a file away")
def test_one_that_another_user_made_is_refused(folder: Path) -> None:
    account_key()
    os.chown(folder / "key", 65534, 65534)
    with pytest.raises(LocalError, match="another user"):
        account_key()


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_one_is_refused(folder: Path, content: bytes) -> None:
    account_key()
    (folder / "key").write_bytes(content)
    with pytest.raises(LocalError, match="damaged"):
        account_key()


@posix
@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_something_else_at_its_path_is_refused_and_not_waited_for(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True)
    if kind == "link":
        (folder / "other").write_bytes(bytes(KEY_BYTES))
        (folder / "key").symlink_to(folder / "other")
    elif kind == "fifo":
        os.mkfifo(folder / "key")
    else:
        (folder / "key").mkdir()
    with pytest.raises(LocalError, match="cannot be used"):
        account_key()


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    folder.parent.write_text("a file is in the way")
    with pytest.raises(LocalError, match="cannot be used"):
        account_key()
