"""The leaves of the log: the streams whose last change no other change depends on.

Invariants
    - Every change here is a leaf, or lies in the past of one: from any change, follow its stream to the head;
      if the head is not a leaf, some change of another stream depends on it, and so on. It ends, because
      counters grow along the way. So whoever depends on all leaves depends on everything that is here.
    - A head stops being a leaf when a change that names it in its deps is logged, and never becomes one again
      while the log only grows. A stream that grows has a new head, which nothing depends on yet.
    - The leaves are computed from the table `seen` when they are first asked for, and then kept: each change
      that is logged costs its deps, and a commit of another process costs the deps of the streams that grew.
    - After a rollback, or when the log is rewritten, they must be forgotten.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Protocol


class _Head(Protocol):
    seq: int


class Leaves:
    """The leaves of one log; `heads` are the streams' heads now."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._leaves: set[int] | None = None
        self._grown: set[int] = set()

    @property
    def computed(self) -> bool:
        """Whether they were asked for; before that nobody has to tell what was logged."""
        return self._leaves is not None

    def forget(self) -> None:
        """Compute them again when they are next asked for."""
        self._leaves = None
        self._grown.clear()

    def advance(self, actor: int, deps: Iterable[tuple[int, int]], heads: Mapping[int, _Head]) -> None:
        """Note that a change of an actor with these deps was logged; `heads` includes it."""
        if self._leaves is not None:
            self._leaves.add(actor)
            self._leaves.difference_update([dep for dep, seq in deps if seq >= heads[dep].seq])

    def grow(self, actors: Iterable[int]) -> None:
        """Note that another process has logged changes of these actors."""
        if self._leaves is not None:
            self._grown.update(actors)

    def of(self, heads: Mapping[int, _Head]) -> frozenset[int]:
        """Return the actors whose heads are leaves."""
        if self._leaves is None:
            named = dict(self._conn.execute("SELECT actor, max(seq) FROM seen GROUP BY actor"))
            self._leaves = {actor for actor, head in heads.items() if head.seq > named.get(actor, 0)}
        elif self._grown:
            self._leaves |= self._grown
            for author in self._grown:
                for actor, seq in self._conn.execute(
                    "SELECT actor, seq FROM seen WHERE author = ?", (author,)
                ):
                    if actor in heads and seq >= heads[actor].seq:
                        self._leaves.discard(actor)
        self._grown.clear()
        return frozenset(self._leaves)
