"""Enter and Tab in lists, tasks and quotes."""

import re
from typing import NamedTuple

_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|(?P<number>\d{1,9})(?P<dot>[.)]))(?P<space>[ \t]+)")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")


class Enter(NamedTuple):
    """The edit of Enter in place of a newline: `text` replaces the line from `start` to the caret."""

    start: int
    text: str


def on_enter(line: str, column: int) -> Enter | None:
    """Return the edit that Enter makes at a column of a line; None for a plain newline.

    In a list item it begins the next item, with an open box after a task. In an empty item it ends the list.
    """
    quote = _QUOTE.match(line)
    lead = quote[0] if quote else ""
    item = _ITEM.match(line, len(lead))
    if item is None:
        if not quote or column < len(lead):
            return None
        return Enter(0, "") if not line[len(lead) :].strip() else Enter(column, "\n" + lead)
    task = _TASK.match(line, item.end())
    begin = task.end() if task else item.end()
    if column < begin:
        return None
    if not line[begin:].strip():
        return Enter(0, lead)
    mark = f"{int(item['number']) + 1}{item['dot']}" if item["number"] else item["mark"]
    return Enter(column, f"\n{lead}{item['indent']}{mark}{item['space']}" + ("[ ] " if task else ""))


def indent_of(line: str) -> int | None:
    """Return by how many columns Tab indents a list item; None for other lines."""
    item = _ITEM.match(line)
    if item is None:
        return None
    return max(2, len(item["mark"]) + 1)


def is_task(line: str) -> bool:
    """Return whether a line is a task."""
    quote = _QUOTE.match(line)
    item = _ITEM.match(line, quote.end() if quote else 0)
    return item is not None and _TASK.match(line, item.end()) is not None


def toggled(line: str) -> tuple[int, int, str] | None:
    """Return the edit `(start, end, text)` that ticks or unticks a task, or turns an item into a task."""
    quote = _QUOTE.match(line)
    item = _ITEM.match(line, quote.end() if quote else 0)
    if item is None:
        return None
    if _TASK.match(line, item.end()):
        at = item.end() + 1
        return at, at + 1, "x" if line[at] == " " else " "
    return item.end(), item.end(), "[ ] "
