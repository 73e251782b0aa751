"""Styles of the parts of a line; cheap enough for every key. Styles never change the text."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from crdtnotes.markup.math import math_spans
from crdtnotes.markup.wikilink import WikiLink, match_tag, match_wikilink

HEADING, MARK, QUOTE, CODE, EMPHASIS, STRONG, STRUCK = (
    "heading",
    "mark",
    "quote",
    "code",
    "emphasis",
    "strong",
    "struck",
)
LINK, DANGLING, TAG, URL, DONE, META = "link", "dangling", "tag", "url", "done", "meta"

STYLES = (HEADING, MARK, QUOTE, CODE, EMPHASIS, STRONG, STRUCK, LINK, DANGLING, TAG, URL, DONE, META)
"""The names of all styles."""

_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_LEAD = re.compile(r"((?:[ \t]*>)*)[ \t]*((?:[-*+]|\d{1,9}[.)])(?=[ \t]))?(?:[ \t]+(\[[ xX]\])(?=[ \t]))?")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_OPENING = re.compile(r"[!！]?(?:\[\[|【【|［［)")
_ADDRESS = re.compile(r"\[[^\]\[]*\]\([^()\s]*\)|https?://[^\s<>)\]]+")
_INLINE = (
    (STRONG, re.compile(r"\*\*(?=\S)(?:[^*]|\*(?!\*))+?(?<=\S)\*\*|(?<!\w)__(?=\S)[^_]+?(?<=\S)__(?!\w)")),
    (EMPHASIS, re.compile(r"(?<!\*)\*(?=[^\s*])[^*]*[^\s*]?\*(?!\*)|(?<![\w_])_(?=[^\s_])[^_]*_(?!\w)")),
    (STRUCK, re.compile(r"~~(?=\S)[^~]+~~")),
    (URL, _ADDRESS),
)


class Part(NamedTuple):
    """The style of a line from `start` to before `end`; later parts cover earlier ones."""

    start: int
    end: int
    style: str


def code_lines(lines: Sequence[str]) -> list[str | None]:
    """Return for each line the style of its block: `code`, `meta` (front matter) or None."""
    blocks: list[str | None] = [None] * len(lines)
    row = _front_matter_end(lines)
    blocks[:row] = [META] * row
    fence = ""
    for at in range(row, len(lines)):
        line = lines[at]
        if fence:
            blocks[at] = CODE
            if fence in line and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif ("```" in line or "~~~" in line) and (found := _FENCE.match(line)):
            blocks[at] = CODE
            fence = found[1]
    return blocks


def _front_matter_end(lines: Sequence[str]) -> int:
    if lines[0].removeprefix("\ufeff").rstrip() != "---":
        return 0
    for row in range(1, min(len(lines), 200)):
        if lines[row].rstrip() in ("---", "..."):
            return row + 1
    return 0


def links_in(line: str) -> list[WikiLink]:
    """Return the wiki-links of a line that is not in a code block."""
    if "[[" not in line and "【【" not in line and "［［" not in line:
        return []
    code = [match.span() for match in _CODE.finditer(line)] if "`" in line else []
    code += math_spans(line)
    links: list[WikiLink] = []
    for opening in _OPENING.finditer(line):
        at = opening.start()
        if (links and at < links[-1].end) or (at and line[at - 1] == "\\"):
            continue
        if any(start <= at < end for start, end in code):
            continue
        link = match_wikilink(line, at)
        if link is not None:
            links.append(link)
    return links


def style_line(line: str, block: str | None, resolves: Callable[[str], bool]) -> list[Part]:
    """Return the styled parts of a line."""
    if block is not None:
        return [Part(0, len(line), block)]
    if not line:
        return []
    parts: list[Part] = []
    heading = _HEADING.match(line)
    if heading:
        parts += [Part(0, len(line), HEADING), Part(heading.start(1), heading.end(1), MARK)]
    elif _RULE.match(line):
        return [Part(0, len(line), MARK)]
    else:
        parts += _lead(line)
    if any(character in line for character in "*_~`[:"):
        for style, pattern in _INLINE:
            parts += [Part(*match.span(), style) for match in pattern.finditer(line)]
    if "#" in line:
        parts += _tags(line, heading.end() if heading else 0)
    if "`" in line:
        parts += [Part(*match.span(), CODE) for match in _CODE.finditer(line)]
    for link in links_in(line):
        leads = not link.target or resolves(link.target)
        parts.append(Part(link.start, link.end, LINK if leads else DANGLING))
    return parts


def style_near(text: str, block: str | None, resolves: Callable[[str], bool]) -> list[Part]:
    """Return the styled parts of a text that is cut out of a long line: links, tags and addresses.

    Emphasis and code are left out: where they begin and end is not known without the rest of the line.
    """
    if block is not None:
        return [Part(0, len(text), block)]
    parts = [Part(*match.span(), URL) for match in _ADDRESS.finditer(text)]
    if "#" in text:
        parts += _tags(text, 0)
    for link in links_in(text):
        leads = not link.target or resolves(link.target)
        parts.append(Part(link.start, link.end, LINK if leads else DANGLING))
    return parts


def _lead(line: str) -> list[Part]:
    lead = _LEAD.match(line)
    parts: list[Part] = []
    if lead is None:
        return parts
    if lead[1]:
        parts.append(Part(0, len(line), QUOTE))
    if lead[3] and lead[3] != "[ ]":
        parts.append(Part(lead.end(3), len(line), DONE))
    parts += [Part(*lead.span(group), MARK) for group in (1, 2, 3) if lead[group]]
    return parts


def _tags(line: str, start: int) -> list[Part]:
    parts = []
    at = line.find("#", start)
    while at >= 0:
        end = match_tag(line, at)
        if end is not None:
            parts.append(Part(at, end, TAG))
        at = line.find("#", end or at + 1)
    return parts
