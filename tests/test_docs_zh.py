"""The Chinese README and guide say the same as the English ones, and are set as Chinese text is.

Prose is free. Each section has the same heading level, code blocks (comments aside), code spans, table rows
and link targets in both languages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.test_docs import DOCS, ROOT, name_of, prose

TRANSLATIONS = {ROOT / "README.md": DOCS / "zh" / "README.md", DOCS / "guide.md": DOCS / "zh" / "guide.md"}
"""Each English page, and its Chinese page."""

PAIRS = [pytest.param(*pair, id=name_of(pair[0])) for pair in TRANSLATIONS.items()]
CHINESE = [pytest.param(page, id=name_of(page)) for page in TRANSLATIONS.values()]

_HEADING = re.compile(r"(#{1,6}) (.+)")
_CODE_SPAN = re.compile(r"`[^`]+`")
_LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"\s+# .*")

_HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff]"
_MISSET = {
    "half-width punctuation beside Chinese": re.compile(rf"{_HAN}[,.;:?!()\"]|[,;?!()\"]{_HAN}"),
    "no space between Chinese and Latin": re.compile(rf"{_HAN}[A-Za-z0-9`]|[A-Za-z0-9`]{_HAN}"),
    "a space beside full-width punctuation": re.compile(
        r"[，。；：、？！（）“”] +\S|\S +[，。；：、？！（）“”]"
    ),
    "a line break within a Chinese sentence": re.compile(rf"{_HAN}\n *{_HAN}"),
}


@dataclass
class Section:
    """A heading and what stands below it, up to the next heading of any level."""

    level: int
    title: str
    blocks: list[list[str]] = field(default_factory=list)
    """The code blocks: lines without their comments."""
    tables: list[list[str]] = field(default_factory=list)
    """The tables: rows, with the heading and the line below it."""
    spans: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)


def sections(text: str) -> list[Section]:
    found = [Section(0, "")]
    in_block = in_table = False
    for line in text.splitlines():
        here = found[-1]
        if line.startswith("```"):
            in_block = not in_block
            if in_block:
                here.blocks.append([line])
        elif in_block:
            here.blocks[-1].append(_COMMENT.sub("", line))
        elif heading := _HEADING.fullmatch(line):
            found.append(Section(len(heading[1]), heading[2]))
        else:
            here.spans |= set(_CODE_SPAN.findall(line))
            here.links += _LINK.findall(_CODE_SPAN.sub("", line))
            if line.startswith("|"):
                if not in_table:
                    here.tables.append([])
                here.tables[-1].append(line)
        in_table = line.startswith("|") and not in_block
    return found


def _row_differences(english: str, chinese: str) -> Iterator[str]:
    first, chinese_first = (_CODE_SPAN.findall(row.split(" | ")[0]) for row in (english, chinese))
    if first != chinese_first:
        yield f"the row of {first} is that of {chinese_first}"
    elif odd := set(_CODE_SPAN.findall(english)) ^ set(_CODE_SPAN.findall(chinese)):
        yield f"in the row of {first}, only one page has {sorted(odd)}"


def _section_differences(english: Section, chinese: Section) -> Iterator[str]:
    if english.level != chinese.level:
        yield f"its level is {chinese.level}, not {english.level}"
    if english.blocks != chinese.blocks:
        yield f"its code is {chinese.blocks}, not {english.blocks}"
    if odd := english.spans ^ chinese.spans:
        yield f"only one page has {sorted(odd)}"
    if len(english.links) != len(chinese.links):
        yield f"it links to {chinese.links}, not to {english.links}"
    if (rows := [*map(len, english.tables)]) != (chinese_rows := [*map(len, chinese.tables)]):
        yield f"its tables have {chinese_rows} lines, not {rows}"
        return
    for table, chinese_table in zip(english.tables, chinese.tables, strict=True):
        for row, chinese_row in zip(table, chinese_table, strict=True):
            yield from _row_differences(row, chinese_row)


def differences(english: str, chinese: str) -> list[str]:
    """What the text of a Chinese page lacks or adds: a sentence each, empty if the pages agree."""
    ours, theirs = sections(chinese), sections(english)
    found = [
        f"{section.title!r}, in Chinese {own.title!r}: {difference}"
        for section, own in zip(theirs, ours, strict=False)
        for difference in _section_differences(section, own)
    ]
    if len(ours) != len(theirs):
        found.append(f"{len(ours) - 1} headings, not {len(theirs) - 1}")
    return found


def destinations(page: Path) -> list[str]:
    """Where the page's links lead, in their order: files, and addresses outside the documentation."""
    targets = _LINK.findall(_CODE_SPAN.sub("", prose(page)))
    files = [target.partition("#")[0] or page.name for target in targets]
    return [file if ":" in file else str((page.parent / file).resolve()) for file in files]


# -- the pages


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_a_chinese_page_says_what_the_english_one_says(english: Path, chinese: Path) -> None:
    assert not differences(english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_pages_link_to_the_same_places_each_in_its_language(english: Path, chinese: Path) -> None:
    counterparts = {str(page): str(translation) for page, translation in TRANSLATIONS.items()}
    counterparts |= {translation: page for page, translation in counterparts.items()}
    assert [counterparts.get(place, place) for place in destinations(english)] == destinations(chinese)
    assert destinations(english)[0] == str(chinese), "the first link leads to the other language"


def test_every_chinese_page_translates_one_and_is_in_the_index() -> None:
    assert {*DOCS.glob("zh/**/*.md")} == {*TRANSLATIONS.values()}
    for page in TRANSLATIONS.values():
        assert f"]({page.relative_to(DOCS).as_posix()})" in prose(DOCS / "index.md")


@pytest.mark.parametrize("fault", _MISSET)
@pytest.mark.parametrize("page", CHINESE)
def test_chinese_is_set_with_full_width_punctuation_and_a_space_beside_latin(page: Path, fault: str) -> None:
    # Chinese within code, and the brackets and places of links, are no prose.
    text = _CODE_SPAN.sub("`code`", prose(page))
    text = re.sub(r"!?\[([^\]\[]*)\]\([^)\s]+\)", r"\1", text).replace("**", "")
    assert not [match[0] for match in _MISSET[fault].finditer(text)]


# -- the comparison


ENGLISH = """\
# Guide

See [the tutorial](tutorial.md).

## Notes

```sh
crdtnotes list   # all of them
crdtnotes tags
```

- `--yes` does not ask.

| key | does |
| --- | --- |
| `f1` | help |
| `f4` | sync; `--host H` chooses |
"""

CHINESE_TEXT = """\
# 指南

见[教程](../tutorial.md)。

## 笔记

```sh
crdtnotes list   # 全部
crdtnotes tags
```

- `--yes` 不再询问。

| 按键 | 作用 |
| --- | --- |
| `f1` | 帮助 |
| `f4` | 同步；`--host H` 指定主机 |
"""


def test_other_words_and_other_comments_are_no_difference() -> None:
    assert not differences(ENGLISH, CHINESE_TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("## Notes\n", "## Notes\n\n### Tags\n", id="a new heading"),
        pytest.param("| `f4`", "| `f2` | rename |\n| `f4`", id="a new row"),
        pytest.param("chooses |\n", "chooses |\n\n## Links\n", id="a new heading at the end"),
        pytest.param("## Notes", "### Notes", id="another level"),
        pytest.param("crdtnotes tags\n", "crdtnotes tags\ncrdtnotes orphans\n", id="a new command"),
        pytest.param("crdtnotes tags\n", "", id="a command less"),
        pytest.param("crdtnotes tags\n", "crdtnotes tags --json\n", id="a new option of a command"),
        pytest.param("list   # all of them\ncrdtnotes tags", "tags\ncrdtnotes list", id="another order"),
        pytest.param("`f1`", "`f5`", id="another key"),
        pytest.param("`f1` | help", "`f1` | help, as `--help`", id="a new option in a table"),
        pytest.param("does not ask", "(or `--force`) does not ask", id="a new option in prose"),
        pytest.param("ask.", "[ask](crdt.md).", id="a new link"),
    ],
)
def test_a_change_of_the_english_page_alone_is_noticed(old: str, new: str) -> None:
    assert old in ENGLISH
    assert differences(ENGLISH.replace(old, new), CHINESE_TEXT)
