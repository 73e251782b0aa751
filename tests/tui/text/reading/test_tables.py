import pytest

from crdtnotes_tui.text.reading.tables import column_widths


@pytest.mark.parametrize(
    ("needed", "available", "widths"),
    [
        ([3, 5], 20, [3, 5]),
        ([3, 50], 20, [3, 17]),
        ([40, 40], 20, [10, 10]),
        ([10, 90, 90], 50, [10, 20, 20]),
        ([1, 1, 80], 6, [1, 1, 4]),
        ([10, 10], 7, None),
    ],
)
def test_columns_fit(needed: list[int], available: int, widths: list[int] | None) -> None:
    assert column_widths(needed, available) == widths
