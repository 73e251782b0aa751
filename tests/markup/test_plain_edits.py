from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.markup.outline import occurrences
from crdtnotes.markup.plain_edits import MAX_PARAGRAPH, leaves_links


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("some words [[A]]\n", "some more words [[A]]\n"),
        ("- [ ] call [[Ann]] about", "- [ ] call [[Ann]] about it"),
        ("# 标题\n\n> 系统 [[A]]\n", "# 标题\n\n> 系统的 [[A]]\n"),
        ("---\ntags: [a]\n---\ntext\n", "---\ntags: [a]\n---\ntext goes on\n"),
        ("1. one two three", "1. one three"),
        ("#a\nwords, and words #b\n", "#a\nwords and words #b\n"),
        ("```\nab [[x]]\n```\n", "```\nabc [[x]]\n```\n"),
        ("one two\n#t\nthree four\n", "one and two\n#t\nthree and four\n"),
    ],
)
def test_edits_of_words_leave_links_as_they_are(old: str, new: str) -> None:
    assert leaves_links(old, new)
    assert leaves_links(new, old)
    assert occurrences(old) == occurrences(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[A]]\n", "[[AB]]\n"),
        ("[[A b|c]]\n", "[[A bb|c]]\n"),
        ("#tag\n", "#tags\n"),
        ("x #tag\n", "x#tag\n"),
        ("\n#tag\n", "\nx#tag\n"),
        ("text\n", "[[text\n"),
        ("[a](\nb.md)", "[a](\nbc.md)"),
        ("[a](b\nc.md)", "[a](b\ncd.md)"),
        ("<a\nb='[[x]]'>", "<a\n字='[[x]]'>"),
        ("<a\nbc de='[[x]]'>", "<a\nb字c de='[[x]]'>"),
        ("[[a\nb c]]", "[[a\nb d c]]"),
        ("---\naliases:\n  - a b\n---\n", "---\naliases:\n  - a bc\n---\n"),
        ("---\na b\n---\n", "---\na c b\n---\n"),
        ("    a b\n", "  a b\n"),
        ("a\n\n    [[b]]\n", "\n\n    [[b]]\n"),
        ("- a\n", "a\n"),
        ("one [[b]]", "one\n[[b]]"),
        ("a\r<a\rb c d='[[x]]'>", "a\r<a\rb cc d='[[x]]'>"),
    ],
)
def test_of_other_edits_nothing_is_said(old: str, new: str) -> None:
    assert not leaves_links(old, new)
    assert not leaves_links(new, old)


def test_a_long_paragraph_is_read_again() -> None:
    text = "words and words\n" * (MAX_PARAGRAPH // 16 + 1)
    assert leaves_links(text, text.replace("words\n", "word\n", 1))
    assert not leaves_links(text + "one more", text + "one or more")


PARTS = (
    *("a", "字", "word ", " ", "\n", "\n\n", "- ", "- [ ] ", "1. ", "> ", "# ", "    ", "\t", "\r", "---\n"),
    *("[[A]]", "[[", "]]", "【【甲】】", "[x](b.md)", "[x](", ")", "](\n", "b.md", "[", "]", "#t", "#", "`"),
    *("```\n", "~~~\n", "<a ", "<!--", "-->", "%%", "|", "|-|\n", "\\", "$$", "tags: ", "aliases: [a, b]\n"),
    *('"', "'", "=", ">", "<div>\n", "===\n", "...\n", "^id", "😀", "e\u0301", "。", ","),
)
TEXTS = st.lists(st.sampled_from(PARTS), max_size=25).map("".join)
WORDS = st.text(st.sampled_from("ab字 ,。1"), max_size=3)


@settings(max_examples=400, deadline=None)
@given(TEXTS, WORDS, st.randoms(use_true_random=False))
def test_links_stay_after_every_edit_that_leaves_them(text: str, words: str, random: Random) -> None:
    for _ in range(10):
        new = text
        for _ in range(random.choice((1, 1, 2))):
            start = random.randint(0, len(new))
            end = min(len(new), start + random.choice((0, 0, 1, 2)))
            new = new[:start] + words + new[end:]
        if leaves_links(text, new):
            assert occurrences(text) == occurrences(new)
