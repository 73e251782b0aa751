"""Limits on one peer: bytes and changes a second, and how often it may break the rules."""

from collections.abc import Callable
from dataclasses import dataclass

MAX_PRESENCE_RATE = 400
"""Presence messages a second that are read from one peer; more are ignored."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How much is read from one peer a second, on average.

    For `burst_seconds` worth of data a peer may send as fast as it can.
    """

    bytes: float = 32 * 1024 * 1024
    changes: float = 50_000
    burst_seconds: float = 4.0


class Bucket:
    """A token bucket: lets `rate` units a second through on average, and `burst` of them at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = burst
        self._at = clock()

    def take(self, units: float) -> float:
        """Count units that came; returns the seconds to wait before reading on, 0 if none."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate) - units
        self._at = now
        return max(0.0, -self._level / self._rate)


@dataclass(slots=True)
class _Faults:
    times: list[float]
    closed_until: float
    pause: float


class Breaker:
    """Refuses a device that breaks the rules again and again, for a while that is longer each time.

    After `faults` faults within `window` seconds it is refused for `pause` seconds, the next time for twice
    as long, up to `longest`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        faults: int = 5,
        window: float = 600.0,
        pause: float = 60.0,
        longest: float = 3600.0,
    ) -> None:
        self._clock = clock
        self._limit = faults
        self._window = window
        self._pause = pause
        self._longest = longest
        self._known: dict[bytes, _Faults] = {}

    def fault(self, device: bytes) -> float:
        """Count a fault; returns for how many seconds the device is now refused, 0 if it is not."""
        now = self._clock()
        known = self._known.setdefault(device, _Faults([], 0.0, self._pause))
        known.times = [time for time in known.times if now - time < self._window] + [now]
        if len(known.times) < self._limit:
            return 0.0
        seconds = known.pause
        known.times.clear()
        known.closed_until = now + seconds
        known.pause = min(self._longest, seconds * 2)
        return seconds

    def allows(self, device: bytes) -> bool:
        """Tell whether the device may connect now."""
        known = self._known.get(device)
        return known is None or self._clock() >= known.closed_until


class PresenceRate:
    """The number of Presence messages that may still be read from one peer."""

    def __init__(self) -> None:
        self._left = float(MAX_PRESENCE_RATE)
        self._at = 0.0

    def allow(self, count: int, now: float) -> int:
        """Return how many of `count` messages that came now may be read."""
        self._left = min(MAX_PRESENCE_RATE, self._left + (now - self._at) * MAX_PRESENCE_RATE)
        self._at = now
        allowed = min(count, int(self._left))
        self._left -= allowed
        return allowed
