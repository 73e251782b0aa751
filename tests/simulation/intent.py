"""What merged texts may hold: whole lines, words and boxes that somebody wrote."""

import re
from collections import Counter

from crdtnotes.crdt.diff import words
from tests.simulation.ledger import Ledger, marks
from tests.simulation.lines import MIXED, UNLIKE, lines_of
from tests.simulation.machine import Machine
from tests.simulation.oracles import require

_TASK = re.compile(r"[ \t]*[-*+] \[(?P<box>[^\[\]\n]*)\](?P<rest>.*)")


def check_texts(machine: Machine, ledger: Ledger, style: str) -> Counter[str]:
    """Check the texts of all notes that a machine shows; return what was seen, counted."""
    seen: Counter[str] = Counter()
    vault = machine.running[0].vault
    for info in vault.names():
        text = vault.note(info.name).text
        check_boxes(text)
        if style == MIXED:
            continue
        strange = strange_lines(text, ledger)
        require(style != UNLIKE or not strange, f"nobody wrote these lines: {strange}")
        check_words(strange, ledger)
        seen["notes of whole lines"] += 1
        seen["notes with strange lines"] += bool(strange)
    return seen


def check_boxes(text: str) -> None:
    """Check that each task has one box with one value, `[xx]` and `[x] [ ]` never occur."""
    for line in lines_of(text):
        task = _TASK.match(line)
        if task is not None and marks(line):
            require(len(task["box"]) == 1, f"a task has not one value in its box: {line!r}")
            require(not re.match(r" ?\[[ xX-]?\]( |$)", task["rest"]), f"a task has two boxes: {line!r}")


def strange_lines(text: str, ledger: Ledger) -> list[str]:
    """The lines that nobody wrote."""
    return [line for line in lines_of(text) if line not in ledger.lines and line != "\n"]


def check_words(strange: list[str], ledger: Ledger) -> None:
    """Check that lines consist of whole words that somebody wrote, or of several such words in a row."""
    if not strange:
        return
    written = {word for line in ledger.lines for word in words(line)}
    for line in strange:
        for word in words(line):
            require(_is_made_of(word, written), f"nobody wrote the word {word!r} in {line!r}")


def _is_made_of(word: str, written: set[str]) -> bool:
    """Whether a word is a chain of written words."""
    reached = {0}
    for end in range(1, len(word) + 1):
        if any(word[start:end] in written for start in reached):
            reached.add(end)
    return len(word) in reached
