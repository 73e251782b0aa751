import pytest

from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.values import Edit, box_in, with_values

FRONT = "---\nstatus: open\ntags: [a]\nday: 1  # first\n---\nstatus: open\n"


def changed(old: str, new: str) -> list[Edit]:
    """The edits of a whole-text write."""
    return with_values(old, edits(old, new))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("- [ ] tea", (3, 4)),
        ("  * [x] 茶", (5, 6)),
        ("12. [-] tea", (5, 6)),
        ("> - [X]", (5, 6)),
        ("- [xx] tea", None),
        ("- [x](link)", None),
        ("[ ] tea", None),
        ("- tea [ ] ", None),
    ],
)
def test_the_box_of_a_task(line: str, value: tuple[int, int] | None) -> None:
    assert box_in(line) == value


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("- [ ] 茶\n", "- [x] 茶\n", [Edit(Patch(3, 1, "x"), is_value=True)]),
        (FRONT, FRONT.replace("open", "done", 1), [Edit(Patch(12, 4, "done"), is_value=True)]),
        (
            "---\nstate: not yet done\n---\n",
            "---\nstate: not quite finished\n---\n",
            [Edit(Patch(11, 12, "not quite finished"), is_value=True)],
        ),
        (FRONT, FRONT.replace("1  #", "2  #"), [Edit(Patch(32, 1, "2"), is_value=True)]),
        # Not a scalar, not in the front matter, or not a value any more.
        (FRONT, FRONT.replace("[a]", "[a, b]"), [Edit(Patch(25, 0, ", b"), is_value=False)]),
        # Items of a list, each with its comma.
        (FRONT, FRONT.replace("[a]", "[b, a]"), [Edit(Patch(24, 0, "b, "), is_value=False)]),
        (FRONT, FRONT.replace("[a]", "[b]"), [Edit(Patch(24, 1, "b"), is_value=True)]),
        (FRONT, FRONT.replace("[a]", "[]"), [Edit(Patch(24, 1, ""), is_value=False)]),
        (
            "---\ntags: [a, b, c]\n---\n",
            "---\ntags: [a, c, d]\n---\n",
            [Edit(Patch(18, 0, ", d"), is_value=False), Edit(Patch(12, 3, ""), is_value=False)],
        ),
        ("---\ntags: a b\n---\n", "---\ntags: a c b\n---\n", [Edit(Patch(11, 0, " c"), is_value=False)]),
        ("---\nname: a b\n---\n", "---\nname: a c b\n---\n", [Edit(Patch(10, 3, "a c b"), is_value=True)]),
        # A new front matter: the lines around it, and those inside.
        (
            "text\n",
            "---\na: b\n---\ntext\n",
            [Edit(Patch(0, 0, "---\n---\n"), is_value=False), Edit(Patch(4, 0, "a: b\n"), is_value=False)],
        ),
        ("status: open\n", "status: done\n", [Edit(Patch(8, 4, "done"), is_value=False)]),
        ("- [ ] a\n", "- a\n", [Edit(Patch(2, 4, ""), is_value=False)]),
        ("---\na: b\n---\n", "---\na:\n---\n", [Edit(Patch(6, 2, ""), is_value=False)]),
    ],
)
def test_a_write_changes_values_as_a_whole(old: str, new: str, found: list[Edit]) -> None:
    assert changed(old, new) == found


def test_several_edits_in_one_value_are_one() -> None:
    old, new = "---\ntitle: one two three\n---\n- [ ] a b c\n", "---\ntitle: 1 two 3\n---\n- [x] a b d\n"
    assert changed(old, new) == [
        Edit(Patch(39, 1, "d"), is_value=False),
        Edit(Patch(32, 1, "x"), is_value=True),
        Edit(Patch(11, 13, "1 two 3"), is_value=True),
    ]
