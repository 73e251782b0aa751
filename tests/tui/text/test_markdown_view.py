from pathlib import Path
from urllib.parse import unquote

import pytest
from textual.widgets import Markdown

from crdtnotes import Vault
from crdtnotes_tui.panels.rendered_note import RenderedNote
from crdtnotes_tui.text.markdown_view import parser, target_of, without_front_matter
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


def hrefs(text: str) -> list[str]:
    tokens = parser(lambda target: target != "未写").parse(text)
    children = [child for token in tokens for child in token.children or ()]
    return [str(child.attrs["href"]) for child in children if child.type == "link_open"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[分布式系统|系统]]", ("分布式系统", None, None)),
        ("[[100% #sure]]", ("100%", "sure", None)),
        ("[[a#^b]]", ("a", None, "b")),
        ("[[#Heading here]]", ("", "Heading here", None)),
        ("[x](folder/note.md#part)", ("folder/note", "part", None)),
        ("[x](https://example.org/a.md)", None),
        ("[x](picture.png)", None),
    ],
)
def test_where_links_lead(text: str, place: tuple[str, str | None, str | None] | None) -> None:
    (href,) = hrefs(text)
    assert target_of(unquote(href)) == place


def test_front_matter_is_left_out() -> None:
    assert without_front_matter("---\ntags: x\n---\n# T\r\n") == "# T \n"


async def follow(workspace: Desktop, href_part: str) -> None:
    markdown = workspace.app.screen.query_one(Markdown)
    href = next(href for href in hrefs(markdown.source) if href_part in href)
    markdown.post_message(Markdown.LinkClicked(markdown, href))


def test_a_note_reads_as_markdown_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    async def main() -> None:
        text = "---\naliases: [x]\n---\n# Title\n\nsee [[m|that]] and [[未写]] #tag %%hidden%%\n\n- [[m]]\n"
        async with desktop(vault_of(tmp_path / "v", n=text, m="# M\n\n## Part\n"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("Title", "see that and [[未写]] #tag", "• m")
            screen = workspace.screen_text()
            assert "aliases" not in screen
            assert "hidden" not in screen
            await follow(workspace, "m%0A")
            await workspace.shows("m")
            assert workspace.app.screen.query_one(RenderedNote).has_focus
            await workspace.press("alt+left")
            await workspace.shows("n")
            await workspace.sees("see that")
            await follow(workspace, "%E6%9C%AA")
            await workspace.shows("未写")
            await workspace.press("escape")
            assert workspace.editor.has_focus
            await workspace.type("now")
            await workspace.saved()
            assert workspace.stored("未写") == "now"

    run(main())


def test_a_click_on_a_link_goes_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]]", m="there"), "n") as workspace:
            await workspace.press("alt+r")
            await until(lambda: "m" in workspace.screen_text().split("\n")[0])
            x = workspace.screen_text().split("\n")[0].index("m")
            await workspace.pilot.click(offset=(x, 0))
            await workspace.shows("m")

    run(main())


def test_what_others_write_shows_while_one_reads(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[later]]\n"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("[[later]]")
            with Vault.open(workspace.path) as other:
                other.note("n").append("more from afar")
                await workspace.sees("more from afar")
                other.create_note("later")
            await until(lambda: "[[later]]" not in workspace.screen_text())
            await workspace.sees("later")

    run(main())
