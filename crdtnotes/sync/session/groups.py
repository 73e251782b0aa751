"""Changes that come in groups: what came of one is held back until the signatures that end it.

Invariants
    - In a vault that was paired nothing of a group is given on before its Heads has come.
    - What is held back is bounded, in bytes and in messages.
"""

from crdtnotes.changes import messages
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Changes, Heads
from crdtnotes.errors import ProtocolError
from crdtnotes.sync.session.ports import SyncStore

_MAX_BYTES = 2 * MAX_GROUP_BYTES
_MAX_MESSAGES = 4096


class Groups:
    """The group of changes that is coming in."""

    def __init__(self, replica: SyncStore) -> None:
        self._replica = replica
        self._held: list[bytes | Heads] = []
        self._bytes = 0

    def add(self, message: Changes | Heads) -> list[bytes | Heads]:
        """Return the whole group, as batches and what covers them, if the message ends it; else nothing.

        Raises DecodeError, or ProtocolError for a group over the limit.
        """
        if isinstance(message, Heads):
            self._held.append(message)
            return self.clear()
        batch = messages.unpack(message)
        self._held.append(batch)
        self._bytes += len(batch)
        if not self._replica.signatures.required:
            return self.clear()
        if self._bytes > _MAX_BYTES or len(self._held) > _MAX_MESSAGES:
            raise ProtocolError("A group of changes is over the limit.")
        return []

    def clear(self) -> list[bytes | Heads]:
        """Let go of what was held back, and return it."""
        held, self._held, self._bytes = self._held, [], 0
        return held
