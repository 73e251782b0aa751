"""Full disks: by SQLite's own limit, by a limit on file sizes, and by a full file system."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTES = 4
_MOUNT = f'mount -t tmpfs -o size={MEGABYTES}m tmpfs "$0" && exec "$@"'


def own_file_system(folder: Path, *command: str) -> list[str]:
    """Return the command, run with its own small file system at a folder; both end together."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", _MOUNT, str(folder), *command]


def can_mount(folder: Path) -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run(own_file_system(folder, "true"), capture_output=True, check=False).returncode == 0
    )


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "full after" in done.stdout


def program(limit: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.crashes.full", limit, str(folder)]


def test_a_database_that_cannot_grow(tmp_path: Path) -> None:
    run(*program("pages", tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_files_that_cannot_grow(tmp_path: Path) -> None:
    run(*program("files", tmp_path))


def test_a_file_system_that_is_full(tmp_path: Path) -> None:
    if not can_mount(tmp_path):
        pytest.skip("this system cannot mount a small file system (unshare)")
    run(*own_file_system(tmp_path, *program("disk", tmp_path)))
