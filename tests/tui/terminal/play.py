"""Random bytes for two editors in terminals, whose replicas sync with each other.

A round is a list of steps made from a seed. It begins with a new vault, its clone, and an editor on each; it
is over when both have been left. Then this must hold:

- Neither editor ended by itself, stopped reading, or printed a traceback; leaving gave exit code 0.
- The terminals are as they were.
- Before leaving, the screen was the same before and after all of it was painted again.
- `check` finds nothing in the replicas. Once they have exchanged all changes, they are equal, and an editor
  that is started then shows the text of its note.

Ctrl-Q, SIGTERM and a suspension are part of the steps: an editor that was left is started again.
"""

import random
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from crdtnotes import Vault
from crdtnotes_tui.terminal_input import PASTE_SECONDS
from tests.tui.terminal import sent
from tests.tui.terminal.process import CTRL_Q, TerminalProcess, editor
from tests.vaults import meet

NAME = "n"
TEXT = "# 标题\n\n- [ ] task [[m]] #标签\n" + "".join(f"line {number} 中文字\n" for number in range(30))
SIZES = [(80, 24), (60, 20), (140, 40), (20, 6), (1, 1), (100, 3)]
SERVED = re.compile(r"ws://(127\.0\.0\.1:\d+)")
CHARACTERS = "abcxyz 0123#*-_[]()!`~<>|\\/.,:;'\"@&%$^+={}中文汉字，。！？【】《》"
PASTES = [
    "\x1b[A\x07\x00",
    "行\n" * 2000,
    "",
    "one\ntwo\n",
    "粘贴\n",
    "- a\r\n- b",
    "x" * 5000,
    "[[m]] " * 300,
    "\x1b[A\x07\x00",
    "行\n" * 2000,
]
PRESSED = 5
"""How often the key for leaving is pressed."""

AT_REST = 1.0
"""Seconds without a change after which nothing is on the screen that ends by itself."""

STILL_MOVING = 20

SHORT_NOTICES = """
from crdtnotes_tui.app import NotesApp

NotesApp.NOTIFICATION_TIMEOUT = 0.5
"""
"""Python that runs first in each editor."""

PLAYED_EACH = 0.003
"""Seconds of output that are read after each step, so that steps meet the editors at work."""


class Step(NamedTuple):
    """What happens to one of the two editors: `do` with `data`."""

    who: int
    do: str
    data: bytes = b""
    size: tuple[int, int] = (80, 24)


class Failed(AssertionError):
    """A round in which something did not hold."""


@dataclass
class Tally:
    """What was played."""

    rounds: int = 0
    steps: int = 0
    sent: int = 0
    """Bytes."""
    left: int = 0
    """Editors that were left, by the steps and at the rounds' ends."""
    suspended: int = 0


def steps_of(seed: int, count: int) -> list[Step]:
    """Make the steps of a round."""
    chance = random.Random(seed)
    return [_step(chance) for _ in range(count)]


def _step(chance: random.Random) -> Step:
    who = chance.randrange(2)
    kind = chance.random()
    if kind < 0.02:
        return Step(who, "resize", size=chance.choice(SIZES))
    if kind < 0.022:
        return Step(who, "end")
    data = b"".join(_sent(chance) for _ in range(chance.choice([1, 1, 1, 2, 3, 8])))
    if chance.random() < 0.1:
        # What arrives in two reads.
        cut = chance.randrange(len(data) + 1)
        return Step(who, "split", data[:cut] + _CUT + data[cut:])
    return Step(who, "send", data)


_CUT = b"\x00\xff\x00"


def _sent(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.35:
        return "".join(chance.choices(CHARACTERS, k=chance.randint(1, 6))).encode()
    if kind < 0.70:
        return chance.choice(_OFTEN if chance.random() < 0.5 else _KEYS)
    if kind < 0.76:
        return sent.pasted(chance.choice(PASTES))
    if kind < 0.84:
        column, row = chance.randrange(140), chance.randrange(40)
        return chance.choice(
            [
                sent.click(column, row, chance.choice([1, 1, 2, 3])),
                sent.mouse(chance.choice([0, 1, 2, 35, 64, 65]), column, row),
                sent.mouse(32, column, row) + sent.mouse(0, column, row, released=True),
            ]
        )
    if kind < 0.90:
        return sent.kitty(chance.choice(CHARACTERS), chance.choice([0, 0, 1, 2, 4, 5]))
    if kind < 0.92:
        return chance.choice([sent.FOCUS, sent.BLUR])
    if kind < 0.96:
        return chance.randbytes(chance.randint(1, 8))
    return b"\x1b[" + bytes(chance.choices(b"0123456789;:?<>$~ABHMRtuy", k=chance.randint(1, 12)))


_KEYS = [data for key, data in sent.KEYS.items()]
_OFTEN = [
    sent.KEYS[key] for key in ("up", "down", "left", "right", "enter", "backspace", "escape", "tab", "delete")
]


class Player:
    """One of the two: a replica and the editor on it."""

    def __init__(self, path: Path, tally: Tally, before: str) -> None:
        self.path = path
        self._before = SHORT_NOTICES + before
        self._tally = tally
        self.size = (80, 24)
        self.terminal: TerminalProcess | None = None
        self._running: Iterator[TerminalProcess] | None = None

    def start(self, *arguments: str) -> TerminalProcess:
        """Start the editor and wait until it is there."""
        self.stop()
        self._context = editor(
            "--vault", str(self.path), "tui", *arguments, home=self.path.parent, before=self._before
        )
        self.terminal = self._context.__enter__()
        self.size = (80, 24)
        self.terminal.wait_for_screen("saved")
        return self.terminal

    def stop(self) -> None:
        """Kill the editor if it is there."""
        if self.terminal is not None:
            self.terminal = None
            self._context.__exit__(None, None, None)

    @property
    def at(self) -> TerminalProcess:
        """The running editor."""
        assert self.terminal is not None
        return self.terminal

    def play(self, step: Step) -> None:
        """Do a step; start the editor again if the step ended it."""
        if step.do == "resize":
            self.size = step.size
            self.at.resize(step.size)
        elif step.do == "end":
            self.at.signal(signal.SIGTERM)
            self.ended()
            self.start()
        else:
            for part in step.data.split(_CUT) if step.do == "split" else [step.data]:
                self.at.send(part)
                self._tally.sent += len(part)
                self.at.read_for(PLAYED_EACH)
        if self.at.is_stopped:
            self._tally.suspended += 1
            self.at.signal(signal.SIGCONT)
        if not self.at.is_running:
            self.ended()
            self.start()

    def ended(self) -> None:
        """Check how the editor ended."""
        code = self.at.exit_code()
        self._tally.left += 1
        _holds(code == 0, f"it ended with exit code {code}", self.at.farewell)
        _holds("Traceback" not in self.at.text, "a traceback was printed", self.at.text[-4000:])
        _holds(not self.at.left_behind, f"left behind in the terminal: {self.at.left_behind}", "")

    def paint_again(self) -> None:
        """Check that painting the whole screen again changes nothing but the status line."""
        before = self._at_rest()
        columns, rows = self.size
        self.at.resize((columns + 1, rows))
        self.at.settle()
        self.at.resize(self.size)
        after = self._at_rest()
        _holds(before == after, "painted again, the screen differs", _differing(before, after))

    def _at_rest(self) -> list[str]:
        """Return the rows above the status line once nothing moves by itself any more."""
        for _ in range(STILL_MOVING):
            self.at.settle()
            rows = self.at.screen.rows[:-1]
            self.at.read_for(AT_REST)
            if rows == self.at.screen.rows[:-1]:
                return rows
        raise Failed(f"the screen never comes to rest\n{self.at.screen.text}")

    def leave(self) -> None:
        """Leave by the key, pressed until it works: the first can be in a paste whose end never came."""
        for _ in range(PRESSED):
            self.at.send(CTRL_Q)
            self.at.read_for(PASTE_SECONDS + 1, while_running=True)
            if not self.at.is_running:
                break
        self.ended()
        self.stop()

    def shows_its_text(self) -> None:
        """Start the editor on a note and compare what it shows with the text."""
        with Vault.open(self.path) as vault:
            notes = [info.name for info in vault.notes()]
            name = NAME if NAME in notes else (notes or [NAME])[0]
            text = vault.note(name).text if notes else ""
        terminal = self.start(name)
        terminal.settle()
        shown = [_letters(row) for row in terminal.screen.rows[:-1]]
        for row in filter(None, shown):
            _holds(row in _letters(text), f"the screen shows {row!r}", f"{terminal.screen.text}\n{text}")
        self.leave()


def _differing(before: list[str], after: list[str]) -> str:
    """The rows that differ, with their numbers."""
    pairs = enumerate(zip_longest(before, after, fillvalue=""))
    rows = [f"{row}: {old!r}\n{row}: {new!r}" for row, (old, new) in pairs if old != new]
    return "\n".join(rows)


def _letters(text: str) -> str:
    """What terminals and the editor show alike, wherever lines are wrapped."""
    return "".join(character for character in text if character.isalnum())


def _holds(what: bool, message: str, detail: str) -> None:
    if not what:
        raise Failed(f"{message}\n{detail}")


def play(steps: Sequence[Step], folder: Path, tally: Tally | None = None, before: str = "") -> None:
    """Play one round in an empty folder; raises Failed or an AssertionError of the terminals.

    `before` is Python that runs first in each editor.
    """
    tally = tally or Tally()
    folder.mkdir(parents=True, exist_ok=True)
    players = [Player(folder / name / "v", tally, before) for name in ("ana", "bo")]
    for player in players:
        player.path.parent.mkdir()
    with Vault.create(players[0].path, "ana") as ana, Vault.create(players[1].path, "bo", ana.id) as bo:
        ana.create_note(NAME, TEXT)
        ana.create_note("m", "见 [[n]]\n")
        meet(ana, bo)
    try:
        terminal = players[0].start(NAME, "--port", "0")
        terminal.until(lambda: bool(SERVED.search(terminal.screen.text)), "it serves")
        served = SERVED.search(terminal.screen.text)
        assert served is not None
        terminal = players[1].start(NAME)
        terminal.send(sent.KEYS["f4"])
        terminal.wait_for_screen("ws://")
        terminal.send(served[1].encode() + b"\r")
        terminal.wait_for_screen("in sync")
        for step in steps:
            tally.steps += 1
            players[step.who].play(step)
        for player in players:
            player.paint_again()
        for player in players:
            player.leave()
        with Vault.open(players[0].path) as ana, Vault.open(players[1].path) as bo:
            for vault in (ana, bo):
                _holds(vault.check() == [], f"check of {vault.path}: {vault.check()}", "")
            if ana.id == bo.id:
                meet(ana, bo)
                _holds(ana.digest == bo.digest, "the replicas differ", "")
        for player in players:
            player.shows_its_text()
        tally.rounds += 1
    finally:
        for player in players:
            player.stop()


def shrink(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return fewer steps that still fail (delta debugging: Zeller and Hildebrandt, 2002)."""
    pieces = 2
    while len(steps) >= 2:
        size = -(-len(steps) // pieces)
        for start in range(0, len(steps), size):
            fewer = steps[:start] + steps[start + size :]
            if fewer and fails(fewer):
                steps, pieces = fewer, max(2, pieces - 1)
                break
        else:
            if size == 1:
                break
            pieces = min(len(steps), pieces * 2)
    return steps
