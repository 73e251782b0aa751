"""Limits on connections whose Hello is not accepted yet, so that silent strangers cannot block others."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Guest:
    host: str
    drop: Callable[[], None]


class Admission:
    """Limits the number of connections that have not said Hello, and of all connections together.

    When a limit is reached, the connection that has waited longest is dropped: an honest peer says Hello at
    once, and so gets through however many idle sockets there are.
    """

    def __init__(self, *, waiting: int, waiting_per_host: int, total: int) -> None:
        self._waiting_limit = waiting
        self._per_host_limit = waiting_per_host
        self._total_limit = total
        self._waiting: dict[Hashable, _Guest] = {}
        self._admitted: set[Hashable] = set()
        self.dropped = 0
        """How many connections were dropped to make room."""

    def enter(self, key: Hashable, host: str, drop: Callable[[], None]) -> None:
        """Register a new connection; `drop` closes it, and may be called at once if all places are taken."""
        same_host = [other for other, guest in self._waiting.items() if guest.host == host]
        self._waiting[key] = _Guest(host, drop)
        if len(same_host) >= self._per_host_limit:
            self._drop(same_host[0])
        elif (
            len(self._waiting) > self._waiting_limit
            or len(self._waiting) + len(self._admitted) > self._total_limit
        ):
            self._drop(next(iter(self._waiting)))

    def admit(self, key: Hashable) -> None:
        """Note that the connection's Hello is accepted: it keeps its place."""
        if self._waiting.pop(key, None) is not None:
            self._admitted.add(key)

    def leave(self, key: Hashable) -> None:
        """Note that the connection is closed."""
        self._waiting.pop(key, None)
        self._admitted.discard(key)

    def clear(self) -> None:
        """Drop all connections that still wait."""
        for key in list(self._waiting):
            self._drop(key)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._admitted)

    def _drop(self, key: Hashable) -> None:
        self.dropped += 1
        self._waiting.pop(key).drop()
