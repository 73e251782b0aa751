"""The suite kills some processes (tests/shares.py); `python -m tests.crashes --kills N` any number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shares import Share

SECONDS = 90
"""On a slow machine, fewer processes are killed, so that the suite does not take long."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed by SIGKILL")


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # In a separate process: children are forked from it, and this process may have threads.
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost(seed: int, share: Share) -> None:
    done = python(
        "-m", "tests.crashes", "--kills", f"{share.kills}", "--seed", f"{seed}", "--seconds", f"{SECONDS}"
    )
    assert done.returncode == 0, done.stderr
    assert "all there" in done.stdout


TOO_EARLY = """
import sys
from pathlib import Path
from random import Random
from tests.crashes import children, kills
from tests.store.convergence import Person

def writer(path, seed, identity):
    def work(report):
        person = Person(Random(seed))
        report(children.HERE)
        with kills.Vault.open(path, identity=identity) as vault:
            while True:
                with vault.transaction():
                    for _ in range(5):
                        children.edit(vault, person)
                        vault._writer.settle_names()
                        report(children.head(vault.replica))
    return work

kills.writer = writer
children.pack = lambda vault, random: None  # not inside a transaction
kills.run(1, 200, Path(sys.argv[1]))
"""


def test_an_acknowledgement_before_the_commit_is_caught(tmp_path: Path) -> None:
    done = python("-c", TOO_EARLY, str(tmp_path))
    assert done.returncode == 1
    assert "lost: Ack" in done.stderr
    assert "replay: python -m tests.crashes --seed 1" in done.stderr
