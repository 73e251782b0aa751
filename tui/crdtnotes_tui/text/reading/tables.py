"""The widths of a table's columns."""

from collections.abc import Sequence

MIN_WIDTH = 4
"""The cells that a column has at least, if its content needs them: two Chinese characters."""


def column_widths(needed: Sequence[int], available: int) -> list[int] | None:
    """Return the width of each column in cells; None if they do not fit.

    `needed` are the widths of the columns without wrapping, `available` the cells for all of them. Columns
    that are wider than a fair share give the others what those need.
    """
    if sum(needed) <= available:
        return list(needed)
    widths = [min(one, MIN_WIDTH) for one in needed]
    left = available - sum(widths)
    if left < 0:
        return None
    open_ = [at for at, one in enumerate(needed) if widths[at] < one]
    while open_ and left > 0:
        share = max(1, left // len(open_))
        for at in sorted(open_, key=lambda at: needed[at] - widths[at]):
            more = min(share, needed[at] - widths[at], left)
            widths[at] += more
            left -= more
        open_ = [at for at in open_ if widths[at] < needed[at]]
    return widths
