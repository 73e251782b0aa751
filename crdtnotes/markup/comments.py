"""Comments that go over several lines, as a rule for markdown-it-py's block parser.

A comment begins at the beginning of a line with ``%%`` or ``<!--`` and ends with ``%%`` or ``-->`` on a later
line of the same container (list item, quote). One that nothing ends is text, so a half-typed comment does not
take the rest of a note with it. What follows the end on its line is text again. Comments that end on the line
where they begin are left to the inline parser.

For outlines, ``<pre>``, ``<script>``, ``<style>`` and ``<textarea>`` are read in the same way, since nothing
in them is Markdown.
"""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_COMMENT = re.compile(r"%%|<!--")
_RAW = re.compile(r"<(?:pre|script|style|textarea)(?=[\s>])", re.IGNORECASE)
_RAW_END = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_ENDS = {"%%": re.compile("%%"), "<!--": re.compile("-->")}

TERMINATES = ["paragraph", "reference", "blockquote", "list"]
"""The block rules that a comment's beginning interrupts."""


class _Search(NamedTuple):
    """What the last search for one kind of end found; kept, so that no text is searched twice."""

    source: str
    since: int
    found: re.Match[str] | None
    outside_until: int
    """That end lies outside every container whose lines come before this one."""


def comment_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule: a comment of several lines."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opening = _COMMENT.match(state.src, begin, state.eMarks[start_line])
    if opening is None or state.is_code_block(start_line):
        return False
    end = _find_end(state, opening.end(), start_line, end_line, _ENDS[opening.group()])
    if end is None or end[1] == start_line:
        return False
    if not silent:
        _skip(state, start_line, *end)
    return True


def raw_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule: HTML elements whose content is not Markdown."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    # One further, because the line break may be what follows the tag's name.
    opening = _RAW.match(state.src, begin, state.eMarks[start_line] + 1)
    if opening is None or state.is_code_block(start_line):
        return False
    end = _find_end(state, opening.end(), start_line, end_line, _RAW_END)
    if end is None:
        return False
    if not silent:
        _skip(state, start_line, *end)
    return True


def comments_plugin(md: MarkdownIt) -> None:
    """Adds comments of several lines to a parser; they are not rendered."""
    md.block.ruler.before("code", "comment_block", comment_block, {"alt": TERMINATES})


def _find_end(
    state: StateBlock, after: int, start_line: int, end_line: int, end: re.Pattern[str]
) -> tuple[int, int] | None:
    """Position after the end of a comment that begins before ``after``, and its line; None without one."""
    searches: dict[re.Pattern[str], _Search] = state.env.setdefault("comment_searches", {})
    last = searches.get(end)
    if (
        last is None
        or last.source is not state.src
        or after < last.since
        or (last.found is not None and last.found.start() < after)
    ):
        last = searches[end] = _Search(state.src, after, end.search(state.src, after), -1)
    if last.found is None or start_line < last.outside_until:
        return None
    line = start_line
    while state.eMarks[line] < last.found.end():
        line += 1
        left = line >= end_line or (state.sCount[line] < state.blkIndent and not state.isEmpty(line))
        if left:
            searches[end] = last._replace(outside_until=line)
            return None
    return last.found.end(), line


def _skip(state: StateBlock, start_line: int, after: int, line: int) -> None:
    """Goes on at ``after``, in ``line``."""
    token = state.push("comment_block", "", 0)
    token.map = [start_line, line + 1]
    token.hidden = True
    rest = after
    while rest < state.eMarks[line] and state.src[rest] in " \t":
        rest += 1
    if line == start_line or rest == state.eMarks[line]:
        state.line = line + 1
        return
    # As a quote does with its marker: the line now begins after the comment.
    state.bMarks[line] = rest
    state.tShift[line] = 0
    state.sCount[line] = state.blkIndent
    state.line = line
