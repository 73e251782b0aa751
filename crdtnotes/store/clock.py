"""The time that this device claims in what it signs."""

import time

from crdtnotes.changes.limits import MAX_TIME


def claimed_now() -> int:
    """Return the wall time in ms, within the bounds of what can be stored."""
    return min(max(0, time.time_ns() // 1_000_000), MAX_TIME)
