"""Limits on connections that are not accepted yet, so that silent strangers cannot block others.

Invariants
    - Whoever connects gets a place, and so does whoever gets on to the next stage: the connection that has
      been at the same stage longest makes room.
    - So a connection is dropped only for others that have got as far as it has. Strangers that are silent, at
      whatever stage, cannot keep out a peer that goes on at once, however many they are.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class _Guest:
    host: str
    drop: Callable[[], None]
    stage: int = 0


class Admission:
    """Limits the number of connections that are not admitted yet, at each stage, and of all connections.

    A listener whose protocol has stages (`advance`) allows `waiting` connections, and `waiting_per_host` from
    one host, at each of them.
    """

    def __init__(self, *, waiting: int, waiting_per_host: int, total: int) -> None:
        self._waiting_limit = waiting
        self._per_host_limit = waiting_per_host
        self._total_limit = total
        self._waiting: dict[Hashable, _Guest] = {}
        """In the order in which they came to their stage."""
        self._admitted: set[Hashable] = set()
        self.dropped = 0
        """How many connections were dropped to make room."""

    def enter(self, key: Hashable, host: str, drop: Callable[[], None]) -> None:
        """Register a new connection; `drop` closes it, and may be called at once if all places are taken."""
        self._place(key, _Guest(host, drop))

    def advance(self, key: Hashable) -> None:
        """Note that the connection has got on to the next stage."""
        guest = self._waiting.pop(key, None)
        if guest is not None:
            self._place(key, replace(guest, stage=guest.stage + 1))

    def admit(self, key: Hashable) -> None:
        """Note that the connection is accepted: it keeps its place."""
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

    def _place(self, key: Hashable, new: _Guest) -> None:
        self._waiting[key] = new
        here = [other for other, guest in self._waiting.items() if guest.stage == new.stage]
        same_host = [other for other in here if self._waiting[other].host == new.host]
        if len(same_host) > self._per_host_limit:
            self._drop(same_host[0])
        elif len(here) > self._waiting_limit or len(self) > self._total_limit:
            self._drop(here[0])

    def _drop(self, key: Hashable) -> None:
        self.dropped += 1
        self._waiting.pop(key).drop()
