"""Where a line of a text is in a later version of the text."""

from collections.abc import Sequence

FAR = 2000
"""How many changed lines are searched for a line."""


def line_after(before: Sequence[str], after: Sequence[str], line: int) -> int:
    """Return where a line of `before` is in `after`; a nearby line if it is gone."""
    if before == after or not after:
        return min(line, max(0, len(after) - 1))
    line = min(line, len(before) - 1)
    shorter = min(len(before), len(after))
    same = 0
    while same < shorter and before[same] == after[same]:
        same += 1
    if line < same:
        return line
    tail = 0
    while tail < shorter - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if line >= len(before) - tail:
        return line + len(after) - len(before)
    # The lines around a line that changed, or that is written twice, tell where it is.
    low, high = same, min(len(after) - tail, same + FAR)
    for near in range(line, max(same, line - FAR) - 1, -1):
        places = [at for at in range(low, high) if after[at] == before[near]] if before[near].strip() else []
        if places:
            return min(min(places, key=lambda at: abs(at - near)) + line - near, len(after) - 1)
    return min(line, max(low, len(after) - tail - 1), len(after) - 1)
