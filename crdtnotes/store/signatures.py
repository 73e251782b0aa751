"""The signatures of a replica's log, each call a transaction or a look of its own."""

from collections.abc import Mapping

from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version
from crdtnotes.store.core import ReplicaCore


class Signatures:
    """Which changes of a replica are signed; see `signing/checkpoints.py`."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._checkpoints = core.signer.checkpoints

    @property
    def required(self) -> bool:
        """Whether the vault was paired, so that changes are taken in only with their authors' signatures."""
        with self._core.reading():
            return self._core.members.founded

    def unsigned_streams(self) -> Version:
        """Return the streams of which not all is signed here, each with the seq up to which it is."""
        with self._core.reading():
            return self._checkpoints.unsigned_streams()

    def unsigned_count(self) -> int:
        """Return how many changes wait here for their authors' signatures."""
        return sum(self._core.log.head(actor).seq - seq for actor, seq in self.unsigned_streams().items())

    def of_streams(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return, checkpoint by checkpoint, the signatures of these streams up to at most these seqs."""
        with self._core.reading():
            return self._checkpoints.of_streams(streams)

    def mend(self) -> None:
        """Make the signatures fit the log, when parts of either were lost."""
        with self._core.transaction():
            if self._core.members.founded:
                self._core.signer.mend()
