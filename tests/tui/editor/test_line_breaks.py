import random
from itertools import pairwise

import pytest
from rich.cells import cell_len
from textual import _wrap

from crdtnotes_tui.editor.line_breaks import breaks_after, breaks_of, cells_of, chunks, column_at
from crdtnotes_tui.editor.wrapping import Wrapping
from crdtnotes_tui.notes.document import NoteDocument
from crdtnotes_tui.text.graphemes import cluster_end, whole

PLAIN = "ab c中文字，。（）[]**  —“”한が、xyz한e"
ODD = PLAIN + "\t\u0301👨\u200d👩🇨🇳\u3099\x07   "


def wrapped(text: str, width: int) -> list[str]:
    return Wrapping(NoteDocument(text), width).lines[0]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 8, ["one two ", "three"]),
        ("看 [[CAP定理]] 的内容很长", 15, ["看 [[CAP定理]] ", "的内容很长"]),
        ("中文没有空格也换行", 8, ["中文没有", "空格也换", "行"]),
        ("一二三，四五", 6, ["一二", "三，四", "五"]),
        ("一二（三四）五", 6, ["一二", "（三", "四）五"]),
        ("very-long-word-indeed", 8, ["very-lon", "g-word-i", "ndeed"]),
    ],
)
def test_lines_break_at_words_and_between_wide_characters(text: str, width: int, lines: list[str]) -> None:
    assert [line.rstrip() for line in wrapped(text, width)] == [line.rstrip() for line in lines]


@pytest.mark.parametrize("text", ["a  b\t中，文（x）！！ …… 「」 ーabc 。。", "  ", "，", "（"])
def test_nothing_is_lost_between_chunks(text: str) -> None:
    spans = [(start, end) for start, end in chunks(text)]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(one[1] == next_one[0] for one, next_one in pairwise(spans))


@pytest.mark.parametrize("seed", range(3))
def test_lines_break_where_textual_breaks_them_between_the_same_pieces(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)

    def pieces(text: str) -> list[tuple[int, int, str]]:
        return [(start, end, text[start:end]) for start, end in chunks(text)]

    monkeypatch.setattr(_wrap, "chunks", pieces)
    for _ in range(500):
        text = "".join(chance.choices(PLAIN, k=chance.randint(0, 120)))
        width = chance.choice([20, 21, 33, 40])
        assert breaks_of(text, width, 4) == _wrap.compute_wrap_offsets(text, width, 4), (text, width)


@pytest.mark.parametrize("seed", range(3))
def test_after_an_edit_the_breaks_are_those_of_the_new_text(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(500):
        letters = chance.choice([PLAIN, ODD, "ab ", "中", "a", "中a。"])
        text = "".join(chance.choices(letters, k=chance.choice([300, 600])))
        width = chance.choice([10, 20, 21])
        start = chance.randint(0, len(text))
        removed = min(len(text) - start, chance.choice([0, 0, 1, 3, 50]))
        inserted = "".join(chance.choices(ODD, k=chance.choice([0, 1, 1, 5, 60])))
        after = text[:start] + inserted + text[start + removed :]
        found = breaks_after(breaks_of(text, width, 4), after, start, removed, len(inserted), width, 4)
        assert found == breaks_of(after, width, 4), (text, width, start, removed, inserted)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("width", [1, 2, 3, 10, 21])
def test_every_section_fits_and_no_cluster_is_broken(seed: int, width: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        text = "".join(chance.choices(ODD, k=chance.randint(0, 100)))
        bounds = [0, *breaks_of(text, width, 4), len(text)]
        for start, end in pairwise(bounds):
            assert start < end or not text
            assert whole(text, start) == start
            fits = cells_of(text[start:end], min(4, width)) <= width
            assert fits or cluster_end(text, start) == end


def test_tabs_count_from_the_beginning_of_a_section() -> None:
    assert cells_of("a\tb", 4) == 5
    assert cells_of("\t\t中", 4) == 10
    assert column_at("a\tb", 3, 4) == 1
    assert column_at("a\tb", 4, 4) == 2


@pytest.mark.parametrize(
    ("text", "cells", "column"),
    [("abc", 2, 2), ("abc", 9, 3), ("中文", 1, 0), ("中文", 2, 1), ("e\u0301x", 1, 2), ("👨\u200d👩x", 2, 3)],
)
def test_the_column_at_a_cell_is_between_clusters(text: str, cells: int, column: int) -> None:
    assert column_at(text, cells, 4) == column


def test_control_characters_are_as_wide_as_they_are_shown() -> None:
    assert cells_of("\x07a", 4) == cell_len("␇a")
    assert cells_of("\x07中", 4) == cell_len("␇中")
