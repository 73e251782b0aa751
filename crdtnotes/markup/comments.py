"""Comments of several lines, as a rule for markdown-it-py's block parser.

A comment begins at the start of a line with ``%%`` or ``<!--`` and ends with ``%%`` or ``-->`` on a later
line of the same container (list item, quote). A comment without an end is text, so a half-typed comment does
not swallow the rest of a note. Anything after the end on the same line is text again. The inline parser
handles comments that end on the line where they begin.

For outlines, ``<pre>``, ``<script>``, ``<style>`` and ``<textarea>`` are read in the same way, because they
do not contain Markdown, and so is mathematics of several lines between ``$$`` or between ``\\[`` and ``\\]``.
"""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from crdtnotes.markup.math import MATH_BLOCK, MATH_ENDS

_COMMENT = re.compile(r"%%|<!--")
_RAW = re.compile(r"<(?:pre|script|style|textarea)(?=[\s>])", re.IGNORECASE)
_RAW_END = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_ENDS = {"%%": re.compile("%%"), "<!--": re.compile("-->")}

TERMINATES = ["paragraph", "reference", "blockquote", "list"]
"""The block rules that the beginning of a comment interrupts."""


class Comment(NamedTuple):
    """A comment of several lines: its mark, where what it says begins, its end and the line of the end."""

    mark: str
    begin: int
    end: int
    line: int


class _Search(NamedTuple):
    """The result of the last search for one kind of end; kept so that no text is searched twice."""

    source: str
    since: int
    found: re.Match[str] | None
    outside_until: int
    """That end lies outside every container whose lines come before this line."""


def find_comment(state: StateBlock, start_line: int, end_line: int) -> Comment | None:
    """The comment of several lines that begins in a line, or None."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opening = _COMMENT.match(state.src, begin, state.eMarks[start_line])
    if opening is None or state.is_code_block(start_line):
        return None
    end = _find_end(state, opening.end(), start_line, end_line, _ENDS[opening.group()])
    if end is None or end[1] == start_line:
        return None
    return Comment(opening.group(), opening.end(), *end)


def comment_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule for comments of several lines."""
    comment = find_comment(state, start_line, end_line)
    if comment is not None and not silent:
        skip_to(state, start_line, comment.end, comment.line)
    return comment is not None


def raw_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule for HTML elements and mathematics of several lines, whose content is not Markdown."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    # One character further, because a line break may follow the tag's name.
    opening = _RAW.match(state.src, begin, state.eMarks[start_line] + 1)
    closing = _RAW_END
    if opening is None:
        opening = MATH_BLOCK.match(state.src, begin, state.eMarks[start_line])
        if opening is not None:
            closing = MATH_ENDS[opening[0]]
    if opening is None or state.is_code_block(start_line):
        return False
    end = _find_end(state, opening.end(), start_line, end_line, closing)
    if end is None or (closing is not _RAW_END and end[1] == start_line):
        return False  # mathematics in one line is found as part of its paragraph
    if not silent:
        skip_to(state, start_line, *end)
    return True


def comments_plugin(md: MarkdownIt) -> None:
    """Add comments of several lines to a parser; they are not rendered."""
    md.block.ruler.before("code", "comment_block", comment_block, {"alt": TERMINATES})


def _find_end(
    state: StateBlock, after: int, start_line: int, end_line: int, end: re.Pattern[str]
) -> tuple[int, int] | None:
    """The position after the end of a comment that begins before ``after``, and its line; or None."""
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


def skip_to(state: StateBlock, start_line: int, after: int, line: int) -> None:
    """Continue parsing at ``after``, which is in ``line``."""
    token = state.push("comment_block", "", 0)
    token.map = [start_line, line + 1]
    token.hidden = True
    rest = after
    while rest < state.eMarks[line] and state.src[rest] in " \t":
        rest += 1
    if line == start_line or rest == state.eMarks[line]:
        state.line = line + 1
        return
    # The line now begins after the comment, just as a line of a quote begins after its marker.
    state.bMarks[line] = rest
    state.tShift[line] = 0
    state.sCount[line] = state.blkIndent
    state.line = line
