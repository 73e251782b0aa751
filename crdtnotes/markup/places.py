"""Where in a text the heading or block is that a link names.

A link may spell a heading in other ways than the text does. From the closest way to the loosest, and the
first heading that fits counts:

1. exactly as it is written;
2. with the same words: without markup and punctuation, in upper or lower case, full-width or not, composed or
   not; links in the heading count with their targets and labels, or as they are shown;
3. as the heading's anchor on the web: ``game-the-sequel`` for ``# Game: The Sequel``, and ``game-1`` for the
   second of two headings ``# Game``.

``a#b`` is a heading ``a#b``, or a heading ``b`` below a heading ``a``.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from crdtnotes.markup.outline import Heading, outline
from crdtnotes.markup.wikilink import HASH, match_wikilink, unescape_target

_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_SIGNS = re.compile(r"[\[\]【】［］|｜#＃^\\\\]")
_LIST_MARKERS = ("-", "*", "+")


class Lines(NamedTuple):
    """A part of a text: its lines from `start` to before `end`, counted from 0."""

    start: int
    end: int


def find_place(text: str, heading: str | None, block: str | None) -> Lines | None:
    """Return the section below a heading, or the block with an id, as a link names it.

    The section goes up to the next heading of its level or above. Without a heading and a block it is the
    whole text. Return None if the text has no such heading or block.
    """
    if not heading and not block:
        return Lines(0, text.count("\n") + 1)
    parts = outline(text)
    if heading:
        at = find_heading(parts.headings, heading)
        if at is None:
            return None
        return Lines(parts.headings[at].line, _end_of(parts.headings, at, text.count("\n") + 1))
    wanted = (block or "").casefold()
    line = next((one.line for one in parts.blocks if one.id == block), None)
    if line is None:
        line = next((one.line for one in parts.blocks if one.id.casefold() == wanted), None)
    return None if line is None else _block_around(text.split("\n"), line)


def find_heading(headings: Sequence[Heading], wanted: str) -> int | None:
    """Return the index of the heading that a link names with `wanted`; None if there is none."""
    at = _closest(headings, range(len(headings)), wanted)
    steps = [step for step in HASH.split(wanted) if step.strip()]
    if at is not None or len(steps) < 2:
        return at
    inside = range(len(headings))
    for step in steps:
        at = _closest(headings, inside, step)
        if at is None:
            return None
        inside = range(at + 1, _next_of_level(headings, at))
    return at


def as_target(heading: str) -> str:
    """Return a heading in the form in which a link can name it: as it is shown, without a link's signs."""
    return " ".join(_SIGNS.sub(" ", _MARKDOWN_LINK.sub(r"\1", _shown(heading))).split())


def _closest(headings: Sequence[Heading], within: range, wanted: str) -> int | None:
    wanted = unescape_target(wanted).strip()
    words, anchor = _words(wanted), _anchor(wanted)
    ways: list[tuple[bool, Callable[[int], bool]]] = [
        (True, lambda at: headings[at].text == wanted),
        (bool(words), lambda at: any(_words(form) == words for form in _forms(headings[at].text))),
    ]
    for is_usable, fits in ways:
        found = next((at for at in within if fits(at)), None) if is_usable else None
        if found is not None:
            return found
    if not anchor:
        return None
    anchors = _anchors(headings)
    return next((at for at in within if anchor in anchors[at]), None)


def _forms(text: str) -> set[str]:
    """Return a heading as it is written and as it is shown."""
    return {text, _MARKDOWN_LINK.sub(r"\1", _shown(text))}


def _shown(text: str) -> str:
    if "[[" not in text and "【【" not in text and "［［" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        link = match_wikilink(text, at)
        parts.append(text[at] if link is None else link.label or link.target)
        at = at + 1 if link is None else link.end
    return "".join(parts)


def _words(text: str) -> str:
    """Return a heading's words, folded, with one space between them; signs such as ``+`` and 🚀 are words."""
    folded = _folded(text)
    return " ".join("".join(" " if _separates(one) else one for one in folded).split())


def _separates(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZC" or character in "|`=~^"


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.replace("\ufe0f", "")


def _anchor(text: str) -> str:
    """Return the letters, digits and marks of a text, folded."""
    return "".join(one for one in _folded(text) if unicodedata.category(one)[0] in "LNM")


def _anchors(headings: Sequence[Heading]) -> list[set[str]]:
    """Return the anchors of each heading; one that was there before has its number in it."""
    counts: dict[str, int] = {}
    anchors: list[set[str]] = []
    for heading in headings:
        forms = sorted({_anchor(form) for form in _forms(heading.text)})
        numbered = set()
        for form in forms:
            count = counts.get(form, 0)
            counts[form] = count + 1
            numbered.add(f"{form}{count}" if count else form)
        anchors.append(numbered)
    return anchors


def _next_of_level(headings: Sequence[Heading], at: int) -> int:
    """Return the index of the next heading of the same level or above."""
    level = headings[at].level
    later = range(at + 1, len(headings))
    return next((one for one in later if headings[one].level <= level), len(headings))


def _end_of(headings: Sequence[Heading], at: int, end: int) -> int:
    after = _next_of_level(headings, at)
    return headings[after].line if after < len(headings) else end


def _block_around(lines: list[str], row: int) -> Lines:
    """Return the paragraph or list item with a block id; the id may be alone below a block."""
    if lines[row].lstrip().startswith("^"):
        while row and not lines[row - 1].strip():
            row -= 1
        row = max(0, row - 1)
    start, end = row, row + 1
    if lines[row].lstrip()[:2].rstrip() not in _LIST_MARKERS:
        while start and lines[start - 1].strip():
            start -= 1
    return Lines(start, end)
