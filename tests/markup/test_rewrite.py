import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.outline import occurrences, outline
from crdtnotes.markup.rewrite import apply_edits, bracket_edits, normalise_brackets, retarget


def renamed(text: str, old: str, new: str) -> str:
    return apply_edits(text, retarget(text, lambda link: new if link.target == old else None))


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("[[旧]] [[旧|标]] ![[旧#h]] [[旧#^b|l]]", "新", "[[新]] [[新|标]] ![[新#h]] [[新#^b|l]]"),
        ("【【旧｜标】】 ［［旧＃h］］", "新", "【【新｜标】】 ［［新＃h］］"),
        ("[[ 旧.md  | 标 ]]", "zh/新", "[[ zh/新.md  | 标 ]]"),
        ("`[[旧]]` \\[[旧]] <!-- [[旧]] --> [[旧2]]", "新", "`[[旧]]` \\[[旧]] <!-- [[旧]] --> [[旧2]]"),
        ("| [[旧\\|标]] |\n|-|\n", "新", "| [[新\\|标]] |\n|-|\n"),
        ("> - [[旧]]\r\n>\t[[旧]]\r\n", "新", "> - [[新]]\r\n>\t[[新]]\r\n"),
        ("[[旧]]", "C# notes", "[[C\\# notes]]"),
        ("[[旧]]", "[新]", "[[ [新] ]]"),
        ("[t](%E6%97%A7.md#h)", "新 名", "[t](%E6%96%B0%20%E5%90%8D.md#h)"),
        ('![t](旧.md "t")', "新 名", '![t](新%20名.md "t")'),
        ("[t](<旧.md#h>)", "新 名 <1>", "[t](<新 名 %3C1%3E.md#h>)"),
        ("[t](旧.md)", "../zh/a(b) 100%#", "[t](../zh/a%28b%29%20100%25%23.md)"),
        ("[t](旧.md)", "x: y&amp;", "[t](x%3A%20y%26amp%3B.md)".replace("%3B", ";")),
        ("[[旧]]", "旧", "[[旧]]"),
    ],
)
def test_retarget(text: str, new: str, expected: str) -> None:
    assert renamed(text, "旧", new) == expected


def test_the_callback_sees_each_link_with_a_target() -> None:
    seen = []
    assert retarget("[[a]] [[#h]] [x](b%20c.md) #t", lambda link: seen.append(link.target)) == []
    assert seen == ["a", "b c"]


def test_edits_have_positions_in_the_original_text() -> None:
    assert retarget("甲[[a]]乙[[a]]", lambda link: "bb") == [Patch(3, 1, "bb"), Patch(9, 1, "bb")]


NAMES = st.text(st.sampled_from("ab甲é# %&()<>[]'\"!*:;=+,.~_-/?^`$"), min_size=1, max_size=12).filter(
    lambda name: (
        name == name.strip()
        and "[[" not in name
        and "]]" not in name
        and not name.lower().endswith(".md")
        and not name.endswith("/")
    )
)


@settings(deadline=None)
@given(
    NAMES,
    st.sampled_from(["[[o]]", "【【o】】", "[t](o.md)", "[t](%E7%94%B2.md#x)", "[t](<o.md>)", "![t](甲.md)"]),
)
@example("a:", "[t](<o.md>)")
def test_a_rewritten_link_has_the_new_target(name: str, text: str) -> None:
    after = apply_edits(text, retarget(text, lambda link: name))
    old, new = outline(text).links, outline(after).links
    if "[t]" in text and name.startswith("//"):
        return  # this names a server, and no note has such a name
    assert [link.target for link in new] == [name]
    assert [(link.kind, link.heading, link.label) for link in new] == [
        (link.kind, link.heading, link.label) for link in old
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("见【【目标】】。", "见[[目标]]。"),
        ("［［目标｜标签］］", "[[目标|标签]]"),
        ("！【【图＃节｜标｜签】】", "![[图#节|标｜签]]"),
        ("[[a｜b]] [[a＃b]]", "[[a|b]] [[a#b]]"),
        ("| 【【a｜b】】 |\n| - |\n", "| [[a\\|b]] |\n| - |\n"),
        ("`【【a】】` \\【【b】】 【c】", "`【【a】】` \\【【b】】 【c】"),
        ("【【a]]b】】 【【[a】】 【【a]】】", "【【a]]b】】 【【[a】】 【【a]】】"),
        ("[[a]] b", "[[a]] b"),
    ],
)
def test_normalise_brackets(text: str, expected: str) -> None:
    assert normalise_brackets(text) == expected


PIECES = [
    "【【",
    "】】",
    "［［",
    "］］",
    "[[",
    "]]",
    "[",
    "]",
    "｜",
    "＃",
    "|",
    "#",
    "！",
    "!",
    "a",
    "甲",
    "\\",
    "`",
    "\n",
    " ",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_normalising_changes_no_link(text: str) -> None:
    after = normalise_brackets(text)
    assert occurrences(after) == occurrences(text)
    assert bracket_edits(after) == bracket_edits(normalise_brackets(after)) == []
