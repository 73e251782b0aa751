import pytest

from crdtnotes_tui.text.reading.place import line_after


@pytest.mark.parametrize(
    ("before", "after", "line", "place"),
    [
        ("abc", "abc", 1, 1),
        ("abc", "xyabc", 1, 3),
        ("abc", "abcxy", 1, 1),
        ("abc", "xabcy", 1, 2),
        ("abcdef", "xabcdyef", 2, 3),
        ("abcdef", "abXdef", 2, 2),
        ("abcdef", "abdef", 2, 2),
        ("abcdef", "ef", 1, 0),
        ("abc", "c", 0, 0),
        ("abc", "", 2, 0),
        ("abc", "abc", 9, 2),
    ],
)
def test_where_a_line_is_later(before: str, after: str, line: int, place: int) -> None:
    assert line_after([*before], [*after], line) == place
