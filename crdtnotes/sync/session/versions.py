"""The versions of both sides of a conversation, as far as this side knows.

Invariants
    - `mine` is committed here; it may lag behind concurrent commits of other processes and sessions.
    - `theirs` is what the peer has named in its Hello and its Acks, or has sent.
    - The conversation is caught up once `theirs` covers `_offered` (named in our Hello, for the peer to get)
      and `_wanted` (named in the peer's Hello, still to come) is empty. Both only shrink once both Hellos are
      known.
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
        self._withheld: set[int] = set()
        self._waived: set[int] = set()

    def offer(self, version: Version) -> None:
        """Note the version that our Hello names."""
        self._offered = dict(version)
        self.mine = dict(version)

    def greeted(self, version: Version) -> None:
        """Note the version that the peer's accepted Hello names."""
        self.theirs = version
        self._wanted = ahead(version, self.mine)

    def named(self, version: Mapping[int, int]) -> None:
        """Note further changes that the peer had when it said Hello."""
        join(self.theirs, version)
        join(self._wanted, ahead(version, self.mine))

    def committed(self, version: Mapping[int, int]) -> None:
        """Note a version that is committed here."""
        join(self.mine, version)
        self._wanted = ahead(self._wanted, self.mine)

    def took(self, version: Mapping[int, int]) -> None:
        """Note a version that the peer has sent and that is committed here."""
        join(self.theirs, version)
        self.committed(version)

    def acknowledged(self, version: Version) -> int:
        """Note a version that the peer has committed; returns how many changes it was not known to have."""
        new = count_missing(version, self.theirs)
        join(self.theirs, version)
        return new

    def withhold(self, actors: Iterable[int]) -> None:
        """Note that these streams, which our Hello named, will not be sent to the peer completely."""
        for actor in actors:
            self._offered.pop(actor, None)
            self._withheld.add(actor)

    def waive(self, actors: Iterable[int]) -> None:
        """Note that these streams, which the peer's Hello named, will not come completely."""
        for actor in actors:
            self._wanted.pop(actor, None)
            self._waived.add(actor)

    @property
    def waiting(self) -> tuple[int, int]:
        """How many changes are not sent, and how many do not come, because signatures are missing."""
        mine = {actor: self.mine.get(actor, 0) for actor in self._withheld}
        theirs = {actor: self.theirs.get(actor, 0) for actor in self._waived}
        return count_missing(mine, self.theirs), count_missing(theirs, self.mine)

    @property
    def caught_up(self) -> bool:
        """Whether each side has everything that the other named in its Hello."""
        return not self._wanted and covers(self.theirs, self._offered)

    @property
    def equal(self) -> bool:
        """Whether both sides have the same changes."""
        return covers(self.theirs, self.mine) and covers(self.mine, self.theirs)

    @property
    def behind(self) -> tuple[int, int]:
        """How many changes the peer lacks, and how many this side lacks."""
        return count_missing(self.mine, self.theirs), count_missing(self.theirs, self.mine)
