"""More that two people do apart, each by a whole new version of a note, and what comes out.

The cases of OFFERED come out as whole as a text can that neither of them wrote. What people would rather have
there needs somebody to choose: the review lists it, or it is offered as an edit.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.vaults import meet, replicas

Case = tuple[str, str, str, str | set[str]]
"""A note's text, what either person makes of it, and what may come out."""


def alike(text: str, new: str) -> Case:
    """Both make the same of a text."""
    return text, new, new, new


ITEMS = "1. one\n2. two\n3. three\n"
TASK = "- [ ] milk\n"
FRONT = "---\n{}\n---\ntext\n"


def front(old: str, first: str, second: str, *wanted: str) -> Case:
    """Both change a line of the front matter."""
    return FRONT.format(old), FRONT.format(first), FRONT.format(second), {FRONT.format(one) for one in wanted}


CASES: dict[str, Case] = {
    "one replaces a line, one adds one": (
        "- call Ann\n- call Bob\n",
        "- call Ann\n- call Cid\n",
        "- call Ann\n- call Bob\n- call Dan\n",
        "- call Ann\n- call Cid\n- call Dan\n",
    ),
    "untick": alike("- [x] milk\n", TASK),
    "x and X": (TASK, "- [x] milk\n", "- [X] milk\n", {"- [x] milk\n", "- [X] milk\n"}),
    "tick and cancel": (TASK, "- [x] milk\n", "- [-] milk\n", {"- [x] milk\n", "- [-] milk\n"}),
    "count up": alike("version 3\n", "version 4\n"),
    "9 to 10": alike("count: 9\n", "count: 10\n"),
    "capitalise": alike("notes on it\n", "Notes on it\n"),
    "respell": alike("the color of\n", "the colour of\n"),
    "改一个字": alike("分布式糸统\n", "分布式系统\n"),
    "rename a heading alike": alike("# Old\ntext\n", "# New\ntext\n"),
    "make a link": alike("see Paxos.\n", "see [[Paxos]].\n"),
    "bold": alike("see Paxos now.\n", "see **Paxos** now.\n"),
    "strike": alike("see that.\n", "~~see that.~~\n"),
    "rewrite it all alike": alike("one\ntwo\n", "other\nwords\nhere\n"),
    "sort": alike("c\nb\na\n", "a\nb\nc\n"),
    "indent": alike("- a\n- b\n- c\n", "- a\n  - b\n  - c\n"),
    "a first line above, and a number in the next": alike("3 apples\n", "more:\n4 apples\n"),
    "a different first line each, the next line alike": (
        "3 apples\n",
        "ann:\n4 apples\n",
        "bob:\n4 apples\n",
        {"ann:\nbob:\n4 apples\n", "bob:\nann:\n4 apples\n"},
    ),
    "move a line": alike("a\nb\nc\nd\n", "a\nc\nd\nb\n"),
    "insert item 2 alike": alike(ITEMS, "1. one\n2. new\n3. two\n4. three\n"),
    "a line behind a last line without a newline, alike": alike("log", "log\nmore"),
    "two such lines, alike": alike("log", "log\none\ntwo"),
    "different lines behind such a line": (
        "log",
        "log\nann",
        "log\nbob 1\nbob 2",
        {"log\nann\nbob 1\nbob 2", "log\nbob 1\nbob 2\nann"},
    ),
    "a tag each": front("tags: [a]", "tags: [a, b]", "tags: [a, c]", "tags: [a, b, c]", "tags: [a, c, b]"),
    "a tag each at both ends": front("tags: [a]", "tags: [b, a]", "tags: [a, c]", "tags: [b, a, c]"),
    "the same tag": front("tags: [a]", "tags: [a, b]", "tags: [a, b]", "tags: [a, b]"),
    "the first tag each": front("tags: []", "tags: [b]", "tags: [c]", "tags: [b]", "tags: [c]"),
    "another tag each": front("tags: [a]", "tags: [b]", "tags: [c]", "tags: [b]", "tags: [c]"),
    "another tag each among others": front(
        "tags: [a, b, c]", "tags: [a, x, c]", "tags: [a, y, c]", "tags: [a, x, y, c]", "tags: [a, y, x, c]"
    ),
    "another first tag each": front(
        "tags: [a, b]", "tags: [x, b]", "tags: [y, b]", "tags: [x, y, b]", "tags: [y, x, b]"
    ),
    "a tag removed each": front("tags: [a, b, c]", "tags: [a, c]", "tags: [a, b]", "tags: [a]"),
    "the first tag removed, the last removed": front(
        "tags: [a, b, c]", "tags: [b, c]", "tags: [a, b]", "tags: [b]"
    ),
    "a tag removed, a tag added": front("tags: [a, b]", "tags: [a]", "tags: [a, b, c]", "tags: [a, c]"),
    "a tag each, without brackets": front(
        "tags: a", "tags: a, b", "tags: a, c", "tags: a, b, c", "tags: a, c, b"
    ),
    "a tag each, one in a line": front(
        "tags:\n  - a",
        "tags:\n  - a\n  - b",
        "tags:\n  - a\n  - c",
        "tags:\n  - a\n  - b\n  - c",
        "tags:\n  - a\n  - c\n  - b",
    ),
    "各加一个标签": front(
        "标签: [甲]", "标签: [甲, 乙]", "标签: [甲, 丙]", "标签: [甲, 乙, 丙]", "标签: [甲, 丙, 乙]"
    ),
    "an alias each": front(
        'aliases: ["a"]',
        'aliases: ["a", "b"]',
        'aliases: ["a", "c"]',
        'aliases: ["a", "b", "c"]',
        'aliases: ["a", "c", "b"]',
    ),
    "a field each": front("a: 1", "a: 1\nb: 2", "a: 1\nc: 3", "a: 1\nb: 2\nc: 3", "a: 1\nc: 3\nb: 2"),
    "a front matter each, alike": alike("text\n", FRONT.format("status: open")),
    "a front matter each": (
        "text\n",
        FRONT.format("status: open"),
        FRONT.format("tags: [a]"),
        {FRONT.format("status: open\ntags: [a]"), FRONT.format("tags: [a]\nstatus: open")},
    ),
    "a front matter each, one with more below": (
        "",
        FRONT.format("status: open").replace("text", "# Title\n"),
        FRONT.format("tags: [a]").removesuffix("text\n"),
        {
            "---\nstatus: open\ntags: [a]\n---\n# Title\n\n",
            "---\ntags: [a]\nstatus: open\n---\n# Title\n\n",
        },
    ),
}

OFFERED: dict[str, Case] = {
    # Wanted: both headings, in the review.
    "rename a heading": (
        "# Old\ntext\n",
        "# First name\ntext\n",
        "# Second title\ntext\n",
        {"# First name\n# Second title\ntext\n", "# Second title\n# First name\ntext\n"},
    ),
    "a word of a heading": (
        "# Old plan\n",
        "# New plan\n",
        "# Good plan\n",
        {"# NewGood plan\n", "# GoodNew plan\n"},
    ),
    # Wanted: two blocks, in the review.
    "rewrite it all": (
        "one\ntwo\n",
        "w x\ny z\n",
        "p q\nr s\n",
        {"w x\ny z\np q\nr s\n", "p q\nr s\nw x\ny z\n"},
    ),
    # Offered: numbered from 1 to 5.
    "insert another item 2 each": (
        ITEMS,
        "1. one\n2. ann\n3. two\n4. three\n",
        "1. one\n2. bob\n3. two\n4. three\n",
        {"1. one\n2. ann\n2. bob\n3. two\n4. three\n", "1. one\n2. bob\n2. ann\n3. two\n4. three\n"},
    ),
    # Wanted: the tag c once; the note has the tag once however often its list does.
    "two tags each, one of them the same": front(
        "tags: [a]", "tags: [a, b, c]", "tags: [a, c, d]", "tags: [a, b, c, c, d]", "tags: [a, c, d, b, c]"
    ),
    # Offered: the edit follows the paragraph.
    "move a paragraph, edit it": (
        "one word\n\ntwo\n\nthree\n",
        "two\n\nthree\n\none word\n",
        "one new word\n\ntwo\n\nthree\n",
        {"new two\n\nthree\n\none word\n"},
    ),
    # Offered: the line back, or gone.
    "delete a line, edit it": (
        "a\nthe line here\nb\n",
        "a\nb\n",
        "a\nthe new line here\nb\n",
        {"a\nnew b\n"},
    ),
    "delete all, edit a word": ("some text\nmore\n", "", "some text 2\nmore\n", {" 2"}),
}

ALL = CASES | OFFERED


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Vault]]:
    """Two replicas with a note for each case, which two people have changed apart."""
    with replicas(tmp_path_factory.mktemp("more")) as vaults:
        for name, (text, *_) in ALL.items():
            vaults[0].create_note(name, text)
        meet(*vaults)
        for name, (_, *written, _) in ALL.items():
            for vault, text in zip(vaults, written, strict=True):
                vault.note(name).write(text)
                assert vault.note(name).text == text
        meet(*vaults)
        assert vaults[0].check() == vaults[1].check() == []
        yield vaults


@pytest.mark.parametrize("name", ALL)
def test_what_two_people_make_of_a_note_apart(name: str, merged: list[Vault]) -> None:
    wanted = ALL[name][-1]
    texts = [vault.note(name).text for vault in merged]
    assert texts[0] == texts[1]
    assert texts[0] in ({wanted} if isinstance(wanted, str) else wanted)


def test_the_tags_of_two_people_are_tags_of_the_note(merged: list[Vault]) -> None:
    for name, wanted in {
        "a tag each": {"a", "b", "c"},
        "a front matter each": {"a"},
        "two tags each, one of them the same": {"a", "b", "c", "d"},
    }.items():
        for vault in merged:
            assert {tag for tag, _ in vault.tags() if name in vault.tagged(tag)} == wanted


def test_lines_added_in_two_steps_and_in_one(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "log")
        meet(one, two)
        one.note("A").write("log\n3")
        one.note("A").write("log\n3\n4")
        two.note("A").write("log\n3\n4")
        meet(one, two)
        assert one.note("A").text == two.note("A").text == "log\n3\n4"
