import random
from collections.abc import Sequence

import pytest

from crdtnotes.crdt import Patch
from crdtnotes.editing import Grouped
from crdtnotes_tui.notes.transform import follow, follow_range, rebase


def done(text: str, changes: Sequence[Patch]) -> str:
    for start, removed, inserted in changes:
        assert 0 <= start <= start + removed <= len(text)
        text = text[:start] + inserted + text[start + removed :]
    return text


def plain(edits: Sequence[Grouped]) -> list[Patch]:
    return [grouped.edit for grouped in edits]


def changes(chance: random.Random, text: str, letters: str) -> list[Patch]:
    made = []
    for _ in range(chance.randint(0, 5)):
        start = chance.randint(0, len(text))
        removed = chance.randint(0, min(4, len(text) - start))
        patch = Patch(start, removed, "".join(chance.choices(letters, k=chance.randint(0, 3))))
        made.append(patch)
        text = done(text, [patch])
    return made


@pytest.mark.parametrize("seed", range(20))
def test_both_orders_give_the_same_text(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        text = "".join(chance.choices("abcdef文字\n", k=chance.randint(0, 12)))
        theirs = changes(chance, text, "XYZ")
        mine = [Grouped(patch, 3, alike=True) for patch in changes(chance, text, "123")]
        theirs_after, mine_after = rebase(theirs, mine)
        assert done(done(text, plain(mine)), theirs_after) == done(done(text, theirs), plain(mine_after))
        assert all(one.group == 3 and one.alike for one in mine_after)


def test_no_edit_of_either_side_is_lost_or_applied_twice() -> None:
    theirs, mine = rebase([Patch(1, 3, "T")], [Grouped(Patch(2, 3, "M"))])
    assert done(done("abcdef", [Patch(2, 3, "M")]), theirs) == "aMTf"
    assert done(done("abcdef", [Patch(1, 3, "T")]), plain(mine)) == "aMTf"


def test_at_the_same_position_the_local_text_comes_first() -> None:
    theirs, mine = rebase([Patch(1, 0, "T")], [Grouped(Patch(1, 0, "M"))])
    assert (theirs, mine) == ([Patch(2, 0, "T")], [Grouped(Patch(1, 0, "M"))])


@pytest.mark.parametrize(
    ("index", "patch", "behind", "to"),
    [
        (3, Patch(5, 1, "x"), True, 3),
        (3, Patch(0, 1, "xyz"), True, 5),
        (3, Patch(3, 0, "x"), True, 3),
        (3, Patch(3, 0, "x"), False, 4),
        (3, Patch(1, 4, "x"), True, 1),
        (3, Patch(1, 2, ""), True, 1),
        (3, Patch(3, 2, ""), False, 3),
    ],
)
def test_a_position_follows_its_character(index: int, patch: Patch, behind: bool, to: int) -> None:
    assert follow(index, patch, behind=behind) == to


def test_a_selection_keeps_its_characters() -> None:
    for length in range(6):
        text = list(range(length))
        for low in range(length + 1):
            for high in range(low + 1, length + 1):
                for start in range(length + 1):
                    for removed in range(length - start + 1):
                        for inserted in ("", "xy"):
                            patch = Patch(start, removed, inserted)
                            now: list[int | None] = list(text)
                            now[start : start + removed] = [None] * len(inserted)
                            new_low, new_high = follow_range(low, high, patch)
                            left = [one for one in text[low:high] if one in now]
                            held = now[new_low:new_high]
                            assert [one for one in held if one is not None] == left, (low, high, patch)
                            assert not held or (held[0] is not None and held[-1] is not None), (
                                low,
                                high,
                                patch,
                            )
