"""Running the program: in this process through click's runner, and as a separate process."""

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
        """`home` makes it a separate device, for commands that run as a process."""
        self.path = path
        self.home = home

    def run(self, *arguments: str | Path, stdin: bytes | str = b"") -> Result:
        """Run a command; it may exit with any code, but no exception may escape."""
        command = ["--vault", str(self.path), *map(str, arguments)]
        home = {} if self.home is None else {"CRDTNOTES_HOME": str(self.home)}
        result = CliRunner().invoke(cli, command, input=stdin, env=home)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    def out(self, *arguments: str | Path, stdin: bytes | str = b"") -> str:
        """Run a command that must succeed, and return its output."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str | Path) -> Any:
        """Return the document that a command prints with --json."""
        return json.loads(self.out(*arguments, "--json"))

    def fails(self, *arguments: str | Path, stdin: bytes | str = b"") -> str:
        """Run a command that must fail with nothing on stdout; return its one sentence on stderr."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        return line.removeprefix("Error: ")

    def text(self, name: str) -> str:
        """Return a note's text as `show` prints it."""
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
        """Start a command that keeps running; yield the process and the first line that it prints."""
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
    """Check the condition again and again until it holds; each check takes a moment itself."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the condition did not hold in time"
