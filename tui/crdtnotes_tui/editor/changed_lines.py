"""Painting only the lines of the screen that changed.

TextArea asks for a full repaint at each key. Here that request waits until the key has been handled. Then the
*look* of each line, the data that its picture depends on, is compared with the look that was painted last.
"""

from collections.abc import Hashable
from itertools import groupby
from typing import Self

from textual.geometry import Region
from textual.widgets import TextArea


class PaintsChangedLines(TextArea):
    """A TextArea that paints changed lines only. Subclasses define the look of a line."""

    _looks: list[Hashable] | None = None
    _compare = False

    def look_of(self, y: int) -> Hashable:
        """Return the data that the picture of the screen's line `y` depends on."""
        raise NotImplementedError

    def repaint_all(self) -> None:
        """Paint every line, because something changed that is not part of a look."""
        self._looks = None
        self.refresh()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Request a repaint, of changed lines only if possible."""
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
    """Return ascending rows as runs `(first, count)` of consecutive ones."""
    groups = groupby(enumerate(rows), lambda pair: pair[1] - pair[0])
    runs = [[row for _, row in group] for _, group in groups]
    return [(run[0], len(run)) for run in runs]
