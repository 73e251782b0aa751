"""The simpler oracles on their own: they accept what they should and no more."""

from collections import Counter

import pytest

from tests.simulation.coverage import ENOUGH, LEAST, MOST, shortfalls
from tests.simulation.intent import check_boxes, check_words, strange_lines
from tests.simulation.leads import Leads, check_meaning, check_moved, check_renamed
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


@pytest.mark.parametrize(("part", "whole", "share"), MOST)
def test_what_may_happen_seldom_is_bounded(part: str, whole: str, share: float) -> None:
    seen = Counter(dict.fromkeys(LEAST, ENOUGH) | {"worlds": ENOUGH, whole: 1000})
    assert shortfalls(seen + Counter({part: int(1000 * share)})) == []
    assert len(shortfalls(seen + Counter({part: int(1000 * share) + 1}))) == 1


A, B, C = b"A", b"B", b"C"
KEYS = {A: "a", B: "b", C: "c"}


def view(link: bytes | None, **names: str) -> Leads:
    """A replica in which C has the link `[[b]]`; `names` are those that differ from `KEYS`."""
    bases = KEYS | {id.encode(): name for id, name in names.items()}
    bases = {id: name for id, name in bases.items() if name}
    return Leads({(C, "b"): link}, {id: frozenset({(name, 0)}) for id, name in bases.items()}, bases)


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        (view(B), view(B), None),
        (view(None), view(B), None),
        (view(B), view(A, A="b", B="c"), "links to notes that were renamed or deleted"),
        (view(B), view(None, B=""), "links to notes that were renamed or deleted"),
        (view(B), view(A, A="b"), "links captured"),
        (view(B, A=""), view(A, A="b"), "links captured"),
        (view(B), view(A, C="a/c"), "links captured"),
        (view(B, A="b"), view(A, A="b"), "links of namesakes that changed"),
    ],
)
def test_what_may_change_the_meaning_of_a_link_is_counted(
    before: Leads, after: Leads, seen: str | None
) -> None:
    counted = check_meaning(before, after)
    assert counted == Counter(
        {"links before syncs": int(before.targets[C, "b"] is not None)} | ({} if seen is None else {seen: 1})
    )


def path(link: bytes | None, holder: str = "c") -> Leads:
    """A replica in which C, with this name, has the link `[[./b]]`."""
    seen = view(link, C=holder)
    return seen._replace(targets={(C, "./b"): link})


def test_a_path_may_lead_nowhere_if_its_note_was_moved() -> None:
    counted = check_meaning(path(B), path(None, "a/c"))
    assert counted == Counter({"links before syncs": 1, "paths written while their note was moved": 1})
    for after in (path(None), path(None, "d")):
        with pytest.raises(Broken):
            check_meaning(path(B), after)


def test_a_rename_that_lets_a_path_lead_elsewhere_is_noticed() -> None:
    moved = path(None, "a/c")._replace(targets={(C, "../b"): B})
    check_moved(C, path(B), moved)
    check_moved(C, path(None), path(None, "a/c"))
    for after in (path(None, "a/c"), path(A, "a/c")):
        with pytest.raises(Broken):
            check_moved(C, path(B), after)


@pytest.mark.parametrize("after", [view(A), view(None), view(None, C="a/c")])
def test_a_link_that_means_something_else_without_a_reason_is_noticed(after: Leads) -> None:
    with pytest.raises(Broken):
        check_meaning(view(B), after)


def test_links_that_renames_wrote_are_counted() -> None:
    link, both = (C, "b"), {(A, "b"), (B, "b")}
    wrote, elsewhere = "links that renames wrote", "links that renames wrote and that lead elsewhere"
    assert check_renamed({link: {(B, "b")}}, view(B)) == Counter({wrote: 1, elsewhere: 0})
    assert check_renamed({link: {(B, "b")}}, view(A, A="b")) == Counter({wrote: 1, elsewhere: 1})
    for notes, after in ((both, view(B, A="b")), ({(B, "b")}, view(None, B=""))):
        assert not check_renamed({link: notes}, after)


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
