"""The simpler oracles on their own: they accept what they should and no more."""

from collections import Counter

import pytest

from tests.simulation.coverage import ENOUGH, LEAST, shortfalls
from tests.simulation.intent import check_boxes, check_words, strange_lines
from tests.simulation.ledger import Ledger
from tests.simulation.oracles import Broken


def test_a_kind_of_operation_that_does_not_occur_any_more_is_noticed() -> None:
    seen = Counter(dict.fromkeys(LEAST, ENOUGH) | {"worlds": ENOUGH})
    assert shortfalls(seen) == []
    for kind in LEAST:
        assert [kind in one for one in shortfalls(seen - Counter({kind: ENOUGH}))] == [True]
    assert shortfalls(Counter(worlds=ENOUGH - 1)) == []


def test_strange_lines_are_bounded() -> None:
    seen = Counter(dict.fromkeys(LEAST, ENOUGH) | {"worlds": ENOUGH, "notes of whole lines": 750})
    assert shortfalls(seen + Counter({"notes with strange lines": 16})) == []
    assert len(shortfalls(seen + Counter({"notes with strange lines": 17}))) == 1


@pytest.mark.parametrize(
    "line",
    ["- [xx] tea 𠀀\n", "- [] tea 𠀀\n", "- [  ] 𠀀\n", "* [x][x] 𠀀\n", "- [x] [ ] tea 𠀀\n", "  - [x ] 𠀀"],
)
def test_a_task_with_two_boxes_is_noticed(line: str) -> None:
    with pytest.raises(Broken):
        check_boxes(f"# 𠀁\n{line}")


def test_other_brackets_are_no_boxes() -> None:
    check_boxes("- [ ] [[A]] 𠀀\n- [x] ]] 𠀁\n- [X] [[x 𠀂\n- a [xx] 𠀃\n[xx]\n- [[A]] 𠀄\n")


def test_lines_and_words_that_nobody_wrote_are_noticed() -> None:
    ledger = Ledger()
    ledger.wrote(("on Tuesday 𠀀\n", "on Wednesday 𠀀\n"))
    merged = "on Tuesday 𠀀\n\non TuesdayWednesday 𠀀\n"
    assert strange_lines(merged, ledger) == ["on TuesdayWednesday 𠀀\n"]
    check_words(strange_lines(merged, ledger), ledger)
    with pytest.raises(Broken):
        check_words(["on WednesTuesday 𠀀\n"], ledger)
