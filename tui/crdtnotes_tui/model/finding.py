"""Finding a text in a note, whatever the case."""

import re


def matches(text: str, wanted: str) -> list[tuple[int, int]]:
    """Return the matches as `(start, end)`; capitals count only where some are asked for."""
    if not wanted:
        return []
    flags = re.IGNORECASE if wanted == wanted.lower() else re.NOFLAG
    return [match.span() for match in re.finditer(re.escape(wanted), text, flags)]


def pick(found: list[tuple[int, int]], position: int, step: int) -> int | None:
    """Return which match to mark: at a position or after it (0), the next one (1), the one before (-1)."""
    if not found:
        return None
    starts = [start for start, _ in found]
    if step < 0:
        before = [number for number, start in enumerate(starts) if start < position]
        return before[-1] if before else len(found) - 1
    after = [
        number for number, start in enumerate(starts) if (start > position if step else start >= position)
    ]
    return after[0] if after else 0
