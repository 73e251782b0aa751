from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt import Text
from crdtnotes.crdt.diff import MAX_WORDS, _in_one_order, edits, words
from crdtnotes.crdt.ops import Patch
from tests.reference import patched
from tests.strategies import texts


@given(texts, texts)
def test_the_edits_turn_one_text_into_the_other(old: str, new: str) -> None:
    patches = edits(old, new)
    assert patched(old, patches) == new
    assert (patches == []) == (old == new)
    # The edits go from the end backwards, do not touch each other, and none is empty.
    assert all(later.start > one.start + one.removed - 1 for later, one in pairwise(patches))
    assert all(patch.removed or patch.inserted for patch in patches)


def write(text: Text, new: str) -> list[object]:
    ops: list[object] = []
    for start, removed, inserted in edits(str(text), new):
        ops.append(text.delete(start, removed))
        ops.append(text.insert(start, inserted))
    return ops


@pytest.mark.parametrize(
    ("base", "one", "two", "merged"),
    [
        ("一段。\n\n二段。\n", "一段改。\n\n二段。\n", "一段。\n\n二段也改。\n", "一段改。\n\n二段也改。\n"),
        ("a b c\n", "a x c\n", "a b c\nmore\n", "a x c\nmore\n"),
        ("the quick fox\n", "the slow fox\n", "the quick dog\n", "the slow dog\n"),
        ("分布式系统\n", "分布式的系统\n", "大分布式系统\n", "大分布式的系统\n"),
        (
            "# T\n\nfirst\n\nlast\n",
            "# T\n\nFIRST\n\nlast\n",
            "# T\n\nfirst\n\nlast\nend\n",
            "# T\n\nFIRST\n\nlast\nend\n",
        ),
        ("x\ny\nz\n", "x\nz\n", "x\ny\nz!\n", "x\nz!\n"),
        ("😀 ok\n", "😀👍 ok\n", "😀 okay\n", "😀👍 okay\n"),
        # A line that was added and a line that was replaced stay whole, though lines begin alike.
        (
            "- call Ann\n- call Bob",
            "- call Ann\n- call Cid",
            "- call Ann\n- call Bob\n- call Dan",
            "- call Ann\n- call Cid\n- call Dan",
        ),
        ("- a b\n- a c\n", "- a c\n", "- a b\n- a d\n- a c\n", "- a d\n- a c\n"),
        # A line that was deleted is gone whole, though it has words of the line that takes its place.
        ("一样\n茶\n", "茶\n", "同样的一行。\n茶\n", "同样的一行。\n茶\n"),
        # Two replacements of one word, flag or accent are both kept, whole.
        ("See you Monday.\n", "See you Tuesday.\n", "See you Wednesday.\n", "See you WednesdayTuesday.\n"),
        ("从 🇩🇪 来\n", "从 🇫🇷 来\n", "从 🇰🇷 来\n", "从 🇰🇷🇫🇷 来\n"),
        ("cafe\u0301 x\n", "cafe\u0300 x\n", "cafe x\n", "cafecafe\u0300 x\n"),
        ("ok 👩‍🚀\n", "ok 👩‍🔬\n", "ok 👨‍🚀\n", "ok 👨‍🚀👩‍🔬\n"),
    ],
)
def test_two_people_who_write_different_parts_both_keep_their_text(
    base: str, one: str, two: str, merged: str
) -> None:
    ann, bob = Text(1), Text(2)
    bob.apply(ann.insert(0, base))
    from_ann, from_bob = write(ann, one), write(bob, two)
    for op in from_bob:
        ann.apply(op)  # type: ignore[arg-type]
    for op in from_ann:
        bob.apply(op)  # type: ignore[arg-type]
    assert str(ann) == str(bob) == merged


def test_a_replaced_word_leaves_none_of_its_letters() -> None:
    # No "t" of "cat" is kept for "tiger": an addition to the old word must not end up in the new word.
    assert edits("a cat sat\n", "a tiger sat\n") == [Patch(2, 3, "tiger")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("cafe\u0301s, è", ["cafe\u0301s", ",", " ", "è"]),
        ("中文a b", ["中", "文", "a", " ", "b"]),
        ("👨‍👩‍👧🇫🇷🇰🇷", ["👨‍👩‍👧", "🇫🇷", "🇰🇷"]),
        ("が\u3099 x\r\n", ["が\u3099", " ", "x", "\r\n"]),
        ("[x] v_1.2", ["[", "x", "]", " ", "v_1", ".", "2"]),
    ],
)
def test_words_are_cut_at_grapheme_clusters(text: str, parts: list[str]) -> None:
    assert words(text) == parts


@given(texts)
def test_words_leave_nothing_out(text: str) -> None:
    assert "".join(words(text)) == text


LINES = st.lists(st.sampled_from(["- 茶 tea", "- buy milk", "- 写报告", "- [ ] call Ann", "", "# x"]))


@given(LINES.filter(bool), LINES, LINES)
def test_whole_lines_added_and_removed_apart_merge_to_whole_lines(
    base: list[str], one: list[str], two: list[str]
) -> None:
    # Each of the lines is unlike the others, so no line can be taken for another one, edited.
    old, first, second = ("".join(f"{line}\n" for line in lines) for lines in (base, one, two))
    ann, bob = Text(1), Text(2)
    bob.apply(ann.insert(0, old))
    from_ann, from_bob = write(ann, first), write(bob, second)
    for op in from_bob:
        ann.apply(op)  # type: ignore[arg-type]
    for op in from_ann:
        bob.apply(op)  # type: ignore[arg-type]
    assert str(ann) == str(bob)
    assert set(str(ann).split("\n")) <= {"", *base, *one, *two}


def test_a_large_block_is_replaced_as_a_whole() -> None:
    old = "word " * MAX_WORDS
    new = "else " * MAX_WORDS
    assert patched(old, edits(old, new)) == new


def test_lines_end_at_a_newline_and_nowhere_else() -> None:
    assert edits("a\x0cb\u2028c\x85d", "a\x0cb\u2028c\x85e") == [Patch(6, 1, "e")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- [ ] tea\n", "- [ ] tea with lots of additional words here\n"),
        ("old", "old 中文 typed more"),
        ("今天", "今天我们去了很多地方然后回家"),
        ("x", "1 2 3 4 5 6 x 7"),
    ],
)
def test_words_added_to_a_line_or_deleted_from_it_leave_the_others(old: str, new: str) -> None:
    assert all(not patch.removed for patch in edits(old, new))
    assert all(not patch.inserted for patch in edits(new, old))
    around = "# Title\n\n", "\nlast\n"
    assert all(not patch.removed for patch in edits(old.join(around), new.join(around)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("一样\n", "同样的一行。\n"),
        ("tea milk rice\n", "rice milk tea\n"),
        ("- [ ] 买茶和米\n", "- [ ] 米和茶买了\n"),
        ("call Ann then Bob\n", "Bob then call Ann back today\n"),
        ("一样\n- a b\n", "同样的一行。\n- c d\n"),
    ],
)
def test_a_line_with_the_same_words_in_another_order_is_another_line(old: str, new: str) -> None:
    assert edits(old, new) == [Patch(0, len(old), new)]


def test_of_several_lines_those_stand_for_each_other_that_keep_most_words_in_one_order() -> None:
    # The first new line has all words of the old one, but only the second has them in their order.
    assert edits("a b c d\n", "d c b a\na b c x\n") == [Patch(6, 1, "x"), Patch(0, 0, "d c b a\n")]


WORDS = st.lists(st.sampled_from("abc"), max_size=12)


@given(WORDS, WORDS)
def test_words_in_one_order_are_counted(one: list[str], other: list[str]) -> None:
    common = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, word in enumerate(one):
        for j, also in enumerate(other):
            common[i + 1][j + 1] = max(common[i][j + 1], common[i + 1][j], common[i][j] + (word == also))
    assert _in_one_order(one, other) == common[-1][-1]
