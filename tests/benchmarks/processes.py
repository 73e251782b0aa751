"""The other process: starts `tests.benchmarks.child`, and reads the lines of JSON that it prints."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A running child process; `end` ends it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._input: IO[str] = _pipe(process.stdin)
        self._output: IO[str] = _pipe(process.stdout)

    def read(self) -> dict[str, Any]:
        """Return the next line; raises RuntimeError if the child has ended instead."""
        line = self._output.readline()
        if not line:
            raise RuntimeError(f"the other process ended with {self._process.wait()}")
        content: dict[str, Any] = json.loads(line)
        return content

    def end(self) -> list[dict[str, Any]]:
        """Tell the child to end, and return the lines that it still prints."""
        self._input.close()
        return [json.loads(line) for line in self._output]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the other process has no pipe")
    return pipe


@contextmanager
def child(*arguments: str | Path) -> Iterator[Child]:
    """Run a child with these arguments while the block runs."""
    command = [sys.executable, "-m", "tests.benchmarks.child", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Child(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()


@contextmanager
def serving(path: Path) -> Iterator[tuple[str, Child]]:
    """Serve the replica at `path` from another process; yield its address and the child."""
    with child("serve", path) as server:
        yield server.read()["address"], server
