"""The note as input for Textual's Markdown widget, with wiki-links and without comments and HTML."""

from collections.abc import Callable
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from crdtnotes.markup.frontmatter import read_front_matter
from crdtnotes.markup.names import without_suffix
from crdtnotes.markup.wikilink import wikilink_plugin

SCHEME = "note:"
"""The scheme of links to notes; the quoted target follows."""


def without_front_matter(text: str) -> str:
    """Return a text without its front matter, with `\\n` at the end of each line."""
    plain = text.replace("\r\n", " \n").replace("\r", "\n")
    return plain[read_front_matter(plain).end :]


def parser(resolves: Callable[[str], bool]) -> MarkdownIt:
    """Return a parser whose links to notes begin with `SCHEME`; dangling links are in [[ ]] and slanted."""
    md = MarkdownIt("gfm-like", {"linkify": False})
    md.disable("linkify")
    wikilink_plugin(md)

    def rewrite(state: StateCore) -> None:
        for token in state.tokens:
            if token.children:
                token.children = [
                    one for child in token.children for one in _converted(child, resolves, stack)
                ]
                stack.clear()

    stack: list[bool] = []
    md.core.ruler.push("notes", rewrite)
    return md


def _converted(token: Token, resolves: Callable[[str], bool], stack: list[bool]) -> list[Token]:
    """Return the tokens that replace an inline token; `stack` says for each open link whether it dangles."""
    if token.type == "link_open":
        target = token.meta.get("target") if token.markup == "wikilink" else None
        dangles = bool(target) and not resolves(str(target))
        stack.append(dangles)
        if target is not None:
            fragment = (
                f"#^{token.meta['block']}" if token.meta["block"] else f"#{token.meta['heading'] or ''}"
            )
            # `target_of` splits this again at the newline, the only character that no target contains.
            token.attrs["href"] = SCHEME + quote(f"{target}\n{fragment}")
        return [token, Token("em_open", "em", 1), _text("[[")] if dangles else [token]
    if token.type == "link_close":
        dangles = stack.pop() if stack else False
        return [_text("]]"), Token("em_close", "em", -1), token] if dangles else [token]
    if token.type == "tag_open":
        return [Token("strong_open", "strong", 1)]
    if token.type == "tag_close":
        return [Token("strong_close", "strong", -1)]
    if token.type in ("comment", "html_inline"):
        return []
    return [token]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def target_of(href: str) -> tuple[str, str | None, str | None] | None:
    """Return `(target, heading, block)` of an unquoted link to a note; None for other links."""
    if href.startswith(SCHEME):
        target, _, fragment = href.removeprefix(SCHEME).partition("\n#")
    else:
        path, _, fragment = href.partition("#")
        target = without_suffix(path)
        if target == path or "://" in path:
            return None
    if fragment.startswith("^"):
        return target, None, fragment[1:]
    return target, fragment or None, None
