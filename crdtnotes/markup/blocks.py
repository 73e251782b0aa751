"""Where the prose of a Markdown text is: its paragraphs, headings and table cells, each with its position.

markdown-it-py finds the blocks, with its own rules for lists, quotes, code and tables and with this module's
rules for paragraphs and headings. This module's rules record the position of the text in the source instead
of making tokens, and read each line once. Code, mathematics and HTML comments are not prose; link
definitions and what stands between ``%%`` are.

Lists and quotes that are nested deeper than :data:`MAX_NESTING` are not read.
"""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table

from crdtnotes.markup.comments import TERMINATES, find_comment, raw_block, skip_to

MAX_NESTING = 100
"""The number of nested levels that are read; a list takes two."""


class Prose(NamedTuple):
    """One paragraph, heading or table cell."""

    start: int
    """Code point position of ``text`` in the source."""
    text: str
    """The source from ``start`` on, with the markers of a quote on its later lines turned into spaces."""
    level: int
    """1 to 6 for a heading, else 0."""
    cell: bool
    """Whether it is in a table, where ``|`` is written ``\\|``."""
    hidden: bool = False
    """Whether it is in a comment of several lines."""


# A line that begins with none of these, and has no "|", can only belong to a paragraph (or indented code).
_MARKERS = frozenset("`~>#<%*-+_0123456789$\\")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
# A bar inside a wiki-link does not end the cell, because it was meant for the link.
_BAR_OR_LINK = re.compile(r"\[\[[^\n\[\]]*+\]\]|(?<!\\)\|")


def find_prose(source: str) -> list[Prose]:
    """The prose of ``source`` in text order. The lines of ``source`` must end with ``\\n`` alone."""
    found: list[Prose] = []
    _PARSER.block.parse(source, _PARSER, {"prose": found}, [])
    return found


def _add(state: StateBlock, start: int, text: str, level: int = 0, cell: bool = False) -> None:
    state.env["prose"].append(Prose(start, text, level, cell))


def _plain(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """The fast path for most lines of most notes; it comes before all other rules."""
    if _may_begin_a_block(state, start_line) or state.is_code_block(start_line):
        return False
    return _paragraph(state, start_line, end_line, silent)


def _may_begin_a_block(state: StateBlock, line: int) -> bool:
    begin, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    return state.src[begin] in _MARKERS or state.src.find("|", begin, end) >= 0


def _paragraph(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: ARG001
    """A paragraph, or a heading with a line of ``=`` or ``-`` below it."""
    rules = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    level = 0
    line = start_line + 1
    while line < state.lineMax and not state.isEmpty(line):
        indent = state.sCount[line]
        # Deeper lines continue the text, and so do lines that a quote marked with a negative indent.
        if indent - state.blkIndent <= 3:
            if indent >= state.blkIndent and line < end_line:
                level = _underline(state, line)
                if level:
                    break
            if (
                indent >= 0
                and _may_begin_a_block(state, line)
                and any(rule(state, line, state.lineMax, True) for rule in rules)
            ):
                break
        line += 1
    state.parentType = parent
    start = state.bMarks[start_line] + state.tShift[start_line]
    _add(state, start, _join(state, start_line, line), level)
    state.line = line + 1 if level else line
    return True


def _underline(state: StateBlock, line: int) -> int:
    """The level of the heading if ``line`` underlines the text above it as one, or 0."""
    begin = state.bMarks[line] + state.tShift[line]
    marker = state.src[begin]
    if marker not in "=-":
        return 0
    if state.src[begin : state.eMarks[line]].rstrip(" \t").strip(marker):
        return 0
    return 1 if marker == "=" else 2


def _join(state: StateBlock, first: int, last: int) -> str:
    """The text of the lines from ``first`` to before ``last``; it has the same length as in the source."""
    source = state.src
    parts = [source[state.bMarks[first] + state.tShift[first] : state.eMarks[first]]]
    for line in range(first + 1, last):
        begin = state.bMarks[line] + state.tShift[line]
        parts.append("\n" + " " * (begin - state.eMarks[line - 1] - 1))
        parts.append(source[begin : state.eMarks[line]])
    return "".join(parts)


def _heading(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: ARG001
    end = state.eMarks[start_line]
    match = _HEADING.match(state.src, state.bMarks[start_line] + state.tShift[start_line], end)
    if match is None or state.is_code_block(start_line):
        return False
    if not silent:
        text = state.src[match.end() : end].rstrip(" \t")
        # A closing run of "#" is not part of the heading; it needs a space before it.
        if text.endswith("#"):
            stripped = text.rstrip("#")
            if not stripped or stripped[-1] in " \t":
                text = stripped.rstrip(" \t")
        _add(state, match.end(), text, len(match[1]))
        state.line = start_line + 1
    return True


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if not table(state, start_line, end_line, silent):
        return False
    if not silent:
        for line in range(start_line, state.line):
            if line != start_line + 1:  # the line of dashes
                _add_cells(state, line)
    return True


def _add_cells(state: StateBlock, line: int) -> None:
    """Add the cells of a row, including those beyond the table's head, which a renderer drops."""
    begin, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    for bar in _BAR_OR_LINK.finditer(state.src, begin, end):
        if bar[0] != "|":
            continue
        _add(state, begin, state.src[begin : bar.start()], cell=True)
        begin = bar.end()
    _add(state, begin, state.src[begin:end], cell=True)


def _comment(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Like `comment_block`; what a comment between ``%%`` says is prose."""
    comment = find_comment(state, start_line, end_line)
    if comment is None:
        return False
    if not silent:
        if comment.mark == "%%":
            begin = state.bMarks[start_line] + state.tShift[start_line]
            text = _join(state, start_line, comment.line + 1)
            inner = text[comment.begin - begin : comment.end - len(comment.mark) - begin]
            state.env["prose"].append(Prose(comment.begin, inner, 0, cell=False, hidden=True))
        skip_to(state, start_line, comment.end, comment.line)
    return True


def _parser() -> MarkdownIt:
    md = MarkdownIt("zero", {"maxNesting": MAX_NESTING})
    md.enable(["table", "code", "fence", "blockquote", "hr", "list", "heading"])
    rules = md.block.ruler
    rules.at("table", _table, {"alt": ["paragraph", "reference"]})
    rules.at("heading", _heading, {"alt": ["paragraph", "reference", "blockquote"]})
    rules.at("paragraph", _paragraph)
    rules.before("code", "comment_block", _comment, {"alt": TERMINATES})
    rules.before("code", "raw_block", raw_block, {"alt": TERMINATES})
    rules.before("table", "plain", _plain)
    return md


_PARSER = _parser()
