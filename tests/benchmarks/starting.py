"""One command of the program, from its start to its end, beside Python's own start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from crdtnotes import Vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import SECONDS, Row, in_turn

TARGET = 6.7
"""0.10 s where `python -c pass` takes 0.015 s."""


def starting(inputs: Inputs) -> Iterator[Row]:
    """`crdtnotes show NAME` runs in a process of its own; the processor's time, beside `python -c pass`."""
    path = inputs.place("started.vault")
    with Vault.create(path) as vault:
        vault.create_note("CAP", "Consistency, availability, partitions.")
    pair = in_turn(
        lambda: _cost("-m", "crdtnotes", "--vault", str(path), "show", "CAP"),
        lambda: _cost("-c", "pass"),
        max(inputs.runs, 9) if inputs.runs > 1 else 1,
    )
    yield Row(
        "starting",
        "show NAME",
        SECONDS,
        pair.ours,
        pair.peer,
        pair.ratio,
        "python -c pass",
        target=f"≤ {TARGET}×",
        reached=pair.ratio is not None and pair.ratio <= TARGET,
    )


def _cost(*arguments: str) -> float:
    """Run Python and return the seconds that it kept a processor busy, which other programs hardly change."""
    # Compiled modules are kept, as they are for a program that is installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
