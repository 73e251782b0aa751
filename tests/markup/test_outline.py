from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it.utils import read_fixture_file

from crdtnotes.markup.outline import Link, occurrences, outline
from crdtnotes.markup.wikilink import unescape_target

FIXTURES = read_fixture_file(Path(__file__).parent / "fixtures" / "outline.md")

PIECES = st.sampled_from(
    [
        *(
            "[[",
            "]]",
            "【【",
            "】】",
            "［［",
            "］］",
            "[",
            "]",
            "](",
            ".md)",
            "[a]: ",
            "a](",
            'a: "',
            "a: '",
            "(",
            ")",
            "<",
            ">",
            "<!--",
            "-->",
            "%%",
            "$",
            "$$",
            "\\[",
            "\\]",
        ),
        *(
            "|",
            "｜",
            "\\|",
            "#",
            "＃",
            "^",
            "!",
            "！",
            "`",
            "```",
            "~~~",
            "\\",
            "a",
            "目标",
            "b c",
            "1",
            "%41",
            "😀",
        ),
        *("\n", "\n\n", "\r\n", "\r", "\t", "\f", "\u2028", "\x85", "\xa0", "\0", " ", "    ", "e\u0301"),
        *(
            "- ",
            "1. ",
            "> ",
            "# ",
            "---",
            "===",
            "| --- |",
            "---\n",
            "aliases: ",
            "tags: [",
            "<pre>",
            "</pre>",
        ),
        *("\ud800", "\ufeff"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=60))


def show(text: str) -> str:
    read = outline(text)
    lines = []
    for link in read.links:
        parts = {"heading": link.heading, "block": link.block, "label": link.label}
        written = text[link.target_start : link.target_end]
        parts["written"] = written if written != link.target else None
        said = "".join(f" {name}={value}" for name, value in parts.items() if value is not None)
        lines.append(f"{link.line} {link.kind} {text[link.start : link.end]} target={link.target}{said}")
    lines += [f"{heading.line} heading {heading.level} {heading.text}" for heading in read.headings]
    lines += [f"{block.line} block {block.id}" for block in read.blocks]
    lines += [f"{tag.line} tag {tag.value}" for tag in read.tags]
    lines += [f"alias {alias}" for alias in read.aliases]
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize(("title", "text", "expected"), [fixture[1:] for fixture in FIXTURES])
def test_fixture(title: str, text: str, expected: str) -> None:
    assert show(text) == expected


@pytest.mark.parametrize(("title", "text", "expected"), [fixture[1:] for fixture in FIXTURES])
def test_fixture_with_other_line_ends(title: str, text: str, expected: str) -> None:
    assert show(text.replace("\n", "\r\n")).replace("\r\n", "\n") == expected


def links(text: str) -> list[tuple[str, int]]:
    return [(text[link.start : link.end], link.line) for link in outline(text).links]


def test_positions_are_those_of_the_original_text() -> None:
    text = "\ufeffa\r\n\t- \0 [[甲]]\f\u2028[[乙]]\r\n> \t[[丙]]\r\n>\t\u3000[[丁]] \x85\r\n\r\n\ta [[x]]\r\n"
    assert links(text) == [("[[甲]]", 1), ("[[乙]]", 1), ("[[丙]]", 2), ("[[丁]]", 3)]
    text = "- \0 [[甲]]\f\u2028[[乙]]\r\n\t[[戊]]\r\n"
    assert links(text) == [("[[甲]]", 0), ("[[乙]]", 0), ("[[戊]]", 1)]


def test_lines_of_odd_white_space_do_not_shift_positions() -> None:
    assert links("> \f\n> [[a]]\n> \u2028\n> [[b]]\n\x85\n[[c]]") == [
        ("[[a]]", 1),
        ("[[b]]", 3),
        ("[[c]]", 5),
    ]


def test_a_lone_carriage_return_ends_a_line_but_is_not_counted() -> None:
    assert links("[[a\rb]] [[c]]\r    [[d]]\n[[e]]") == [("[[c]]", 0), ("[[d]]", 0), ("[[e]]", 1)]
    assert outline("# a\r# b\n# c").headings == [(1, "a", 0), (1, "b", 0), (1, "c", 1)]


def test_decomposed_characters_stay_as_written() -> None:
    text = "[[Cafe\u0301]] #cafe\u0301/हिन्दी #한"
    assert occurrences(text) == {
        ("link", "Cafe\u0301"): 1,
        ("tag", "cafe\u0301/हिन्दी"): 1,
        ("tag", "한"): 1,
    }


def test_targets_longer_than_a_thousand_bytes_are_not_links() -> None:
    fits, too_long = "目" * 333 + "a", "目" * 333 + "ab"
    assert [link.target for link in outline(f"[[{fits}]] [[{too_long}]]").links] == [fits]
    assert not outline(f"[t]({too_long}.md) #{too_long}").links
    assert not outline(f"#{too_long}").tags


def test_front_matter_is_read_up_to_its_limit() -> None:
    body = "---\naliases: [a]\nx: {}\n---\n[[b]]"
    assert outline(body.format("y" * 60_000)).aliases == ["a"]
    over = outline(body.format("目" * 22_000))
    assert over.aliases == []
    assert [link.target for link in over.links] == ["b"]


@pytest.mark.parametrize(
    "yaml",
    [
        "aliases: " + "[" * 60_000,
        "aliases: " + "{a: " * 10_000,
        "- " * 20_000 + "a",
        'aliases: "\\ud800"',
        "aliases: \ud800",
        "aliases: &a [*a]",
        "a: &a {b: c}\nb: &b {<<: [*a, *a]}",
        "aliases: [2024-13-45",
        "aliases: \0",
        "[aliases]: b",
        "aliases",
        "? [a]\n: b",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_hostile_front_matter_gives_no_aliases(yaml: str) -> None:
    assert outline(f"---\n{yaml}\n---\n").aliases == []


def test_values_keep_their_spelling() -> None:
    text = "---\naliases: [010, 1e3, '  padded ', \"a\\nb\", '', null]\n---\n"
    assert outline(text).aliases == ["010", "1e3", "padded"]


def test_occurrences_counts_the_elements_of_the_link_set() -> None:
    text = (
        "---\naliases: [别名]\n---\n[[a]] [[a|b]] ![[a]] 【【a】】 [[#h]] [a](a.md) [b](c) #t #t [x](y.png)"
    )
    assert occurrences(text) == {
        ("link", "a"): 4,
        ("link", "c"): 1,
        ("embed", "a"): 1,
        ("tag", "t"): 2,
        ("alias", "别名"): 1,
    }


def test_a_text_without_any_marks_has_no_occurrences() -> None:
    assert occurrences("只有文字\n\n> and a quote, 1) 2) [x]\n") == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Title", "0 heading 1 Title\n"),
        ("   # Title", "0 heading 1 Title\n"),
        ("Title\n===", "0 heading 1 Title\n"),
        ("#t", "0 tag t\n"),
        ("```\n[[a]]\n```\n", ""),
        ("> # [[b]]", "0 link [[b]] target=b\n0 heading 1 [[b]]\n"),
        ("| [[a]] |\n|-|", "0 link [[a]] target=a\n"),
        ("$$\n[[a]]\n$$", ""),
        ("---\ntags: x\n---\n#t", "1 tag x\n3 tag t\n"),
        ("^b", "0 block b\n"),
    ],
)
def test_a_byte_order_mark_changes_nothing(text: str, found: str) -> None:
    assert show(text) == show("\ufeff" + text) == found


HOSTILE = {
    "dollars": "$",
    "dollars with text": "$a",
    "dollars that end nothing": "$a $1",
    "two dollars": "$$ ",
    "two dollars in lines": "$$\n",
    "three dollars": "$$$a",
    "escaped dollars": "$\\$",
    "escaped brackets": "\\[",
    "escaped brackets in lines": "\\[\n",
    "escaped parentheses": "\\( \\[ ",
    "percents in lines": "%%\n",
    "pairs in links": "[[a] [b]]",
    "definitions": "[a]: b\n",
    "labels": "[a][",
    "references": "[a]: b\n\n[a][a]\n\n",
    "links in front matter": "---\na: '[[b]]'\n",
    "fields that are not YAML": "---\na: b: c # d\n",
    "signs of comments in a broken field": "---\na: b: c" + " #" * 60_000 + "\n d\n---\n",
    "items in front matter": "---\na: " + "[[" * 20 + "b" + "]]" * 20 + "\n---\n",
    "openings": "[[",
    "openings with text": "[[a",
    "three brackets": "[[[",
    "full-width openings": "【【a",
    "mixed openings": "[[a【【b［［c",
    "single brackets": "[",
    "images": "![",
    "links": "[a](",
    "destinations": "](",
    "angle destinations": "[a](<",
    "titles": '[a](b "',
    "open comments": "<!--",
    "open comments in lines": "<!--\n",
    "open comments in a list": "- <!--\n",
    "tags of HTML": "<a b=' ",
    "tags with spaces": "<a            ",
    "half comments": "%% ",
    "raw elements": "<pre>\n",
    "backticks": "` `` ``` ",
    "backslashes": "\\",
    "hashes": "#",
    "headings": "# #\n",
    "long headings": "# a #" + " " * 50,
    "tags": "#a",
    "slashes in tags": "#a/",
    "quotes": ">",
    "quotes over lines": "> > > a\n",
    "lists": "- ",
    "nested lists": "- a\n  - b\n",
    "table bars": "|",
    "table": "|a|b|\n|-|-|\n",
    "underlines": "a\n-",
    "carets": " ^a",
    "line ends": "\r\n",
    "returns": "\r",
    "rules": "---\n",
    "spaces": " ",
    "links in one line": "[[a]] ",
    "links in lines": "[[a]]\n",
    "marks in a tag": "#a" + "\u0301" * 50,
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts(piece: str) -> None:
    """Code that needs quadratic time for one of these would take minutes."""
    text = piece * (100_000 // len(piece))
    for link in outline(text).links:
        assert is_written_at(text, link)


def test_a_late_end_of_a_comment() -> None:
    assert links("- <!--\n" * 10_000 + "\n\nx --> [[a]]") == [("[[a]]", 10_002)]


@pytest.mark.parametrize("marker", ["> ", "- ", "1. ", "- > ", "* "])
def test_deep_nesting_does_not_raise(marker: str) -> None:
    assert outline(marker * 5_000 + "[[a]]").links == []
    assert [link.target for link in outline(marker * 20 + "[[a]]").links] == ["a"]


def is_written_at(text: str, link: Link) -> bool:
    whole, target = text[link.start : link.end], text[link.target_start : link.target_end]
    if link.markdown and whole.endswith("]"):
        return whole.startswith(("[", "![")) and target != ""
    if not link.start <= link.target_start <= link.target_end <= link.end:
        return False
    if link.markdown:
        return whole.startswith(("[", "![")) and whole.endswith(")") and (target != "") == (link.target != "")
    if link.scalar is not None:
        return link.scalar[0] <= link.start < link.end <= link.scalar[1]
    return (
        whole.lstrip("!！")[:2] in {"[[", "【【", "［［"}
        and whole[-2:] in {"]]", "】】", "］］"}
        and "\n" not in whole
        and unescape_target(target) == link.target
    )


@settings(deadline=None, max_examples=500)
@given(TEXTS)
@example("\\``` `` [[a]]")
@example("- \n%%\n%%a\n- b")
@example("---\n---\n")
def test_any_text_has_an_outline_whose_positions_are_right(text: str) -> None:
    read = outline(text)
    lines = text.split("\n")
    for link in read.links:
        assert is_written_at(text, link)
        assert link.line == text.count("\n", 0, link.start)
        assert link.target or link.heading or link.block
    for tag in read.tags:
        assert tag.value in lines[tag.line]
    for block in read.blocks:
        assert "^" + block.id in lines[block.line]
    for heading in read.headings:
        assert 1 <= heading.level <= 6
        assert heading.line < len(lines)
    assert sum(occurrences(text).values()) == sum(bool(link.target) for link in read.links) + len(
        read.tags
    ) + len(read.aliases)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["甲 [[a]]", "b #t", "`c`", "- d [[e|f]]", "> g ![[h]]", "# i", ""])))
def test_line_ends_do_not_change_what_is_found(lines: list[str]) -> None:
    text = "\n".join(lines)
    same = outline("\r\n".join(lines))
    read = outline(text)
    assert [(link.target, link.line) for link in same.links] == [
        (link.target, link.line) for link in read.links
    ]
    assert (same.headings, same.tags, same.blocks) == (read.headings, read.tags, read.blocks)
