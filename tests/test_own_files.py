import os
import stat
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.own_files import open_own_file, open_regular_file, private_folder, write_regular_file
from crdtnotes.store import local_state

pytestmark = pytest.mark.skipif(os.name != "posix", reason="FIFOs and owners are POSIX's")


@pytest.fixture
def somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every file here belong to another user."""
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    (tmp_path / "link").symlink_to(path)
    for opened in (open_own_file(path), open_regular_file(path), open_regular_file(tmp_path / "link")):
        with opened as file:
            assert file.read() == b"x"


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    for opening in (open_own_file, open_regular_file, write_regular_file):
        with pytest.raises(OSError, match=r"file|user|folder|directory|device"):
            opening(path)


def test_a_link_is_not_followed_to_an_own_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "new").symlink_to(tmp_path / "made")
    for path in (tmp_path / "link", tmp_path / "new"):
        for opening in (open_own_file, write_regular_file):
            with pytest.raises(OSError, match="links"):
                opening(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.usefixtures("somebody_else")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(PermissionError):
        open_own_file(tmp_path / "a")


def test_a_private_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    for _ in range(2):
        assert stat.S_IMODE(private_folder(path).stat().st_mode) == 0o700
        path.chmod(0o777)
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "fifo")
    for other in ("link", "file", "fifo"):
        with pytest.raises(OSError, match=r"irectory|links"):
            private_folder(tmp_path / other)


@pytest.mark.usefixtures("somebody_else")
def test_another_users_folder_is_not_private(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        private_folder(tmp_path)


# -- the places where it is used


@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_the_record_of_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv(local_state.VARIABLE, str(tmp_path / "state"))
    path = tmp_path / "v"
    with Vault.create(path, "ana") as vault:
        vault.create_note("n", "a")
    (record,) = (tmp_path / "state" / "replicas").iterdir()
    record.unlink()
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    if kind == "fifo":
        os.mkfifo(record)
    else:
        record.symlink_to(other)
    with Vault.open(path) as vault:
        vault.note("n").append("b")
        assert vault.note("n").text == "a\nb\n"
    assert other.read_bytes() == b"precious"
