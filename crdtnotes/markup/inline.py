"""The links, tags and block ids in one run of prose, with exact positions.

This reads the same syntax as the plugin in ``wikilink``, without making tokens: one pass from left to right
over the characters that can begin a construct, in linear time. The construct that begins first wins; code
spans, mathematics, HTML tags, HTML comments and escaped characters are skipped. In a comment between ``%%``
links and tags count, although it is not shown: that is how people hang a note in the graph invisibly, and how
Obsidian reads it. The brackets of Markdown links are kept on a
stack, as CommonMark describes: https://spec.commonmark.org/0.31.2/#phase-2-inline-structure
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from crdtnotes.markup.kinds import KIND_EMBED, KIND_LINK
from crdtnotes.markup.math import math_end
from crdtnotes.markup.names import fits
from crdtnotes.markup.wikilink import match_tag, match_wikilink


class Link(NamedTuple):
    """A wiki-link or Markdown link to a note or file; positions are code points.

    The target of a reference link is written elsewhere, in a definition.
    """

    kind: str
    """``"link"`` or ``"embed"``."""
    target: str
    """Trimmed, decoded and without ``.md``; ``""`` for a place in the note itself."""
    heading: str | None
    block: str | None
    label: str | None
    line: int
    """0-based; lines end at ``\\n``."""
    start: int
    end: int
    """The whole construct is ``text[start:end]``."""
    target_start: int
    target_end: int
    """The target as written, without ``.md``, is ``text[target_start:target_end]``."""
    markdown: bool
    """Whether it is written ``[label](target.md)`` and is not a wiki-link."""
    cell: bool
    """Whether it is in a table, where ``|`` is written ``\\|``."""
    scalar: tuple[int, int] | None = None
    """In the front matter: where the YAML scalar begins and ends that holds the link."""
    quoting: str = ""
    """How that scalar is quoted: ``"`` or ``'``; ``""`` for a block scalar, ``-`` if it is not quoted."""


class Definition(NamedTuple):
    """``[label]: destination``, which makes ``[text][label]`` and ``[label]`` links."""

    destination: str
    start: int
    """The code point position of the destination in the source."""


class Found(NamedTuple):
    """The collected results; tags and block ids have the position where they begin.

    ``taken``, if it is a list, receives the ``(start, end)`` of everything that is not plain prose.
    ``definitions`` are those of the whole text, by label (`label_key`).
    """

    links: list[Link]
    tags: list[tuple[str, int]]
    blocks: list[tuple[str, int]]
    taken: list[tuple[int, int]] | None = None
    definitions: Mapping[str, Definition] = MappingProxyType({})


_TRIGGER = re.compile(r"[\\`$%<!\[\]#^【［！]")
_BACKTICKS = re.compile("`+")
_BLOCK_ID = re.compile(r"\^([\w-]++)(?=[ \t]*+(?:\n|\Z))")
_TAG_OR_AUTOLINK = re.compile(
    r"""
      </?[A-Za-z][A-Za-z0-9-]*+
        (?: \s++[A-Za-z_:][A-Za-z0-9_.:-]*+ (?: \s*+=\s*+ (?: [^\s"'=<>`]++ | '[^']*+' | "[^"]*+" ) )?+ )*+
        \s*+ /?>
    | <[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\x00-\x20]*+>
    """,
    re.VERBOSE,
)
_DESTINATION = re.compile(
    r"""
    \( [ \t\n]*+
    (?: <(?P<angle>[^<>\n]*+)>
      | (?P<plain>(?!<)(?: \\[()\\] | [^\x00-\x20\x7f()] | \((?: \\[()\\] | [^\x00-\x20\x7f()] )*+\) )*+) )
    (?: [ \t\n]++ (?: "(?:\\.|[^"\\])*+" | '(?:\\.|[^'\\])*+' | \((?:\\.|[^()\\])*+\) ) )?+
    [ \t\n]*+ \)
    """,
    re.VERBOSE | re.DOTALL,
)
_DEFINITION = re.compile(
    r"""
    [ \t]*+ \[ (?P<label> (?!\^) (?: \\. | [^\[\]\\] )++ ) \]: [ \t]*+ \n?+ [ \t]*+
    (?: <(?P<angle>[^<>\n]*+)> | (?P<plain>[^\x00-\x20\x7f<\[][^\x00-\x20\x7f]*+) )
    (?: [ \t]++ (?: "(?:\\.|[^"\\])*+" | '(?:\\.|[^'\\])*+' | \((?:\\.|[^()\\])*+\) ) )?+
    [ \t]*+ (?: \n | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])*+)\]", re.DOTALL)
_MAX_LABEL = 999
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}")
_NOTE_PATH = re.compile(r"(?P<path>[^#]*)\.md(?:#(?P<fragment>.*))?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


def one_line(text: str) -> str:
    """``text`` trimmed, with each line break and the white space around it replaced with one space."""
    return " ".join(part.strip() for part in text.strip().split("\n"))


def note_path(destination: str) -> tuple[str, str] | None:
    """The path and the fragment of a Markdown link's destination, as written and without ``.md``.

    None if it is an address, or the path of a file that is no note. Without ``.md``, what has an ending such
    as ``.png`` is a file, and what has a ``?`` an address. The path is empty for a place in the same note.
    """
    if _SCHEME.match(destination):
        return None
    match = _NOTE_PATH.fullmatch(destination)
    if match is not None:
        return (match["path"], match["fragment"] or "") if match["path"] else None
    path, _, fragment = destination.partition("#")
    title = path.rpartition("/")[2]
    if "?" in path or has_extension(unquote(title)) or (path and title in ("", ".", "..")):
        return None
    return path, fragment


def has_extension(target: str) -> bool:
    """Whether a path without ``.md`` has the ending of another file."""
    title = target.rpartition("/")[2]
    return _EXTENSION.fullmatch(title, max(title.rfind("."), 0)) is not None


def label_key(label: str) -> str:
    """The form in which labels of definitions are compared."""
    return " ".join(label.split()).casefold()


def find_definitions(text: str, start: int) -> tuple[dict[str, Definition], int]:
    """The definitions at the beginning of a paragraph, and the position in ``text`` behind them.

    ``start`` is the position of ``text`` in the source.
    """
    found: dict[str, Definition] = {}
    pos = 0
    while match := _DEFINITION.match(text, pos):
        group = "plain" if match["angle"] is None else "angle"
        found.setdefault(label_key(match["label"]), Definition(match[group], start + match.start(group)))
        pos = match.end()
    return found, pos


def scan(text: str, start: int, cell: bool, found: Found) -> None:
    """Add what ``text`` contains to ``found``; ``start`` is the position of ``text`` in the source."""
    if _TRIGGER.search(text):
        _Scanner(text, start, cell, found).run()


class _Scanner:
    """Scans one run of prose. Each handler takes its character's position and returns where to continue."""

    def __init__(self, text: str, offset: int, cell: bool, found: Found) -> None:
        self._text = text
        self._offset = offset
        self._cell = cell
        self._found = found
        self._brackets: list[int] = []
        self._backticks: dict[int, list[int]] | None = None
        self._unended_comment = False
        self._unended_math = False
        self._commented_until = 0

    def run(self) -> None:
        pos = 0
        while match := _TRIGGER.search(self._text, pos):
            pos = _HANDLERS[match[0]](self, match.start())
            if self._found.taken is not None and pos > match.start() + 1:
                self._found.taken.append((match.start() + self._offset, pos + self._offset))

    def escape(self, pos: int) -> int:
        return math_end(self._text, pos) or pos + 2

    def dollar(self, pos: int) -> int:
        double = self._text.startswith("$$", pos)
        if double and self._unended_math:
            return pos + 2
        end = math_end(self._text, pos)
        self._unended_math |= double and end is None
        return end or pos + 1 + double

    def code(self, pos: int) -> int:
        if self._backticks is None:
            self._backticks = {}
            for run in _BACKTICKS.finditer(self._text, pos):
                self._backticks.setdefault(run.end() - run.start(), []).append(run.start())
        after = pos + 1
        while self._text.startswith("`", after):
            after += 1
        starts = self._backticks.get(after - pos, [])  # none if an escape split a run
        closing = bisect_left(starts, after)
        return starts[closing] + after - pos if closing < len(starts) else after

    def percent(self, pos: int) -> int:
        if not self._text.startswith("%%", pos):
            return pos + 1
        if self._found.taken is not None and pos >= self._commented_until:
            end = self._text.find("%%", pos + 2)
            self._commented_until = len(self._text) if end < 0 else end + 2
            if end >= 0:
                self._found.taken.append((pos + self._offset, end + 2 + self._offset))
        return pos + 2

    def angle(self, pos: int) -> int:
        if self._text.startswith("<!--", pos):
            # If an end was not found once, it is not searched for again.
            end = -1 if self._unended_comment else self._text.find("-->", pos + 4)
            self._unended_comment = end < 0
            return pos + 4 if end < 0 else end + 3
        tag = _TAG_OR_AUTOLINK.match(self._text, pos)
        return tag.end() if tag else pos + 1

    def bracket(self, pos: int) -> int:
        link = match_wikilink(self._text, pos)
        if link is None:
            if self._text[pos] == "[":
                self._brackets.append(pos)
            elif self._text.startswith("![", pos) and not self._text.startswith("![[", pos):
                self._brackets.append(pos)
                return pos + 2
            return pos + 1
        if not link.embed:
            self._brackets.clear()  # a link cannot contain another link: the inner link wins
        offset = self._offset
        defined = self._defined(self._text[link.target_start : link.target_end])
        if defined is not None and not link.embed:
            # CommonMark reads a reference link in brackets; programs that generate definitions rely on that.
            found = self._link_to(defined, link.start, link.end, link.label or link.target, image=False)
            if found is not None:
                self._found.links.append(found._replace(heading=link.heading or found.heading))
                return link.end
        self._found.links.append(
            Link(
                KIND_EMBED if link.embed else KIND_LINK,
                link.target,
                link.heading,
                link.block,
                link.label,
                0,
                link.start + offset,
                link.end + offset,
                link.target_start + offset,
                link.target_end + offset,
                markdown=False,
                cell=self._cell,
            )
        )
        return link.end

    def close(self, pos: int) -> int:
        if not self._brackets:
            return pos + 1
        opening = self._brackets.pop()
        destination = _DESTINATION.match(self._text, pos + 1)
        if destination is not None:
            group = destination.lastgroup or ""
            end = destination.end()
            to = Definition(destination[group], destination.start(group) + self._offset)
        else:
            reference = self._reference(opening, pos) if self._found.definitions else None
            if reference is None:
                return pos + 1
            to, end = reference
        image = self._text[opening] == "!"
        if not image:
            self._brackets.clear()
        if self._found.taken is not None:
            self._found.taken.append((opening + self._offset, end + self._offset))
        link = self._link_to(to, opening, end, self._text[opening + 1 + image : pos], image)
        if link is not None:
            self._found.links.append(link)
        return end

    def _defined(self, label: str) -> Definition | None:
        return self._found.definitions.get(label_key(label)) if self._found.definitions else None

    def _reference(self, opening: int, closing: int) -> tuple[Definition, int] | None:
        """The definition that a reference link uses, and the link's end."""
        second = _LABEL.match(self._text, closing + 1, closing + _MAX_LABEL)
        if second is not None and second[1].strip():
            defined, end = self._defined(second[1]), second.end()
        elif closing - opening <= _MAX_LABEL:
            own = self._text[opening + 1 + (self._text[opening] == "!") : closing]
            defined, end = self._defined(own), second.end() if second else closing + 1
        else:
            return None
        return None if defined is None else (defined, end)

    def _link_to(self, to: Definition, start: int, end: int, label: str, image: bool) -> Link | None:
        """The link to a destination, if that is a note or a place in this one."""
        from markdown_it.common.utils import unescapeAll  # already loaded whenever a text is being read

        parts = note_path(to.destination)
        if parts is None:
            return None
        path, written_fragment = parts
        target = unquote(unescapeAll(path)).strip()
        fragment = unquote(unescapeAll(written_fragment)).strip()
        if path:
            if not fits(target) or "\n" in target or target.endswith("/"):
                return None
        elif not fragment:
            return None
        is_block = fragment.startswith("^")
        return Link(
            KIND_EMBED if image else KIND_LINK,
            target,
            None if is_block else fragment or None,
            fragment[1:] or None if is_block else None,
            one_line(label) or None,
            0,
            start + self._offset,
            end + self._offset,
            to.start,
            to.start + len(path),
            markdown=True,
            cell=self._cell,
        )

    def tag(self, pos: int) -> int:
        end = match_tag(self._text, pos)
        if end is None:
            return pos + 1
        self._found.tags.append((self._text[pos + 1 : end], pos + self._offset))
        return end

    def block(self, pos: int) -> int:
        block = _BLOCK_ID.match(self._text, pos)
        if block is None or (pos and not self._text[pos - 1].isspace()):
            return pos + 1
        self._found.blocks.append((block[1], pos + self._offset))
        return block.end()


_HANDLERS: dict[str, Callable[[_Scanner, int], int]] = {
    "\\": _Scanner.escape,
    "`": _Scanner.code,
    "$": _Scanner.dollar,
    "%": _Scanner.percent,
    "<": _Scanner.angle,
    "[": _Scanner.bracket,
    "!": _Scanner.bracket,
    "【": _Scanner.bracket,
    "［": _Scanner.bracket,
    "！": _Scanner.bracket,
    "]": _Scanner.close,
    "#": _Scanner.tag,
    "^": _Scanner.block,
}
