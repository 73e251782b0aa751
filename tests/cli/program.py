"""Running the program: in this process through click's runner, and as a process of its own."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

import crdtnotes
from crdtnotes.cli.app import cli

DEADLINE_SECONDS = 30.0


class Program:
    """The program on one vault file."""

    def __init__(self, path: Path, home: Path | None = None) -> None:
        """`home` makes it a device of its own."""
        self.path = path
        self.home = home

    def run(self, *arguments: str | Path, stdin: bytes | str = b"") -> Result:
        """Run a command; whatever it exits with, no exception may escape from it."""
        command = ["--vault", str(self.path), *map(str, arguments)]
        home = {} if self.home is None else {"CRDTNOTES_HOME": str(self.home)}
        result = CliRunner().invoke(cli, command, input=stdin, env=home)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    def out(self, *arguments: str | Path, stdin: bytes | str = b"") -> str:
        """Return what a command that must succeed prints."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str | Path) -> Any:
        """Return the document that a command prints with --json."""
        return json.loads(self.out(*arguments, "--json"))

    def fails(self, *arguments: str | Path, stdin: bytes | str = b"") -> str:
        """Return the one sentence on stderr of a command that must fail with nothing on stdout."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        return line.removeprefix("Error: ")

    def text(self, name: str) -> str:
        """Return a note's text as `show` gives it."""
        result = self.run("show", name)
        assert result.exit_code == 0, result.output
        return result.stdout_bytes.decode("utf-8")

    # -- as a process

    def process(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a command as a process, its stdout and stderr as pipes."""
        root = str(Path(crdtnotes.__file__).parents[1])
        environment = {**os.environ, "PYTHONPATH": root, "CRDTNOTES_VAULT": str(self.path)}
        if self.home is not None:
            environment["CRDTNOTES_HOME"] = str(self.home)
        return subprocess.Popen(
            [sys.executable, "-c", "from crdtnotes.cli import main; main()", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
            **options,
        )

    def finish(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command as a process and return its exit code, stdout and stderr."""
        with self.process(*arguments) as process:
            out, err = process.communicate(timeout=DEADLINE_SECONDS)
            return process.returncode, out, err

    @contextmanager
    def staying(self, *arguments: str) -> "Iterator[tuple[subprocess.Popen[str], str]]":
        """Start a command that stays; gives the process and the first line that it prints."""
        with self.process(*arguments) as process:
            watchdog = threading.Timer(DEADLINE_SECONDS, process.kill)
            watchdog.start()
            try:
                assert process.stdout is not None
                line = process.stdout.readline().rstrip("\n")
                assert line, f"it ended at once: {process.communicate()[1]}"
                yield process, line
            finally:
                watchdog.cancel()
                process.kill()


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask again and again until it holds; each question takes a moment itself."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
