from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import read_fixture_file

from crdtnotes.errors import InvalidName
from crdtnotes.markup.names import clean_name
from crdtnotes.markup.outline import outline
from crdtnotes.markup.wikilink import escape_target, match_wikilink, wikilink_plugin

FIXTURES = read_fixture_file(Path(__file__).parent / "fixtures" / "plugin.md")

WORDS = [
    "[[a]]",
    "[[甲|b]]",
    "![[c#d]]",
    "【【e】】",
    "`[[f]]`",
    "\\[[g]]",
    "\\[[[h]]\\]",
    "\\(",
    "\\)",
    "\n",
    "\n\n",
    "- ",
    "> ",
    "    ",
]
WORDS += [
    "**",
    "[t](u)",
    "```\n",
    "# ",
    "#tag",
    "text",
    " ",
    "[[",
    "]]",
    "[",
    "]",
    "`",
    "<!-- [[i]] -->",
    "!",
    "\\",
]


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").use(wikilink_plugin)


@pytest.mark.parametrize(("title", "text", "expected"), [fixture[1:] for fixture in FIXTURES])
def test_rendered(title: str, text: str, expected: str) -> None:
    assert parser().render(text) == expected


def test_the_opening_token_says_what_the_link_is() -> None:
    tokens = parser().parseInline("![[a#h|l]]")[0].children or []
    assert [token.type for token in tokens] == ["link_open", "text", "link_close"]
    assert tokens[0].markup == "wikilink"
    assert tokens[0].meta == {"kind": "embed", "target": "a", "heading": "h", "block": None, "label": "l"}


def test_a_parser_can_be_used_again_with_the_same_environment() -> None:
    md = parser()
    env: dict[str, object] = {}
    assert "b" not in md.render("%%\nb\n%%\nc", env)
    assert "b" in md.render("%%\nb\nc", env)


def descendants(token: Token) -> list[Token]:
    """A token's children and their children: an image has the children of its description."""
    return [each for child in token.children or [] for each in [child, *descendants(child)]]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_the_plugin_and_the_outline_find_the_same_links(text: str) -> None:
    rendered = Counter(
        (child.meta["kind"], child.meta["target"], child.meta["label"])
        for token in parser().disable("reference").parse(text)
        for child in descendants(token)
        if child.type == "link_open" and child.markup == "wikilink"
    )
    read = Counter((link.kind, link.target, link.label) for link in outline(text).links if not link.markdown)
    assert rendered == read


@pytest.mark.parametrize("text", ["a %%[[b]] #c%%", "%%\n[[b]] #c\n%%"])
def test_a_comment_is_not_shown_but_its_links_and_tags_count(text: str) -> None:
    assert "[[b]]" not in (shown := parser().render(text))
    assert "wikilink" not in shown
    assert [link.target for link in outline(text).links] == ["b"]
    assert [tag.value for tag in outline(text).tags] == ["c"]


@settings(deadline=None)
@given(st.text())
def test_the_plugin_never_raises(text: str) -> None:
    parser().render(text)
    parser().render(f"[[{text}]] 【【{text}】】 #{text} %%{text}%%")


@settings(deadline=None)
@given(st.text(st.sampled_from("a甲#＃^[]/ .b")))
def test_an_escaped_name_reads_as_that_name(text: str) -> None:
    try:
        name = clean_name(text)
    except InvalidName:
        return
    link = match_wikilink(f"[[{escape_target(name)}]]", 0)
    assert link is not None
    assert (link.target, link.heading, link.block) == (name, None, None)
