"""When to dial again."""

from collections.abc import Callable

MAX_IMMEDIATE_RETRIES = 8
"""The most conversations in a row that begin without waiting: each resolves one fork, and the next one goes
on from there."""


class Backoff:
    """Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

    `random` returns a float in [0, 1). The n-th wait since the last `reset` is evenly spread between 0
    and `first * 2**n` seconds, but never over `ceiling`.
    """

    def __init__(self, random: Callable[[], float], *, first: float = 0.5, ceiling: float = 60.0) -> None:
        self._random = random
        self._first = first
        self._ceiling = ceiling
        self._bound = first
        self._at_once = 0

    def reset(self) -> None:
        """Start over: the peer was reached and the conversation went well."""
        self._bound = self._first
        self._at_once = 0

    def next(self, *, at_once: bool = False) -> float:
        """Return the seconds to wait now; 0 if `at_once`, but only MAX_IMMEDIATE_RETRIES times in a row."""
        if at_once and self._at_once < MAX_IMMEDIATE_RETRIES:
            self._at_once += 1
            return 0.0
        bound = self._bound
        self._bound = min(self._ceiling, bound * 2)
        return bound * self._random()
