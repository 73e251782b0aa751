"""The grammar of wiki-links and tags, and a markdown-it-py plugin that renders them.

A wiki-link is ``[[target]]``, ``[[target#heading]]``, ``[[target#^block]]`` or ``[[#heading]]``. It may have
a ``|label``, and embeds its target if ``!`` comes before it. It is on one line and contains no further
``[[``. ``【【目标】】`` and ``［［目标］］`` are links too, and embed after ``!`` or ``！``. In wiki-links
``｜`` and ``＃`` mean ``|`` and ``#``; ``\\|`` means ``|`` as well, because that is how it is written in a
table. A ``#`` that belongs to the target is written ``\\#``: ``[[C\\# notes]]``. ``[[x] [x]]`` is no link.

A tag is ``#`` followed by letters, digits, emoji, ``_``, ``-`` and ``/`` (not digits alone), at the beginning
of the text or after white space, opening punctuation or Chinese punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.markup.math import math_end
from crdtnotes.markup.names import fits, without_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

BAR = re.compile(r"\\?[|｜]")
"""The separator between a wiki-link's target and its label."""

HASH = re.compile(r"(?<!\\)[#＃]")
"""The separator between the target and a heading or block id in it."""

_ESCAPED = re.compile(r"\\([#＃\[])")


def _bracketed(bang: str, left: str, right: str) -> re.Pattern[str]:
    """A pattern for a pair of brackets and the text between them, on one line and without a further opening.

    It reads no further than the next opening and never backtracks, so matching at every opening of a text
    takes linear time in total.
    """
    left, right = re.escape(left), re.escape(right)
    inner = rf"(?:[^\n\[{left}{right}]|\[(?!\[)|{left}(?!{left})|{right}(?!{right}))"
    return re.compile(rf"({bang}?){left}{left}(?!{left})({inner}++){right}{right}")


_BRACKETS = {
    "[": _bracketed("!", "[", "]"),
    "【": _bracketed("[!！]", "【", "】"),
    "［": _bracketed("[!！]", "［", "］"),
}

_PAIRS = {"]": ("[", "]"), "】": ("【", "】"), "］": ("［", "］")}

_TAG_RUN = re.compile(r"[\w/-]+")
_NO_TAG = re.compile(r"\d*|[/-]*|/.*", re.DOTALL)


class WikiLink(NamedTuple):
    """A wiki-link, with code point positions in the text that it was found in."""

    embed: bool
    target: str
    """Trimmed and without ``.md``; ``""`` if the link only names a heading or block of the note itself."""
    heading: str | None
    block: str | None
    label: str | None
    start: int
    end: int
    target_start: int
    target_end: int
    """The position of the target as written, without ``.md``."""


def match_wikilink(text: str, pos: int) -> WikiLink | None:
    """The wiki-link that begins at ``pos``, or None."""
    pattern = _BRACKETS.get(text[pos : pos + 1]) or _BRACKETS.get(text[pos + 1 : pos + 2])
    match = pattern.match(text, pos) if pattern else None
    if match is None:
        return None
    inner = match[2]
    if _holds_pairs(inner, *_PAIRS[match[0][-1]]):
        return None
    bar = BAR.search(inner)
    written, label = (inner[: bar.start()], inner[bar.end() :].strip()) if bar else (inner, "")
    fragment = HASH.search(written)
    heading, block = "", ""
    if fragment:
        heading = written[fragment.end() :].strip()
        written = written[: fragment.start()]
        if heading.startswith("^"):
            heading, block = "", heading[1:].strip()
    raw = without_suffix(written)
    target = unescape_target(raw)
    if target:
        if not fits(target):
            return None
    elif not heading and not block:
        return None
    start = match.start(2) + len(written) - len(written.lstrip()) if raw else match.start(2)
    return WikiLink(
        bool(match[1]),
        target,
        heading or None,
        block or None,
        label or None,
        match.start(),
        match.end(),
        start,
        start + len(raw),
    )


def _holds_pairs(inner: str, left: str, right: str) -> bool:
    """Whether the outer two brackets are not a pair: ``[[x] [x]]`` is ``[x]`` and ``[x]`` in brackets."""
    if right not in inner or left not in inner:
        return False
    depth = lowest = 0
    escaped = False
    for character in inner:
        if character == left and not escaped:
            depth += 1
        elif character == right:
            depth -= 1
            lowest = min(lowest, depth)
        escaped = character == "\\"
    return depth > lowest and lowest < 0


def escape_target(name: str) -> str:
    """Write a note's name as a wiki-link's target, so that parsing gives the name again."""
    written = HASH.sub(r"\\\g<0>", name)
    if _holds_pairs(name, "[", "]"):
        written = written.replace("[", "\\[")
    if written.startswith("["):
        written = " " + written
    if written.endswith(("]", "】", "］")):
        written += " "
    return written


def unescape_target(written: str) -> str:
    """The name that a wiki-link's target, as written, means."""
    return _ESCAPED.sub(r"\1", written) if "\\" in written else written


def match_tag(text: str, pos: int) -> int | None:
    """The end of the tag whose ``#`` is at ``pos``, or None if no tag begins there."""
    if pos and not _opens(text[pos - 1]):
        return None
    end = tag_value_end(text, pos + 1)
    return None if end == pos + 1 else end


def tag_value_end(text: str, pos: int) -> int:
    """The end of the tag value that begins at ``pos``; ``pos`` if none begins there."""
    end = pos
    while (run := _TAG_RUN.match(text, end)) or (end < len(text) and _joins(text[end])):
        end = run.end() if run else end
        # The pattern matches no combining marks, which decomposed and Indic words contain, and no emoji.
        while end < len(text) and _joins(text[end]):
            end += 1
    value = text[pos:end].rstrip("/")
    return pos if _NO_TAG.fullmatch(value) or not fits(value) else pos + len(value)


def _opens(character: str) -> bool:
    if character.isspace():
        return True
    kind = unicodedata.category(character)
    if kind in {"Ps", "Pi"}:
        return True
    # Chinese and Japanese put no space after punctuation.
    return kind[0] == "P" and (unicodedata.east_asian_width(character) in "WF" or character in "…—”’")


def _joins(character: str) -> bool:
    if character in "\u200c\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    kind = unicodedata.category(character)
    return kind == "So" or kind[0] == "M" or "\U000e0020" <= character <= "\U000e007f"


def wikilink_plugin(md: MarkdownIt) -> None:
    """Add wiki-links, tags and comments to a parser.

    A link becomes ``link_open``, ``text`` and ``link_close`` with ``"wikilink"`` as their ``markup``, so any
    renderer that supports links shows it; ``meta`` of ``link_open`` has ``kind`` (``"link"`` or ``"embed"``),
    ``target``, ``heading``, ``block`` and ``label``. A tag becomes ``tag_open``, ``text`` and ``tag_close``,
    a comment becomes one token ``comment``, which is not rendered.
    """
    from crdtnotes.markup.comments import comments_plugin  # loads markdown-it-py

    rules = md.inline.ruler
    rules.before("link", "wikilink", _wikilink_rule)
    rules.before("wikilink", "comment", _comment_rule)
    rules.before("escape", "tex", _tex_rule)
    rules.before("wikilink", "tag", _tag_rule)
    for character in "【［！":
        md.inline.add_terminator_char(character)
    comments_plugin(md)
    md.add_render_rule("comment", _render_nothing)
    md.add_render_rule("comment_block", _render_nothing)


def _wikilink_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "[!【［！":
        return False
    link = match_wikilink(state.src, state.pos)
    if link is None or link.end > state.posMax:
        return False
    if not silent:
        token = state.push("link_open", "a", 1)
        token.attrs = {"class": "wikilink", "href": state.md.normalizeLink(_href(link))}
        token.markup, token.info = "wikilink", "auto"
        token.meta = {
            "kind": "embed" if link.embed else "link",
            "target": link.target,
            "heading": link.heading,
            "block": link.block,
            "label": link.label,
        }
        state.push("text", "", 0).content = link.label or _shown(link)
        token = state.push("link_close", "a", -1)
        token.markup, token.info = "wikilink", "auto"
    state.pos = link.end
    return True


def _href(link: WikiLink) -> str:
    fragment = f"#^{link.block}" if link.block else f"#{link.heading}" if link.heading else ""
    return link.target.replace("%", "%25").replace("#", "%23").replace("?", "%3F") + fragment


def _shown(link: WikiLink) -> str:
    return " > ".join(part for part in (link.target, link.heading or link.block) if part)


def _tag_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "#":
        return False
    end = match_tag(state.src, state.pos)
    if end is None or end > state.posMax:
        return False
    if not silent:
        state.push("tag_open", "span", 1).attrs = {"class": "tag"}
        state.push("text", "", 0).content = state.src[state.pos : end]
        state.push("tag_close", "span", -1)
    state.pos = end
    return True


def _tex_rule(state: StateInline, silent: bool) -> bool:
    """Mathematics between ``\\[`` and ``\\]``, or ``\\(`` and ``\\)``: text without links."""
    if state.src[state.pos] != "\\":
        return False
    end = math_end(state.src, state.pos)
    if end is None or end > state.posMax:
        return False
    if not silent:
        state.push("text", "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _comment_rule(state: StateInline, silent: bool) -> bool:
    for begin, finish in (("%%", "%%"), ("<!--", "-->")):
        if state.src.startswith(begin, state.pos):
            end = state.src.find(finish, state.pos + len(begin), state.posMax)
            if end < 0:
                return False
            if not silent:
                state.push("comment", "", 0).content = state.src[state.pos : end + len(finish)]
            state.pos = end + len(finish)
            return True
    return False


def _render_nothing(
    self: RendererProtocol,  # noqa: ARG001
    tokens: Sequence[Token],  # noqa: ARG001
    idx: int,  # noqa: ARG001
    options: OptionsDict,  # noqa: ARG001
    env: EnvType,  # noqa: ARG001
) -> str:
    return ""
