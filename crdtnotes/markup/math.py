"""Mathematics in prose, which holds no links: ``$x$``, ``$$x$$``, ``\\(x\\)`` and ``\\[x\\]``.

A dollar may also be money. So what is between single dollars neither begins nor ends with white space, no
digit is directly before the first or directly after the second, and the next dollar must be the second. (The
reading view reads dollars by the same rules; Pandoc does, too.) ``\\[`` and ``\\]`` may be escaped brackets;
between those of mathematics is no other ``\\[``.
"""

import re
from collections.abc import Iterator

MATH_BLOCK = re.compile(r"\$\$(?!\$)|\\\[(?=[ \t]*$)", re.MULTILINE)
"""How mathematics of several lines begins, at the start of a line."""

MATH_ENDS = {"$$": re.compile(r"\$\$"), "\\[": re.compile(r"\\\]")}
"""How it ends, by how it begins."""

_DOLLARS = re.compile(r"[^\\$]*+(?:\\.[^\\$]*+)*+(\$\$?)", re.DOTALL)
_DOUBLE = re.compile(r"(?:[^\\$]|\\.|\$(?!\$))*+\$\$", re.DOTALL)
_TEX = {
    "[": re.compile(r"(?:[^\\]|\\[^\[\]])*+\\([\[\]])", re.DOTALL),
    "(": re.compile(r"(?:[^\\]|\\[^()])*+\\([()])", re.DOTALL),
}
_OPENINGS = re.compile(r"\\.|\$", re.DOTALL)


def math_end(text: str, pos: int) -> int | None:
    """The end of the mathematics that begins at ``pos``; None if none begins there.

    It looks no further than the next such sign, so looking at each sign of a text takes linear time in total.
    (Behind a ``$$`` without an end, the caller must not ask for another ``$$``.)
    """
    if text.startswith("$", pos):
        return _dollars_end(text, pos)
    closing = _TEX[text[pos + 1]].match(text, pos + 2) if text[pos + 1 : pos + 2] in ("[", "(") else None
    return closing.end() if closing and closing[1] in "])" else None


def math_spans(line: str) -> list[tuple[int, int]]:
    """Where mathematics is in a line, as ``(start, end)``."""
    return list(_spans(line)) if "$" in line or "\\[" in line or "\\(" in line else []


def _spans(line: str) -> Iterator[tuple[int, int]]:
    pos = 0
    unended = False
    while opening := _OPENINGS.search(line, pos):
        is_double = line.startswith("$$", opening.start())
        end = None if is_double and unended else math_end(line, opening.start())
        unended |= is_double and end is None
        if end is None:
            pos = opening.end() + is_double
        else:
            yield opening.start(), end
            pos = end


def _dollars_end(text: str, pos: int) -> int | None:
    if pos and text[pos - 1].isdigit():
        return None
    if text.startswith("$$", pos):
        double = _DOUBLE.match(text, pos + 2)
        return double.end() if double and double.end() > pos + 4 else None
    if text[pos + 1 : pos + 2].strip() == "":
        return None
    closing = _DOLLARS.match(text, pos + 1)
    if closing is None:
        return None
    end = closing.start(1)
    if text[end - 1].isspace() or text[end + 1 : end + 2].isdigit():
        return None
    return end + 1
