"""Whole notes: Markdown, and what the reading view shows of it."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crdtnotes_tui.text.reading.convert import Notes
from crdtnotes_tui.text.reading.note import Drawn, draw
from crdtnotes_tui.text.reading.pieces import Browse, Follow, Jump, ShowTag, Tick

TEXTS = {
    "m": "# M\n\nfirst\n\n## Part\n\n- [ ] task [[#M]]\n\n## Other\n\nlast ^id\n",
    "loop": "in loop ![[loop]]\n![[n]]\n",
    "deep": "![[deep2]]",
    "deep2": "![[deep3]]",
    "deep3": "![[deep4]]",
    "deep4": "bottom",
}


def drawn(text: str, width: int = 40, toggled: tuple[int, ...] = ()) -> Drawn:
    def resolve(target: str, holder: str) -> str | None:
        return target if target in TEXTS or target == "n" else None

    return draw(text, "n", Notes(resolve, TEXTS), width, toggled)


def shown(text: str, width: int = 40, toggled: tuple[int, ...] = ()) -> list[str]:
    return [row.text.rstrip() for row in drawn(text, width, toggled).rows]


def cases() -> list[object]:
    """The cases of the fixture: title, Markdown, rows, each followed by a line with one dot."""
    parts = (Path(__file__).parent / "fixtures.txt").read_text(encoding="utf-8").split("\n.\n")
    triples = zip(parts[0::3], parts[1::3], parts[2::3], strict=False)
    return [pytest.param(source, rows, id=title.strip()) for title, source, rows in triples]


@pytest.mark.parametrize(("source", "rows"), cases())
def test_what_is_shown(source: str, rows: str) -> None:
    assert "\n".join(shown(source)) == rows


def test_a_byte_order_mark_hides_no_heading() -> None:
    assert shown("\ufeff# 标题") == shown("# 标题") != shown("标题")


def test_mathematics_of_tex_shows_no_links() -> None:
    assert "link" not in str(styles(r"\[[[3]]\]"))


def styles(text: str) -> dict[str, str]:
    return {piece.text: piece.style for row in drawn(text).rows for piece in row.pieces if piece.style}


@pytest.mark.parametrize(
    ("text", "part", "style"),
    [
        ("==m==", "m", "marked"),
        ("**s**", "s", "strong"),
        ("**==s==**", "s", "strong marked"),
        ("~~s~~", "s", "struck"),
        ("[[m]]", "m", "link"),
        ("[[x]]", "x", "dangling"),
        ("#tag", "#tag", "tag"),
        ("$x^2$", "x²", "math"),
        ("- [x] t", "t", "done"),
        ("- [x] t\n  - u", "• ", "bullet"),
        ("> [!bug] t", "t", "strong danger"),
        ("> q", "q", "quote"),
        ("```python\ndef f\n```", "def", "code keyword block"),
        ("# T", "T", "title"),
    ],
)
def test_styles(text: str, part: str, style: str) -> None:
    assert styles(text)[part] == style


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[m|that]]", ("m", None, None)),
        ("[[100% #sure]]", ("100%", "sure", None)),
        ("[[m#^b]]", ("m", None, "b")),
        ("[[#Heading here]]", ("", "Heading here", None)),
        ("[x](folder/note.md#part)", ("folder/note", "part", None)),
        ("[x](%E4%B8%AD.md)", ("中", None, None)),
        ("[x](#part)", ("", "part", None)),
    ],
)
def test_where_links_lead(text: str, place: tuple[str, str | None, str | None]) -> None:
    (stop,) = drawn(text).stops
    assert isinstance(stop.action, Follow)
    assert (stop.action.target, stop.action.heading, stop.action.block) == place


@pytest.mark.parametrize(
    "text", ["[x](https://e.org/a.md)", "see https://e.org/a.md。", "<https://e.org/a.md>"]
)
def test_addresses(text: str) -> None:
    (stop,) = drawn(text).stops
    assert isinstance(stop.action, Browse)
    assert stop.action.address == "https://e.org/a.md"


def test_a_link_to_a_file_does_nothing() -> None:
    assert not drawn("[x](picture.png)").stops


def test_a_link_over_two_rows_is_one_stop() -> None:
    assert len(drawn("[[m|" + "long " * 20 + "]]").stops) == 1


def test_tags_and_boxes_are_stops_and_boxes_know_their_line() -> None:
    stops = drawn("---\na: b\n---\n\n#tag\n\n> - [ ] one\n> - [x] two\n\n1. [ ] three\n").stops
    tag, *boxes = (stop.action for stop in stops)
    assert isinstance(tag, ShowTag)
    assert tag.tag == "tag"
    assert [box.line for box in boxes if isinstance(box, Tick)] == [6, 7, 9]


def test_boxes_of_embedded_notes_are_not_ticked_here_and_their_links_know_their_note() -> None:
    title, link = (stop.action for stop in drawn("![[m#Part]]").stops)
    assert isinstance(title, Follow)
    assert isinstance(link, Follow)
    assert (title.holder, title.target, title.heading) == (None, "m", "Part")
    assert (link.holder, link.target, link.heading) == ("m", "", "M")


def test_footnotes_lead_to_their_text_and_back() -> None:
    there, back = (stop.action for stop in drawn("a[^x]\n\n[^x]: b\n").stops)
    assert isinstance(there, Jump)
    assert isinstance(back, Jump)
    assert (there.to, back.to) == (back.here, there.here)


def test_each_row_knows_its_line() -> None:
    text = "---\na: b\n---\n# T\n\none\ntwo\n\n- a\n- b\n\n| h |\n|---|\n| c |\n\n```\nx\ny\n```\n"
    lines = {row.text.strip(): row.line for row in drawn(text).rows if row.text.strip()}
    source = text.split("\n")
    for row, written in {
        "T": "# T",
        "one": "one",
        "two": "two",
        "• b": "- b",
        "c": "| c |",
        "y": "y",
    }.items():
        assert source[lines[row]] == written


def test_a_callout_is_folded_and_unfolded() -> None:
    text = "> [!tip]- Title\n> inside"
    assert shown(text) == ["▌ ✦ Title ▸"]
    assert shown(text, toggled=(0,)) == ["▌ ✦ Title ▾", "▌ inside"]
    assert shown(text.replace("]-", "]+")) == ["▌ ✦ Title ▾", "▌ inside"]


def test_a_table_fits_the_width_with_wide_characters() -> None:
    text = "| 名称 | b |\n|---|--:|\n| 一二三四五六七八 | 10 |\n"
    assert shown(text, 15) == ["名称       │  b", "───────────┼───", "一二三四五 │ 10", "六七八     │"]


def test_a_table_that_cannot_fit_is_a_list_of_its_cells() -> None:
    text = "| aaaa | bbbb | cccc |\n|---|---|---|\n| 1111 | 2222 | 3333 |\n| 4 | 5 | 6 |\n"
    assert shown(text, 12)[:4] == ["aaaa: 1111", "bbbb: 2222", "cccc: 3333", "────────"]


@pytest.mark.parametrize(
    "text", ["", "\n", "---\na: b\n---", "> ", "- ", "- [ ] ", "> [!note]", "|\n|-", "$$\n", "[^1]: x"]
)
def test_odd_texts_are_shown_somehow(text: str) -> None:
    assert isinstance(shown(text), list)


FRAGMENTS = (
    *("> ", "[!note]- ", "- ", "[ ] ", "1. ", "\n", "\n\n", "| a | b |\n|-|-|\n", "```\n", "$$", "$x^", "=="),
    *("**", "![[m]]", "![[m#Part]]", "![[n]]", "[[", "]]", "[^1]", "[^1]: ", "^[", "]", "\t", "<br>", "<b"),
    *(
        "%%",
        "#t ",
        "---\n",
        "\\frac{",
        "\\",
        "中。",
        "\u3000",
        "\r",
        "\u2028",
        "|",
        "`",
        "![a](b)",
        "^id",
        "&",
    ),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30), st.integers(1, 60))
@example(["```"], 1)
@example(["x\n", "```"], 20)
def test_any_text_is_shown_in_any_width(fragments: list[str], width: int) -> None:
    text = "".join(fragments)
    rows = drawn(text, width).rows
    assert all(0 <= row.line <= text.count("\n") + text.count("\r") for row in rows)
    assert not any("\n" in row.text for row in rows)
