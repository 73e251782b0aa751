import random

import pytest

from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Patch
from crdtnotes.crdt.rebase import rebase
from crdtnotes.crdt.rga import Rga


def made(text: str, patches: list[Patch]) -> str:
    """Return a text after patches whose positions all refer to the original text."""
    rga = Rga()
    counter = 1
    if text:
        rga.insert(OpId(counter, 1), rga.before(0), text)
        counter += len(text)
    anchored = [
        (rga.before(patch.start), rga.spans(patch.start, patch.removed), patch.inserted) for patch in patches
    ]
    for after, spans, inserted in anchored:
        if inserted:
            rga.insert(OpId(counter, 1), after, inserted)
            counter += len(inserted)
        rga.delete(spans)
    return str(rga)


def merged(base: str, mine: str, theirs: str) -> str:
    return made(theirs, rebase(edits(base, mine), edits(base, theirs)))


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        ("one two", "one TWO", "zero one two", "zero one TWO"),
        ("one two", "one", "one two three", "one three"),
        ("a b c", "a c", "a c", "a c"),
        ("a b c", "a X c", "a Y c", "a XY c"),
        ("1. a\n", "1. b\n2. a\n", "1. a\nc\n", "1. b\n2. a\nc\n"),
        ("1. a\n", "1. a\nc\n", "1. b\n2. a\n", "1. b\n2. a\nc\n"),
        ("", "mine", "theirs", "theirsmine"),
        ("ab", "ab!", "ab?", "ab?!"),
        ("whole text", "", "whole new text", "new "),
        ("kept", "kept", "kept and more", "kept and more"),
        ("分布式系统", "分布式的系统", "分布系统", "分布的系统"),
    ],
)
def test_both_edits_are_in_the_result(base: str, mine: str, theirs: str, expected: str) -> None:
    assert merged(base, mine, theirs) == expected


OLD = "[ ] tea\nb\n"
TICK, CROSS = Patch(1, 1, "x"), Patch(1, 1, "-")
LINE, WORD = Patch(0, 8, ""), Patch(4, 3, "")


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (TICK, CROSS, "[x] tea\nb\n"),
        (TICK, TICK, "[x] tea\nb\n"),
        (LINE, TICK, "b\n"),
        (TICK, LINE, "b\n"),
        (Patch(0, 3, "* "), TICK, "*  tea\nb\n"),
        (WORD, TICK, "[x] \nb\n"),
        (TICK, WORD, "[x] \nb\n"),
        (Patch(1, 1, ""), TICK, "[x] tea\nb\n"),
        (TICK, Patch(1, 1, ""), "[x] tea\nb\n"),
        (Patch(1, 0, "y"), Patch(1, 0, "longer"), "[y ] tea\nb\n"),
    ],
)
def test_of_two_values_one_stands_and_each_goes_with_its_line(
    mine: Patch, theirs: Patch, expected: str
) -> None:
    values = [patch for patch in (mine, theirs) if patch.inserted.strip() and patch.removed < 2]
    moved = rebase([mine], [theirs], values)
    moved.sort(key=lambda patch: (patch.start, patch.removed), reverse=True)
    assert made(made(OLD, [theirs]), moved) == expected


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_either_person_wrote_is_lost_or_doubled(seed: int) -> None:
    source = random.Random(seed)

    def changed(text: str, letters: str) -> str:
        characters = list(text)
        for _ in range(source.randrange(4)):
            start = source.randrange(len(characters) + 1)
            end = min(len(characters), start + source.randrange(5))
            characters[start:end] = [source.choice(letters) for _ in range(source.randrange(4))]
        return "".join(characters)

    for _ in range(200):
        base = "".join(source.choice("ab \n中") for _ in range(source.randrange(15)))
        mine, theirs = changed(base, "PQ"), changed(base, "XY")
        result = merged(base, mine, theirs)
        note = (seed, base, mine, theirs, result)
        assert [letter for letter in result if letter in "PQ"] == [c for c in mine if c in "PQ"], note
        assert [letter for letter in result if letter in "XY"] == [c for c in theirs if c in "XY"], note
        assert merged(base, mine, base) == mine, note
        assert merged(base, base, theirs) == theirs, note
