"""Painting only the lines of the screen that look different from before.

TextArea asks to be painted as a whole at each key. Here such a wish waits until all that the key does is
done; then each line's *look* (all that decides what it shows) is compared with the one that was painted last.
"""

from collections.abc import Hashable
from itertools import groupby
from typing import Self

from textual.geometry import Region
from textual.widgets import TextArea


class PaintsChangedLines(TextArea):
    """A TextArea that paints what changed. Who derives from it says what a line's look depends on."""

    _looks: list[Hashable] | None = None
    _compare = False

    def look_of(self, y: int) -> Hashable:
        """Return all that decides what the line `y` of the screen shows; equal looks are painted once."""
        raise NotImplementedError

    def repaint_all(self) -> None:
        """Paint every line: something changed that no look tells of."""
        self._looks = None
        self.refresh()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Ask to be painted."""
        if regions or layout or recompose or not repaint or not self.is_mounted:
            if not regions:
                self._looks = None
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        self._compare = True
        self.check_idle()
        return self

    def _check_refresh(self) -> None:
        if self._compare:
            self._compare = False
            before, self._looks = self._looks, [self.look_of(y) for y in range(self.size.height)]
            if before is None or len(before) != len(self._looks):
                super().refresh()
            else:
                pairs = enumerate(zip(before, self._looks, strict=True))
                rows = [y for y, (old, new) in pairs if old != new]
                if rows:
                    super().refresh(*(Region(0, y, self.size.width, count) for y, count in _runs(rows)))
        super()._check_refresh()


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Return rows in ascending order as `(first, count)` of those that stand together."""
    collaboration = groupby(enumerate(rows), lambda pair: pair[1] - pair[0])
    runs = [[row for _, row in group] for _, group in collaboration]
    return [(run[0], len(run)) for run in runs]
