"""What simulated people write: the lines of real notes. Each new line has a mark that occurs nowhere else.

A world has one style of writing:
    - mixed: people also type and delete inside lines;
    - whole: they add, remove, replace and move whole lines, and lines have words in common;
    - unlike: the same, but no two lines have a word in common. So no line is taken for another one, edited.
"""

import re
from collections.abc import Iterator
from itertools import count
from random import Random

from tests.simulation.ledger import Ledger

MIXED, WHOLE, UNLIKE = STYLES = ("mixed", "whole", "unlike")

NAMES = ("A", "a", "B", "Z", "Z (2)", "f/A", "f/b", "分布式系统", "g/系统", "É", "E\u0301.md", "ＣＡＰ")
TARGETS = (*NAMES, "h/A", "./A", "alias", "nowhere", "CAP定理|CAP", "系统#一")
PAGES = (
    ("A", "一样\n\n[[Z]] [[Z]] #t\n"),
    ("Z", "---\naliases: [alias]\nstatus: open\n---\n[[a|甲]]\n"),
    ("Z", "another [[B]]\n"),
)
"""Notes that several people create alike, or with one name and other texts."""

BLOCKS = (
    "## Week\n- [ ] plan next days\n- [ ] review all open notes\n",
    "同样的一行。\n\n",
    "| tea | 3 |\n| rice | 9 |\n",
)
"""Lines that several people add alike."""

FIELDS = {"status": ("open", "done", "in progress", "取消"), "priority": ("1", "2", "10")}
"""Fields of the front matter and what they are set to."""

BOXES = " xX-"

_WORDS = ("milk", "rice", "call", "Ann", "the", "report", "on", "Monday", "Tuesday", "write", "3", "9:30")
_CHARACTERS = "写报告买茶开会读书周一二三"
_PIECES = ("word ", "字", "系统", "😀", "\n", "#tag ", "e\u0301", "x\n\ny", "[[", "]]", "**")
_SHAPES = (
    "- [ ] {} {} {}",
    "- [x] {} {}",
    "  - [ ] {} {}",
    "09:30 {} {} {}",
    "{} {} {} {}.",
    "# {} {}",
    "1. {} {}",
    "| {} | {} |",
    "> {} {}",
)

_ONE_WORD = ("A", "a", "B", "Z", "É", "nowhere")
_UNLIKE_SHAPES = (
    "- [ ] {} {} {} {}",
    "  - [x] {} {} {} {}",
    "{} {} {} {}.",
    "# {} {} {} {}",
    "| {} {} | {} | {} |",
)

_FREE = re.compile(r"[ \t]*(?:[-*+>] |\d+\. |#+ |\| )?(?:\[[^\[\]]\] )?")
"""The beginning of a line that nobody edits inside the line: mark of a list, box of a task."""

_BOX = re.compile(r"^[ \t]*[-*+] \[(?P<value>[^\[\]\n])\] ", re.MULTILINE)
_FIELD = re.compile(rf"^(?P<field>{'|'.join(FIELDS)}): (?P<value>.*)$", re.MULTILINE)


class Pen:
    """Makes new texts in one style."""

    def __init__(self, ledger: Ledger, style: str) -> None:
        self._ledger = ledger
        self.style = style
        self.names = NAMES if style != UNLIKE else _ONE_WORD
        self._numbers = count()

    def line(self, random: Random) -> str:
        """A new line, with its newline."""
        mark = self._ledger.mark()
        if self.style == UNLIKE:
            line = self._unlike(random, mark)
        elif random.random() < 0.25:
            line = self._chinese(random, mark)
        else:
            shape = random.choice(_SHAPES)
            words = [self._word(random) for _ in range(shape.count("{}") - 1)]
            if self.style == WHOLE and ("[ " in shape or "[x" in shape):
                # No link in a task: if a name and a box change apart, the line has both changes.
                words = [random.choice(_WORDS) for _ in words]
            words.insert(random.randint(0, len(words)), mark)
            line = shape.format(*words) + "\n"
        self._ledger.wrote((line,))
        return line

    def _word(self, random: Random) -> str:
        return f"[[{random.choice(TARGETS)}]]" if random.random() < 0.25 else random.choice(_WORDS)

    def _chinese(self, random: Random, mark: str) -> str:
        words = random.sample(_CHARACTERS, 5)
        if random.random() < 0.3:
            words[2] = f"[[{random.choice(TARGETS)}]]"
        return "".join(words) + f"{mark}。\n"

    def _unlike(self, random: Random, mark: str) -> str:
        """A line of words that are in no other line; only a third as many may be a link or a tick."""
        number = next(self._numbers)
        if random.random() < 0.2:
            return f"{chr(0x5000 + number)}{chr(0x7000 + number)}{mark}。\n"
        shape = random.choice(_UNLIKE_SHAPES)
        words = [f"{random.choice('abcdefgh')}{number}{at}" for at in range(3)]
        if "[" not in shape and random.random() < 0.5:
            words[1] = f"[[{random.choice(_ONE_WORD)}]]"
        return shape.format(*words, mark) + "\n"

    def lines(self, random: Random, most: int = 3) -> str:
        """One to `most` new lines, or a block that others add alike."""
        if random.random() < 0.2:
            return random.choice(BLOCKS)
        return "".join(self.line(random) for _ in range(random.randint(1, most)))

    def page(self, random: Random) -> str:
        """The text of a new note."""
        fields = "".join(f"{field}: {random.choice(values)}\n" for field, values in FIELDS.items())
        front = f"---\n{fields}---\n" if random.random() < 0.4 else ""
        return front + self.lines(random, 4)

    def words(self, random: Random) -> str:
        """What is typed inside a line, with a mark: pieces of text, links, sometimes newlines."""
        pieces = [
            f"[[{random.choice(TARGETS)}]]" if random.random() < 0.4 else random.choice(_PIECES)
            for _ in range(random.randint(0, 3))
        ]
        pieces.insert(random.randint(0, len(pieces)), self._ledger.mark())
        return "".join(pieces)


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with its newline."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def line_starts(text: str) -> list[int]:
    """The positions at which whole lines can be inserted."""
    return [0, *(at + 1 for at, one in enumerate(text) if one == "\n")]


def inside_a_line(text: str, random: Random) -> int:
    """A position inside a line, behind the mark of a list and the box of a task."""
    start = random.choice(line_starts(text))
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    free = _FREE.match(text, start, end)
    return random.randint(start if free is None else free.end(), end)


def some_lines(text: str, random: Random, most: int = 2) -> tuple[int, int]:
    """Start and end of some whole lines; both are 0 if there is none."""
    starts = line_starts(text)[:-1]
    if not starts:
        return 0, 0
    first = random.randrange(len(starts))
    last = min(first + random.randint(1, most), len(starts))
    return starts[first], starts[last] if last < len(starts) else text.rindex("\n") + 1


def boxes(text: str) -> Iterator[int]:
    """The positions of the values of tasks' boxes."""
    return (found.start("value") for found in _BOX.finditer(text))


def fields(text: str) -> list[tuple[int, int, str]]:
    """Start, end and name of the fields of the front matter."""
    end = text.find("\n---\n") if text.startswith("---\n") else -1
    return [
        (*found.span("value"), found["field"]) for found in (_FIELD.finditer(text, 0, end) if end > 0 else ())
    ]
