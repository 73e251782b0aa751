"""The unfinished link before the caret, and the edit that completes it with a suggestion."""

import re
from typing import NamedTuple

from crdtnotes.markup.wikilink import HASH, escape_target, unescape_target

_OPENING = re.compile(r"\[\[|【【|［［")
_CLOSING = re.compile(r"\]\]|】】|］］")

MAX_LINK = 1000
"""How far before the caret the brackets of an unfinished link are looked for."""

NAME, HEADING, BLOCK = "name", "heading", "block"


class Typing(NamedTuple):
    """An unfinished link from its brackets at `start` to the caret at `end`.

    `query` is the part to complete: a name, or a heading or block of the note `target`, as `stage` says.
    """

    start: int
    end: int
    stage: str
    query: str
    target: str


def typing_at(line: str, column: int) -> Typing | None:
    """Return the unfinished link at a column of a line, None if there is none."""
    openings = list(_OPENING.finditer(line, max(0, column - MAX_LINK), column))
    if not openings:
        return None
    opening = openings[-1]
    inner = line[opening.end() : column]
    if _CLOSING.search(inner) or "|" in inner or "｜" in inner:
        return None
    mark = HASH.search(inner)
    if mark is None:
        return Typing(opening.start(), column, NAME, unescape_target(inner), "")
    target, rest = unescape_target(inner[: mark.start()]), inner[mark.end() :]
    if rest.startswith("^"):
        return Typing(opening.start(), column, BLOCK, rest[1:], target)
    return Typing(opening.start(), column, HEADING, rest, target)


def accepted(line: str, typing: Typing, chosen: str) -> tuple[int, int, str]:
    """Return the edit `(start, end, text)` of the line that completes a link with a suggestion."""
    if typing.stage == NAME:
        target = escape_target(chosen)
    elif typing.stage == HEADING:
        target = f"{escape_target(typing.target)}#{chosen}"
    else:
        target = f"{escape_target(typing.target)}#^{chosen}"
    closing = _CLOSING.match(line, typing.end)
    return typing.start, closing.end() if closing else typing.end, f"[[{target}]]"
