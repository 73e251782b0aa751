"""Exchanging records about devices with a peer.

Invariants
    - If the sets of records differ, according to the Hellos, each side sends one message with the records
      that it has, even an empty one: then both know that they agree.
    - No record is sent to a peer that has sent it or was sent it before.
    - Changes are exchanged only once both sides know who belongs to the vault (`known`).
"""

from crdtnotes.changes.messages import Hello, Records
from crdtnotes.sync.session.ports import Devices


class RecordsExchange:
    """The exchange of records in one conversation."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._at_peer: set[bytes] = set()
        self._digest = b""
        self._agree = False
        self._sent = False
        self._came = False
        self._dirty = True

    def begin(self) -> bytes:
        """Return the hash of our records, for the Hello."""
        self._digest = self._devices.records_digest()
        self._at_peer = set(self._devices.records())
        return self._digest

    def greeted(self, hello: Hello) -> None:
        """Process the hash in the peer's Hello."""
        self._agree = hello.records == self._digest
        if not self._agree:
            self._at_peer.clear()

    @property
    def known(self) -> bool:
        """Whether both sides know who belongs to the vault, which decides which changes are accepted."""
        return self._agree or self._came

    @property
    def settled(self) -> bool:
        """Whether each side has the records that the other had at its Hello."""
        return self._agree or (self._came and self._sent)

    def wake(self) -> None:
        """Note that something was committed here."""
        self._dirty = True

    def take(self, message: Records) -> int:
        """Keep the peer's records; returns how many were new here. Raises DecodeError."""
        records = list(message.records)
        new = self._devices.take_records(records)
        self._at_peer.update(records)
        self._came = True
        # Storing them may have produced further records.
        self._dirty = True
        return new

    def to_send(self) -> list[Records]:
        """Return a message with the records that the peer is not known to have, if one is due."""
        if not self._dirty:
            return []
        self._dirty = False
        missing = [record for record in self._devices.records() if record not in self._at_peer]
        if not missing and (self._agree or self._sent):
            return []
        self._sent = True
        self._at_peer.update(missing)
        return [Records(tuple(missing))]

    def in_fork(self) -> list[Records]:
        """Return, once, a message with all records, if the peer's differ and a fork is being resolved.

        Revocations must be sent even then: otherwise a revoked device could hide its revocation from others.
        """
        if self._agree or self._sent or not (records := self._devices.records()):
            return []
        self._sent = True
        return [Records(tuple(records))]
