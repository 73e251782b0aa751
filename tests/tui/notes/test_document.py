import random

import pytest

from crdtnotes.crdt import Patch
from crdtnotes_tui.notes.document import NoteDocument, plain

ODD = "one\u2028two\x0cthree\x85\rfour\n\nlast 中文\n"


def test_lines_end_only_at_newlines() -> None:
    document = NoteDocument(ODD)
    assert document.text == ODD
    assert document.lines == ODD.split("\n")


@pytest.mark.parametrize("text", ["", "\n", ODD, "no newline at the end"])
def test_every_position_has_a_location_and_back(text: str) -> None:
    document = NoteDocument(text)
    for index in range(len(text) + 1):
        assert document.get_index_from_location(document.get_location_from_index(index)) == index
    for wrong in (-1, len(text) + 1):
        with pytest.raises(ValueError, match="position"):
            document.get_location_from_index(wrong)


def test_a_local_edit_is_reported_with_positions() -> None:
    told: list[tuple[int, int, str]] = []
    document = NoteDocument("ab\ncd", lambda *edit: told.append(edit))
    result = document.replace_range((1, 1), (0, 1), "X\r\nY\r\ud800")
    assert document.text == "aX\nY\nd"
    assert (result.replaced_text, result.end_location) == ("b\nc", (2, 0))
    assert told == [(1, 3, "X\nY\n")]
    document.replace_range((0, 0), (0, 0), "")
    assert len(told) == 1


def test_an_edit_beyond_the_end_is_made_at_the_end() -> None:
    document = NoteDocument("ab")
    assert document.replace_range((0, 0), (1, 0), "").replaced_text == "ab"
    assert document.text == ""


def test_patches_and_edits_give_the_expected_text() -> None:
    chance = random.Random(1)
    text = ODD
    document = NoteDocument(text)
    for _ in range(500):
        start = chance.randint(0, len(text))
        removed = chance.randint(0, min(5, len(text) - start))
        inserted = chance.choice(["", "x", "\n", "a\nb\n", "文\u2028"])
        text = text[:start] + inserted + text[start + removed :]
        if chance.random() < 0.5:
            replaced = document.patch(Patch(start, removed, inserted))
            assert replaced.new_end == document.get_location_from_index(start + len(inserted))
        else:
            top, bottom = map(document.get_location_from_index, (start, start + removed))
            document.replace_range(bottom, top, inserted)
        assert document.text == text
        assert document.lines == text.split("\n")


def test_plain_returns_text_that_can_be_typed() -> None:
    assert plain("a\r\nb\rc\n\udfff") == "a\nb\nc\n"
