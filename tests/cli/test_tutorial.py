"""The tutorial's commands give the output that it shows: they run on two devices, in the page's order."""

import json
import re
import shlex
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from crdtnotes.cli.app import cli
from crdtnotes.trust.identity import HOME_VARIABLE
from tests.cli.program import DEADLINE_SECONDS, Program

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", TUTORIAL, re.MULTILINE)


class Reader:
    """A reader who follows the tutorial with two laptops on one machine."""

    def __init__(self, folder: Path, stack: ExitStack, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch
        self._stack = stack
        self._laptops: dict[str, Program] = {}
        self._pairing: subprocess.Popen[str] | None = None
        self._code = self._pairing_address = self._serving_address = ""

    def do(self, laptop: str, line: str) -> str:
        """Type a line on a laptop and return its output; a command that keeps running stays open."""
        program = self._laptops.setdefault(laptop, self._unpack(laptop))
        name, *words = shlex.split(line)
        assert name == "crdtnotes"
        match words:
            case ["pair"]:
                self._pairing, shown = self._stack.enter_context(program.staying("pair", "--yes", "--json"))
                invitation = json.loads(shown)
                port = invitation["address"].rpartition(":")[2]
                self._code, self._pairing_address = invitation["code"], f"127.0.0.1:{port}"
                return ""
            case ["serve"]:
                serving = program.staying("serve", "--host", "127.0.0.1", "--port", "0")
                _, shown = self._stack.enter_context(serving)
                self._serving_address = shown.rpartition(" ")[2]
                return ""
            case ["join", _, *options]:
                out = self._finish(program, ["join", self._code, self._pairing_address, "--yes", *options])
                assert self._pairing is not None
                _, problem = self._pairing.communicate(timeout=DEADLINE_SECONDS)
                assert self._pairing.returncode == 0, problem
                return out
            case ["sync", "--once"]:
                return self._finish(program, [*words, self._serving_address])
            case _:
                # Commands that end by themselves run in this process, because that is much faster.
                self._patch.setenv(HOME_VARIABLE, str(program.home))
                return program.out(*words)

    def _unpack(self, laptop: str) -> Program:
        return Program(self._folder / f"{laptop}.crdtnotes", self._folder / laptop)

    def _finish(self, program: Program, words: list[str]) -> str:
        code, out, problem = program.finish(*words)
        assert code == 0, problem
        return out


def test_following_the_tutorial_gives_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    digests: list[str] = []
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack, monkeypatch)
        for language, laptop, block in BLOCKS:
            if language == "text":
                assert "".join(out for out in printed if out) == block
            elif laptop:
                printed = []
                for line in block.splitlines():
                    out = reader.do(laptop, line)
                    if line.endswith(" status"):
                        digests += re.findall(r"^digest +(\w+)$", out, re.MULTILINE)
                    elif line.split()[1] in ("show", "backlinks", "search"):
                        printed.append(out if out.endswith("\n") else f"{out}\n")
    first, second = digests
    assert first == second


COMMANDS = [line for _, laptop, block in BLOCKS if laptop for line in block.splitlines()]


def test_every_command_in_the_tutorial_exists() -> None:
    assert len(COMMANDS) > 10
    for line in COMMANDS:
        assert shlex.split(line)[1] in cli.commands
