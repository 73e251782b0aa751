import random
from itertools import pairwise

import pytest
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Offset

from crdtnotes_tui.editor.navigating import Navigator
from crdtnotes_tui.editor.wrapping import Wrapping
from crdtnotes_tui.notes.document import NoteDocument

LINES = ["", "short", "中文没有空格也换行，" * 30, "the quick brown fox " * 40, "\ttab 中\tb", "x" * 300]


def state(wrapping: Wrapping) -> object:
    return wrapping.lines, wrapping.height, [wrapping.line_at(y) for y in range(-1, wrapping.height + 1)]


@pytest.mark.parametrize("seed", range(3))
def test_after_edits_the_text_is_wrapped_as_if_anew(seed: int) -> None:
    chance = random.Random(seed)
    document = NoteDocument("\n".join(chance.choices(LINES, k=12)))
    wrapping = Wrapping(document, 20)
    for _ in range(100):
        places = []
        for _ in range(2):
            row = chance.randrange(document.line_count)
            places.append((row, chance.randint(0, len(document.get_line(row)))))
        start, end = sorted(places) if chance.random() < 0.3 else (places[0], places[0])
        text = chance.choice(["", "x", "字", "\n", "a\nb\nc", chance.choice(LINES)])
        done = document.replace_range(start, end, text)
        wrapping.wrap_range(start, end, done.end_location)
        assert state(wrapping) == state(Wrapping(document, 20))


def test_cells_and_locations_lead_to_each_other() -> None:
    document = NoteDocument("\n".join(LINES))
    wrapping = Wrapping(document, 20)
    for row, line in enumerate(LINES):
        for column in range(len(line) + 1):
            cell = wrapping.cell_of((row, column))
            assert wrapping.offset_to_location(cell) == (row, column)
            assert wrapping.top_of((row, column)) == cell.y
    assert wrapping.offset_to_location(Offset(99, 10_000)) == document.end


def test_without_a_width_nothing_is_wrapped() -> None:
    document = NoteDocument("\n".join(LINES))
    assert Wrapping(document).lines == [[line] for line in LINES]
    assert not Wrapping(document).wrapped
    assert Wrapping(document, 20).wrapped


def test_the_caret_goes_by_clusters_and_keeps_its_cell() -> None:
    document = NoteDocument("ae\u0301🇨🇳👨\u200d👩\u200d👧b\n中中中中中\nabcdefgh")
    wrapping = Wrapping(document, 40)
    navigator = Navigator(wrapping)
    stops = [(0, 0)]
    while stops[-1][0] == 0:
        stops.append(navigator.get_location_right(stops[-1]))
    assert [column for row, column in stops if row == 0] == [0, 1, 3, 5, 10, 11]
    for before, after in pairwise(stops):
        assert navigator.get_location_left(after) == before
    navigator.last_x_offset = 5
    assert navigator.get_location_above((2, 5)) == (1, 2)
    assert navigator.get_location_above((1, 2)) == (0, 5)
    assert navigator.get_location_below((1, 2)) == (2, 5)


def test_textual_finds_what_it_asks_a_wrapped_document_for() -> None:
    assert issubclass(Wrapping, WrappedDocument)
    asked = {name for name in vars(WrappedDocument) if not name.startswith("_")}
    assert asked - {"get_offsets"} <= set(vars(Wrapping))
