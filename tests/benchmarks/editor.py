"""The editor: its first paint, a key to its paint, and how fast getting around answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from crdtnotes import Vault
from tests.benchmarks.histories import copy, imported_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import SECONDS, Row, percentile

FIRST_SECONDS = 0.5
PAINT_SECONDS = 0.016
ANSWER_SECONDS = 0.050

_NAME = "a long note"

_LINES = (
    "- an item with [[a link 12]] and words that go on for a while",
    "plain text of a note, 中文也有一些字，系统",
    "## a heading",
    "",
    "a longer line of prose with *emphasis* and `code` and #tag and more words, so many that it wraps",
)


def editor(inputs: Inputs) -> Iterator[Row]:
    """The editor without a terminal, in a large vault, on a note of 100 KB."""
    path = copy(imported_vault(inputs), inputs.place("edited.vault"))
    characters = 100_000 if inputs.sizes.notes > 100 else 1000
    random = Random(1)
    lines = [random.choice(_LINES) for _ in range(characters // 50)]
    with Vault.open(path) as vault:
        vault.create_note(_NAME, "\n".join(lines)[:characters])
        vault.search("warm up")
    first = median(_run("first", path)["shown"] for _ in range(inputs.runs))
    yield _row("first paint, after the interpreter's start", first, FIRST_SECONDS, "≤ 0.5 s")
    for typing in (False, True):
        seconds = _keys(path, inputs.sizes.keys, typing=typing)
        what = "100 KB note, another process typing in it" if typing else "100 KB note"
        yield _row(f"key to paint, {what}, p50", percentile(seconds, 50))
        yield _row(f"key to paint, {what}, p95", percentile(seconds, 95), PAINT_SECONDS, "p95 ≤ 16 ms")
    for what, seconds in _run("around", path).items():
        yield _row(what, seconds, ANSWER_SECONDS, "≤ 50 ms")


def _row(case: str, seconds: float, most: float | None = None, target: str = "") -> Row:
    return Row(
        "editor", case, SECONDS, seconds, target=target, reached=None if most is None else seconds <= most
    )


def _keys(path: Path, count: int, *, typing: bool) -> list[float]:
    if not typing:
        return list(_run("keys", path, str(count))["keys"])
    with subprocess.Popen(_command("type", path), stdin=subprocess.PIPE, env=_environment(path)) as other:
        try:
            return list(_run("keys", path, str(count))["keys"])
        finally:
            if other.stdin is not None:
                other.stdin.close()


def _run(command: str, path: Path, *rest: str) -> dict[str, Any]:
    done = subprocess.run(
        [*_command(command, path), *rest], capture_output=True, text=True, check=True, env=_environment(path)
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _command(command: str, path: Path) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.painting", command, str(path), _NAME]


def _environment(path: Path) -> dict[str, str]:
    """Keep the person's own state folder out of it."""
    return {**os.environ, "XDG_STATE_HOME": str(path.parent / "state")}
