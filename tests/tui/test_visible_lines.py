import rich.cells
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.expand_tabs import expand_tabs_inline
from textual.strip import Strip

from crdtnotes.terminal import HIDDEN
from crdtnotes_tui.visible_lines import VisibleLines, count_visible_cells, visible_width

BLACK = Color(0, 0, 0)


def filtered(*segments: Segment) -> list[Segment]:
    return Strip(list(segments)).apply_filter(VisibleLines(), BLACK)._segments


def test_a_line_keeps_its_cells_and_styles() -> None:
    count_visible_cells()
    bold = Style(bold=True)
    line = [Segment("a\x1b[31m", bold), Segment("\u202e中\x9b"), Segment("plain")]
    assert filtered(*line) == [Segment("a␛[31m", bold), Segment("⇠中�"), Segment("plain")]
    assert Strip(line).cell_length == Strip(filtered(*line)).cell_length


def test_what_moves_the_cursor_becomes_a_space() -> None:
    assert filtered(Segment("a\tb\nc\rd")) == [Segment("a b c d")]


def test_a_link_cannot_end_its_own_sequence() -> None:
    (segment,) = filtered(Segment("x", Style(link="http://x/\x1b\\\x1b]0;y\x07")))
    assert segment.style is not None
    assert segment.style.link == "http://x/␛\\␛]0;y␇"


def test_an_ordinary_line_is_not_copied() -> None:
    line = [Segment("中文 text", Style(link="http://x/"))]
    assert VisibleLines().apply(line, BLACK) is line


def test_every_layout_counts_the_visible_cell() -> None:
    count_visible_cells()
    for character in HIDDEN:
        assert cell_len(f"a{character}中") == 4
        assert visible_width(character) == 1
    assert cell_len("\t") == 0
    assert cell_len("👩\u200d👩\u200d👧") == 2
    assert cell_len(expand_tabs_inline("\x1b\tb")) == 5
    assert rich.cells.get_character_cell_size is visible_width
