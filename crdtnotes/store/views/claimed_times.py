"""When notes changed, where the times that authors claim are not all to be believed.

A change has the wall time of its author's clock. No clock is trusted, and a member may claim any time; a time
far in the future would keep a note at the top of every list for ever. Such a time is not shown:

1. A claimed time is believed up to MAX_AHEAD_MS beyond this machine's clock: time zones may be set wrongly.
2. Any other is replaced by the time just before the latest believed time of what arrived earlier. So a change
   that claims too much is about as recent as it was when it came in, and never the latest.

The stored times stay as claimed. What is shown follows from them, the order of arrival, and the clock at the
time of reading.
"""

from collections.abc import Sequence

MAX_AHEAD_MS = 24 * 60 * 60 * 1000


def shown_times(claimed: Sequence[tuple[int, int]], now: int) -> list[int]:
    """Return the times to show, in ms since 1970.

    `claimed` has, in any order, places in the order of arrival with the times that were claimed.
    """
    limit = now + MAX_AHEAD_MS
    shown = [time for _, time in claimed]
    if all(time <= limit for time in shown):
        return shown
    latest = 1
    for index in sorted(range(len(claimed)), key=lambda index: claimed[index][0]):
        if shown[index] > limit:
            shown[index] = latest - 1
        else:
            latest = max(latest, shown[index])
    return shown
