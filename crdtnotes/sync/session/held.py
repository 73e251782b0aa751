"""One budget for everything that connections hold back until its signatures have come.

Invariants
    - The groups that all connections of a replica hold back have at most `limit` bytes together.
    - Where they would have more, the peer that holds the most loses the oldest of its groups first. So a peer
      that fills the budget, over however many connections, loses its own groups, and honest peers go on.
    - A group that is dropped ends its conversation. Nothing of it was stored, so it is sent again after that.
"""

from collections.abc import Callable, Hashable

HELD_BYTES = 32 * 1024 * 1024
"""The bytes that all connections together hold back: three groups of the largest size."""


class Holding:
    """The bytes that one connection holds back."""

    def __init__(self, budget: "HeldBudget", peer: Hashable) -> None:
        self._budget = budget
        self.peer = peer
        self.size = 0
        self.dropped = False
        """Whether the budget took the group away."""
        self.on_drop: Callable[[], object] = lambda: None
        """Called when it does: whoever holds the group must forget it at once."""

    def take(self, size: int) -> None:
        """Hold back more bytes; other holdings, or this one, may be dropped for that."""
        self._budget.take(self, size)

    def release(self) -> None:
        """Hold back nothing any more."""
        self._budget.release(self)


class HeldBudget:
    """The budget of one replica; all sessions that share it run on one thread."""

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._limit = limit
        self._holdings: dict[Holding, None] = {}  # the oldest first
        self._size = 0

    @property
    def size(self) -> int:
        """The bytes that are held back now."""
        return self._size

    def holding(self, peer: Hashable) -> Holding:
        """Return the holding of a new connection; connections with an equal `peer` are of one peer."""
        return Holding(self, peer)

    def take(self, holding: Holding, size: int) -> None:
        """See `Holding.take`."""
        self._holdings.setdefault(holding)
        holding.size += size
        self._size += size
        while self._size > self._limit:
            self._drop_one()

    def release(self, holding: Holding) -> None:
        """See `Holding.release`."""
        if holding in self._holdings:
            del self._holdings[holding]
            self._size -= holding.size
            holding.size = 0

    def _drop_one(self) -> None:
        sizes: dict[Hashable, int] = {}
        for holding in self._holdings:
            sizes[holding.peer] = sizes.get(holding.peer, 0) + holding.size
        heaviest = max(sizes, key=lambda peer: sizes[peer])
        victim = next(holding for holding in self._holdings if holding.peer == heaviest)
        self.release(victim)
        victim.dropped = True
        victim.on_drop()
