"""Changes that come in groups: a group is held back until the signatures that end it have come.

Invariants
    - In a paired vault no part of a group is passed on before its Heads has come.
    - The messages held back are bounded, in bytes and in number.
"""

from crdtnotes.changes import messages
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Changes, Heads
from crdtnotes.errors import ProtocolError
from crdtnotes.sync.session.ports import SyncStore

_MAX_BYTES = 2 * MAX_GROUP_BYTES
_MAX_MESSAGES = 4096


class Groups:
    """The group of changes that is being received."""

    def __init__(self, replica: SyncStore, *, in_parts: bool = True) -> None:
        """`in_parts`: whether the sender may divide the signatures of a group (protocol 3)."""
        self._replica = replica
        self.in_parts = in_parts
        self._held: list[bytes | Heads] = []
        self._bytes = 0

    def add(self, message: Changes | Heads) -> list[bytes | Heads]:
        """Return the whole group, as batches and their signatures, if the message ends it; else nothing.

        Raises DecodeError, or ProtocolError for a group over the limit.
        """
        if isinstance(message, Heads):
            self._held.append(message)
            self._check()
            return [] if self.in_parts and messages.is_part(message) else self.clear()
        batch = messages.unpack(message)
        self._held.append(batch)
        self._bytes += len(batch)
        if not self._replica.signatures.required:
            return self.clear()
        self._check()
        return []

    def _check(self) -> None:
        if self._bytes > _MAX_BYTES or len(self._held) > _MAX_MESSAGES:
            raise ProtocolError("A group of changes is over the limit.")

    def clear(self) -> list[bytes | Heads]:
        """Return the messages that were held back, and forget them."""
        held, self._held, self._bytes = self._held, [], 0
        return held
