"""The programs that crdtnotes is compared with; a missing program is left out."""

import importlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.traces import Patch


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def loro() -> Any:
    """Return Loro's Python module (no types), or None."""
    return _optional("loro")


def typed_loro(loro: Any, patches: list[Patch]) -> Any:
    """Return a Loro document in which these patches were typed."""
    document = loro.LoroDoc()
    text = document.get_text("text")
    for start, deleted, inserted in patches:
        if deleted:
            text.delete(start, deleted)
        if inserted:
            text.insert(start, inserted)
    document.commit()
    return document


def obsidiantools() -> Any:
    """Return obsidiantools' module that reads vaults, or None. It loads pandas, so import it late."""
    return _optional("obsidiantools.api")


def has_git() -> bool:
    """Return whether git can be run."""
    return shutil.which("git") is not None


def missing() -> list[str]:
    """Return the names of the programs that are not installed."""
    found = {"loro": loro(), "obsidiantools": obsidiantools(), "git": has_git()}
    return [name for name, there in found.items() if not there]


def git(*arguments: str | Path) -> None:
    """Run git without user settings; raises CalledProcessError with git's output."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@localhost",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@localhost",
    }
    subprocess.run(["git", *map(str, arguments)], check=True, env=environment, capture_output=True)


def commit_copy(folder: Path, to: Path) -> None:
    """Make a git repository at `to` with the files of a folder, committed."""
    shutil.copytree(folder, to)
    git("init", "-q", to)
    git("-C", to, "add", "-A")
    git("-C", to, "commit", "-q", "-m", "notes")
