import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crdtnotes.errors import (
    CrdtnotesError,
    NewerVault,
    NotAVault,
    ReadOnly,
    VaultExists,
    VaultNotFound,
)
from crdtnotes.repair import repair
from crdtnotes.store.file.database import new_file
from crdtnotes.store.file.header import SCHEMA
from crdtnotes.vault import Vault

as_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "vault.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text")
    return path


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VaultNotFound):
        Vault.open(tmp_path / "none.db")
    with pytest.raises(FileNotFoundError):
        Vault.open(tmp_path / "none" / "none.db")
    assert list(tmp_path.iterdir()) == []


def other_database(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE meta (key, value)")
    conn.commit()
    conn.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("# A note\n" * 100),
        lambda path: path.write_bytes(b"SQLite format 3\0"),
        lambda path: path.write_bytes(bytes(5000)),
        other_database,
        lambda path: path.mkdir(),
        os.mkfifo,
    ],
    ids=["empty", "text", "short", "zeros", "another database", "folder", "pipe"],
)
def test_a_file_that_is_not_a_vault_is_left_alone(tmp_path: Path, make: object) -> None:
    path = tmp_path / "vault.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(NotAVault):
        Vault.open(path)
    with pytest.raises(VaultExists):
        Vault.create(path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_newer_file_is_left_alone_byte_for_byte(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    conn.close()
    before, modified = path.read_bytes(), path.stat().st_mtime_ns
    for use in (Vault.open, lambda path: Vault.open(path, read_only=True), repair):
        with pytest.raises(NewerVault, match="newer crdtnotes"):
            use(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, modified)
    assert list(path.parent.iterdir()) == [path]


def test_create_makes_folders_and_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        Vault.create(path)
    assert path.read_bytes() == before
    with Vault.create(tmp_path / "a" / "b" / "系统.db") as vault:
        assert len(vault) == 0
    with pytest.raises(CrdtnotesError):
        Vault.create(path / "below a file.db")


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_only_its_owner_may_read_a_vault(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_commits_are_durable_and_the_journal_is_not_a_wal(path: Path) -> None:
    with Vault.open(path) as vault:
        conn = vault.replica.conn
        assert conn.execute("PRAGMA synchronous").fetchone() == (2,)
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("truncate",)


DIES_HALFWAY = """
import os, sqlite3, sys

conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("PRAGMA cache_size = 1")
conn.execute("BEGIN IMMEDIATE")
conn.execute("CREATE TABLE half AS SELECT randomblob(100000) AS done")
conn.execute("UPDATE meta SET value = 'half done' WHERE key = 'device'")
conn.execute("INSERT INTO half SELECT randomblob(100000)")
os._exit(0)
"""


@pytest.mark.parametrize("read_only", [True, False])
def test_an_unfinished_transaction_of_a_killed_writer_is_rolled_back(path: Path, *, read_only: bool) -> None:
    with Vault.open(path) as vault:
        device = vault.replica.device
    subprocess.run([sys.executable, "-c", DIES_HALFWAY, path], check=True)
    journal = path.with_name(path.name + "-journal")
    assert journal.stat().st_size
    assert b"half done" in path.read_bytes()
    with Vault.open(path, read_only=read_only) as vault:
        assert vault.replica.device == device
        assert vault.note("A").text == "text"
        assert vault.check() == []


def test_a_file_without_the_vaults_identity_is_not_a_vault(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute("DELETE FROM meta WHERE key = 'actor'")
    conn.commit()
    conn.close()
    with pytest.raises(NotAVault):
        Vault.open(path)


def test_a_damaged_file_is_refused_or_fails_the_check(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(1, len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        try:
            with Vault.open(path) as vault:
                assert vault.check() != [], f"page {page}"
        except CrdtnotesError:
            continue


@as_user
def test_a_read_only_file(path: Path) -> None:
    path.chmod(0o400)
    with Vault.open(path) as vault:
        assert vault.note("A").text == "text"
        with pytest.raises(ReadOnly):
            vault.create_note("B")
        assert [info.name for info in vault.notes()] == ["A"]


@as_user
def test_a_read_only_folder(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            Vault.create(path.parent / "new.db")
    finally:
        path.parent.chmod(0o700)


def test_a_new_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "v.db"

    def fail_half_way() -> None:
        with new_file(path) as part:
            part.write_text("half")
            assert not path.exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.db"

    def be_late() -> None:
        with new_file(path) as part:
            part.write_text("new")
            path.write_text("theirs")

    for links in (True, False):
        if not links:
            monkeypatch.setattr(Path, "hardlink_to", _no_links)
        with pytest.raises(VaultExists):
            be_late()
        assert path.read_text() == "theirs"
        path.unlink()
    with new_file(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def _no_links(self: Path, target: Path) -> None:
    raise PermissionError("no hard links here")


def test_nothing_is_left_beside_a_closed_vault(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault, Vault.open(path) as other:
        vault.create_note("a", "b")
        other.create_note("c", "d")
    assert list(tmp_path.iterdir()) == [path]
