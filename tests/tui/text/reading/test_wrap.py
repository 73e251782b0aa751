import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from crdtnotes_tui.text.reading.pieces import Piece
from crdtnotes_tui.text.reading.wrap import cut, split, wrap


def rows(text: str, width: int) -> list[str]:
    return ["".join(piece.text for piece in row) for row in wrap([Piece(text)], width)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, [""]),
        ("short", 10, ["short"]),
        ("words at spaces", 8, ["words at", "spaces"]),
        ("一二三四五六七", 6, ["一二三", "四五六", "七"]),
        ("一二三。四五", 6, ["一二", "三。四", "五"]),
        ("一二三，」四五", 6, ["一二", "三，」", "四五"]),
        ("一二《三》四", 6, ["一二", "《三》", "四"]),
        ("一二（「三", 8, ["一二", "（「三"]),
        ("一二三……四", 6, ["一二", "三……四"]),
        ("一二——三", 6, ["一二——", "三"]),
        ("中文word中文", 8, ["中文word", "中文"]),
        ("中文words中文", 8, ["中文", "words中", "文"]),
        ("说“你好”吧", 6, ["说“你", "好”吧"]),
        ("don’t stop", 6, ["don’t", "stop"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a abcdefghij b", 4, ["a", "abcd", "efgh", "ij b"]),
        ("👨‍👩‍👧👨‍👩‍👧", 2, ["👨‍👩‍👧", "👨‍👩‍👧"]),
        ("🇨🇳🇩🇪", 2, ["🇨🇳", "🇩🇪"]),
        ("中", 1, ["中"]),
    ],
)
def test_rows(text: str, width: int, expected: list[str]) -> None:
    assert rows(text, width) == expected


SOME = st.text(st.sampled_from("一二三四 。，」》（《ab-'’… ——e\u0301"), max_size=60)


@given(SOME, st.integers(1, 20))
def test_wrapping_loses_only_spaces(text: str, width: int) -> None:
    assert "".join(rows(text, width)).replace(" ", "") == text.replace(" ", "")


@given(SOME, st.integers(2, 20))
def test_no_row_is_too_wide(text: str, width: int) -> None:
    assert all(cell_len(row) <= width for row in rows(text, width))


@given(st.text("一二三。，」》（《", max_size=60))
def test_no_row_begins_with_closing_or_ends_with_opening_punctuation(text: str) -> None:
    """If the punctuation of one place fits into a row."""
    shown = rows(text, 2 * len(text) // 3 + 2)
    longest = max((len(run) for run in _runs(text)), default=0)
    if 2 * longest <= 2 * len(text) // 3 + 2:
        assert not any(row[0] in "。，」》" for row in shown[1:])
        assert not any(row[-1] in "（《" for row in shown[:-1])


def _runs(text: str) -> list[str]:
    """The pieces that a line break must not part."""
    runs: list[str] = []
    for character in text:
        joins = bool(runs) and (character in "。，」》" or runs[-1][-1] in "（《")
        if joins:
            runs[-1] += character
        else:
            runs.append(character)
    return runs


def test_pieces_keep_their_styles() -> None:
    pieces = [Piece("一二", "strong"), Piece("三。四", "link")]
    assert wrap(pieces, 6) == [[Piece("一二", "strong")], [Piece("三。四", "link")]]
    assert cut(pieces, 1, 3) == [Piece("二", "strong"), Piece("三", "link")]
    assert split([Piece("a\nb", "x"), Piece("c")]) == [[Piece("a", "x")], [Piece("b", "x"), Piece("c")]]
