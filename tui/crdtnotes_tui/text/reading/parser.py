"""markdown-it-py with everything that the reading view shows."""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from crdtnotes.markup.frontmatter import read_front_matter
from crdtnotes.markup.wikilink import wikilink_plugin

MAX_NESTING = 100
"""The nested levels of lists and quotes that are read, as in outlines; a list takes two."""


@cache
def parser() -> MarkdownIt:
    """Return the parser."""
    md = MarkdownIt("gfm-like", {"linkify": False, "maxNesting": MAX_NESTING})
    md.disable("linkify")
    footnote_plugin(md)
    dollarmath_plugin(md, allow_space=False, allow_digits=False, double_inline=True)
    wikilink_plugin(md)
    mark_plugin(md)
    return md


def mark_plugin(md: MarkdownIt) -> None:
    """Add `==marks==`: tokens `mark_open` and `mark_close` around what they hold."""
    md.inline.ruler.before("emphasis", "mark", _mark_rule)


_MARK = re.compile(r"==(?=[^\s=])([^\n]*?[^\s=])==(?!=)")


def _mark_rule(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("==", state.pos):
        return False
    found = _MARK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        end = state.posMax
        state.push("mark_open", "mark", 1)
        state.pos, state.posMax = found.span(1)
        state.md.inline.tokenize(state)
        state.posMax = end
        state.push("mark_close", "mark", -1)
    state.pos = found.end()
    return True


def front_matter_lines(text: str) -> int:
    """Return how many lines the front matter of a text has, the lines of dashes included."""
    return text.count("\n", 0, read_front_matter(text).end)


def plain_line_ends(text: str) -> str:
    """Return a text of the same length in which every line ends with `\\n`."""
    return text.replace("\r\n", " \n").replace("\r", "\n")
