import segno

from crdtnotes_tui.text.qr_code import qr_code


def test_each_line_has_two_rows_of_modules() -> None:
    text = qr_code("crdtnotes:4821").plain.split("\n")
    rows = [list(row) for row in segno.make("crdtnotes:4821", error="l").matrix_iter(border=2)]
    drawn = [[one in "▀█" for one in line] for line in text], [[one in "▄█" for one in line] for line in text]
    for number, row in enumerate(rows):
        assert drawn[number % 2][number // 2] == [bool(module) for module in row]
