"""The inline tokens of a paragraph, a heading or a cell as pieces."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from markdown_it.token import Token

from crdtnotes.markup.inline import note_path
from crdtnotes.markup.names import without_suffix
from crdtnotes_tui.text.reading.math import as_unicode
from crdtnotes_tui.text.reading.pieces import (
    BREAK,
    Action,
    Browse,
    Follow,
    Jump,
    Piece,
    ShowTag,
)

_STYLES = {"em": "emphasis", "strong": "strong", "s": "struck", "mark": "marked"}
_ADDRESS = re.compile(r"https?://[^\s<>)\]，。；！？、）」』》]+")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
WEB = ("http://", "https://", "mailto:")


class Context(NamedTuple):
    """What the look of a text depends on."""

    resolves: Callable[[str], bool]
    """Whether a link target in this text leads to a note."""
    holder: str | None = None
    """The name of the note that the text is embedded from; None for the open note."""
    notes: str = ""
    """What tells the footnotes of this text from those of others."""

    @property
    def own(self) -> bool:
        """Whether the text is the open note's."""
        return self.holder is None


def pieces_of(tokens: Iterable[Token], context: Context) -> list[Piece]:
    """Return the pieces of inline tokens; soft and hard line breaks are `BREAK`."""
    return list(_pieces(tokens, context))


def _pieces(tokens: Iterable[Token], context: Context) -> Iterator[Piece]:
    styles: list[str] = []
    action: Action | None = None
    dangles = False
    for token in tokens:
        kind, _, side = token.type.rpartition("_")
        if token.type == "link_open":
            action, dangles = link_action(token, context)
            styles.append("dangling" if dangles else "url" if isinstance(action, Browse) else "link")
            if dangles:
                yield Piece("[[", " ".join(styles), action)
        elif token.type == "link_close":
            if dangles:
                yield Piece("]]", " ".join(styles), action)
            styles.pop()
            action, dangles = None, False
        elif token.type == "tag_open":
            styles.append("tag")
            action = ShowTag("")
        elif token.type == "tag_close":
            styles.pop()
            action = None
        elif side == "open" and kind in _STYLES:
            styles.append(_STYLES[kind])
        elif side == "close" and kind in _STYLES and _STYLES[kind] in styles:
            styles.remove(_STYLES[kind])
        elif token.type == "text" and isinstance(action, ShowTag):
            action = ShowTag(token.content.removeprefix("#"))
            yield Piece(token.content, " ".join(styles), action)
        else:
            yield from _leaf(token, " ".join(styles), action, context)


def _leaf(token: Token, style: str, action: Action | None, context: Context) -> Iterator[Piece]:
    match token.type:
        case "text":
            yield from _text(token.content, style, action)
        case "softbreak" | "hardbreak":
            yield BREAK
        case "code_inline":
            yield Piece(token.content, f"{style} code".strip(), action)
        case "math_inline" | "math_inline_double":
            yield Piece(as_unicode(token.content), f"{style} math".strip(), action)
        case "image":
            yield from image(token.content, str(token.attrs.get("src", "")))
        case "html_inline" if _BREAK_TAG.fullmatch(token.content):
            yield Piece("\u2028")
        case "footnote_ref":
            number = token.meta["id"] + 1
            here = f"{context.notes}ref{number}.{token.meta.get('subId', 0)}"
            mark = str(number).translate(_RAISED)
            yield Piece(mark, "note", Jump(here, f"{context.notes}note{number}"))
        case "footnote_anchor":
            number = token.meta["id"] + 1
            here = f"{context.notes}note{number}"
            yield Piece(" ↩", "note", Jump(here, f"{context.notes}ref{number}.{token.meta.get('subId', 0)}"))


def _text(content: str, style: str, action: Action | None) -> Iterator[Piece]:
    start = 0
    for address in _ADDRESS.finditer(content) if action is None and "://" in content else ():
        if address.start() > start:
            yield Piece(content[start : address.start()], style)
        yield Piece(address[0], f"{style} url".strip(), Browse(address[0]))
        start = address.end()
    if start < len(content):
        yield Piece(content[start:], style, action)


def image(alt: str, source: str) -> list[Piece]:
    """Return an image as text: `[image: alt] source`."""
    name = unquote(source)
    shown = alt.strip() or name.rpartition("/")[2]
    pieces = [Piece(f"[image: {shown}]", "image")]
    if name and name != shown:
        action = Browse(source) if source.startswith(WEB) else None
        pieces.append(Piece(f" {name}", "image url" if action else "image", action))
    return pieces


def link_action(token: Token, context: Context) -> tuple[Action | None, bool]:
    """Return where a link leads, and whether it dangles."""
    href = str(token.attrs.get("href", ""))
    if token.markup == "wikilink":
        meta = token.meta
        place: tuple[str, str | None, str | None] | None = meta["target"], meta["heading"], meta["block"]
    else:
        place = target_of(unquote(href))
    if place is None:
        return (Browse(href) if href.startswith(WEB) else None), False
    return Follow(*place, context.holder), bool(place[0]) and not context.resolves(place[0])


def target_of(href: str) -> tuple[str, str | None, str | None] | None:
    """Return `(target, heading, block)` of an unquoted Markdown link to a note; None for other links."""
    parts = note_path(href)
    if parts is None:
        return None
    target, fragment = without_suffix(parts[0]), parts[1]
    if fragment.startswith("^"):
        return target, None, fragment[1:]
    return target, fragment or None, None
