"""What each side of a conversation has, as far as this side knows.

Invariants
    - `mine` is committed here; it may lag behind what others commit meanwhile.
    - `theirs` is what the peer said by its Hello and its Acks, or sent.
    - `_offered` and `_wanted` keep the conversation from being caught up: what our Hello named and the peer
      is to get, what the peer's Hello named and is yet to come. They only shrink, once both are known.
"""

from collections.abc import Iterable, Mapping

from crdtnotes.crdt.version import Version, ahead, count_missing, covers, join


class Versions:
    """The versions of both sides."""

    def __init__(self) -> None:
        self.mine: Version = {}
        self.theirs: Version = {}
        self._offered: Version = {}
        self._wanted: Version = {}

    def offer(self, version: Version) -> None:
        """Our Hello names this."""
        self._offered = dict(version)
        self.mine = dict(version)

    def greeted(self, version: Version) -> None:
        """The peer's Hello, which is accepted, names this."""
        self.theirs = version
        self._wanted = ahead(version, self.mine)

    def committed(self, version: Mapping[int, int]) -> None:
        """This is committed here."""
        join(self.mine, version)
        self._wanted = ahead(self._wanted, self.mine)

    def took(self, version: Mapping[int, int]) -> None:
        """The peer has sent this, and it is committed here."""
        join(self.theirs, version)
        self.committed(version)

    def acknowledged(self, version: Version) -> int:
        """The peer has committed this; returns how many changes of it it was not known to have."""
        new = count_missing(version, self.theirs)
        join(self.theirs, version)
        return new

    def withhold(self, actors: Iterable[int]) -> None:
        """Not all of these streams that our Hello named is going to the peer."""
        for actor in actors:
            self._offered.pop(actor, None)

    def waive(self, actors: Iterable[int]) -> None:
        """Not all of these streams that the peer's Hello named is coming."""
        for actor in actors:
            self._wanted.pop(actor, None)

    @property
    def caught_up(self) -> bool:
        """Whether each side has what the other named in its Hello."""
        return not self._wanted and covers(self.theirs, self._offered)

    @property
    def equal(self) -> bool:
        """Whether both sides have the same."""
        return covers(self.theirs, self.mine) and covers(self.mine, self.theirs)

    @property
    def behind(self) -> tuple[int, int]:
        """How many changes the peer lacks, and how many this side does."""
        return count_missing(self.mine, self.theirs), count_missing(self.theirs, self.mine)
