"""The signatures of a replica's log; each call is its own transaction or read."""

from collections.abc import Mapping

from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.version import Version
from crdtnotes.store.core import ReplicaCore
from crdtnotes.trust.membership import Member


class Signatures:
    """Tells which changes of a replica are signed; see `signing/checkpoints.py`."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._checkpoints = core.signer.checkpoints

    @property
    def required(self) -> bool:
        """Whether the vault was ever paired; then changes are accepted only if their authors signed them."""
        with self._core.reading():
            return self._core.members.founded

    def unsigned_streams(self) -> Version:
        """Return the streams with unsigned changes, each with the seq up to which it is signed."""
        with self._core.reading():
            return self._checkpoints.unsigned_streams()

    def unsigned_count(self) -> int:
        """Return how many changes are unsigned here."""
        return sum(self._core.log.head(actor).seq - seq for actor, seq in self.unsigned_streams().items())

    def unsigned_own(self) -> int:
        """Return how many changes wait for this device's own signature, because its keys were locked."""
        with self._core.reading():
            waiting = self._core.signer.waiting()
            return sum(self._core.log.head(actor).seq - seq for actor, seq in waiting.items())

    def awaited(self) -> list[Member]:
        """Return the members whose signatures are missing here, without this device."""
        with self._core.reading():
            members = self._core.members.membership().active.values()
            keys = set(map(self._checkpoints.key_of, self._checkpoints.unsigned_streams()))
            own = self._core.signer.own_key
            return [one for one in members if one.keys.signing in keys and one.keys.signing != own]

    def unsigned_authors(self) -> list[str]:
        """Return the names of the devices whose signatures are missing here; a name may stand for several."""
        with self._core.reading():
            members = self._core.members.membership().members.values()
            names = {member.keys.signing: member.name for member in members}
            keys = map(self._checkpoints.key_of, self._checkpoints.unsigned_streams())
            return sorted({names[key] for key in keys if key in names})

    def of_streams(self, streams: Mapping[int, int]) -> list[Heads]:
        """Return the signed heads of these streams up to at most these seqs, one Heads per checkpoint."""
        with self._core.reading():
            return self._checkpoints.heads_for(streams)

    def sign_waiting(self) -> None:
        """Sign the changes that this device wrote while its keys were locked, if there are any.

        Raises KeysLocked if they still are.
        """
        with self._core.reading():
            if not (self._core.members.founded and self._core.signer.waiting()):
                return
        with self._core.transaction():
            self._core.signer.sign_waiting()

    def mend(self) -> None:
        """Make the signatures match the log again, after parts of either were lost."""
        with self._core.transaction():
            if self._core.members.founded:
                self._core.signer.mend_signatures()
