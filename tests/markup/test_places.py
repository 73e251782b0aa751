import unicodedata

import pytest

from crdtnotes.markup.outline import outline
from crdtnotes.markup.places import as_target, find_heading, find_place

TEXT = """\
# Top
## Game: The Sequel
text
### Notes
one
## See [[B]] now
### Notes
two
## Read [[B|the *label*]] `code()`
## A [link](x.md) here
## C
## C++
## 数据：模型（一）
## Ｆｕｌｌ　Ｗｉｄｔｈ
## Café ÉTÉ
## Straße
## snake_case & more!
## 🚀 Launch
## a#b
## C#
## 😀
"""


def line_of(wanted: str, text: str = TEXT) -> str | None:
    place = find_place(text, wanted, None)
    return None if place is None else text.split("\n")[place.start].lstrip("#").strip()


@pytest.mark.parametrize(
    ("wanted", "heading"),
    [
        ("Game: The Sequel", "Game: The Sequel"),
        ("Game The Sequel", "Game: The Sequel"),
        ("game the sequel", "Game: The Sequel"),
        ("game-the-sequel", "Game: The Sequel"),
        ("See B now", "See [[B]] now"),
        ("see-b-now", "See [[B]] now"),
        ("Read B the label code()", "Read [[B|the *label*]] `code()`"),
        ("Read the label code", "Read [[B|the *label*]] `code()`"),
        ("A link here", "A [link](x.md) here"),
        ("c", "C"),
        ("C++", "C++"),
        ("数据:模型(一)", "数据：模型（一）"),
        ("数据 模型 一", "数据：模型（一）"),
        ("数据模型一", "数据：模型（一）"),
        ("Full Width", "Ｆｕｌｌ　Ｗｉｄｔｈ"),
        (unicodedata.normalize("NFD", "café été"), "Café ÉTÉ"),
        ("STRASSE", "Straße"),
        ("snake_case more", "snake_case & more!"),
        ("🚀 launch", "🚀 Launch"),
        ("launch", "🚀 Launch"),
        ("a#b", "a#b"),
        ("C#", "C#"),
        ("😀", "😀"),
        ("Top#Game The Sequel", "Game: The Sequel"),
        ("Top # game-the-sequel", "Game: The Sequel"),
        ("Top＃C++", "C++"),
    ],
)
def test_a_heading_is_found_however_a_link_spells_it(wanted: str, heading: str) -> None:
    assert line_of(wanted) == heading


@pytest.mark.parametrize("wanted", ["", " ", "#", "gone", "Game: The Sequel#Top", "Top#gone", "Se", "?!"])
def test_other_headings_are_not_found(wanted: str) -> None:
    assert find_heading(outline(TEXT).headings, wanted) is None


def test_a_path_leads_to_the_heading_below() -> None:
    assert find_place(TEXT, "Game: The Sequel#Notes", None) == (3, 5)
    assert find_place(TEXT, "see b now#notes", None) == (6, 8)
    assert find_place(TEXT, "Top#See B now#Notes", None) == (6, 8)
    assert find_place(TEXT, "C#Notes", None) is None


def test_the_closest_spelling_wins() -> None:
    assert find_place("# a b\n# A-B\n# A B\n", "A B", None) == (2, 4)
    assert find_place("# a b\n# A-B\n", "A B", None) == (0, 1)
    assert find_place("# AB\n# A B\n", "a-b", None) == (1, 3)


def test_anchors_of_repeated_headings_are_numbered() -> None:
    text = "# Notes\n# Notes\n# notes!\n"
    assert [find_place(text, anchor, None) for anchor in ("notes", "notes-1", "notes-2")] == [
        (0, 1),
        (1, 2),
        (2, 4),
    ]


def test_blocks() -> None:
    text = "one\ntwo ^p\n\n- item ^I\n- other\n\n| a |\n|---|\n\n^table\n"
    assert find_place(text, None, "p") == (0, 2)
    assert find_place(text, None, "P") == (0, 2)
    assert find_place(text, None, "i") == (3, 4)
    assert find_place(text, None, "table") == (6, 8)
    assert find_place(text, None, "no") is None
    assert find_place(text, None, None) == (0, 11)


@pytest.mark.parametrize("heading", [one.text for one in outline(TEXT).headings if one.text != "C#"])
def test_a_heading_as_a_target_leads_to_it(heading: str) -> None:
    target = as_target(heading)
    read = outline(f"[[n#{target}]]").links[0]
    assert read.heading == target
    assert line_of(target) == heading


def test_a_long_note_takes_linear_time() -> None:
    text = "# Notes [[x]]\n" * 20_000
    assert find_place(text, "notes-x-19999", None) == (19_999, 20_001)
