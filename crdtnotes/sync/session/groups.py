"""Changes that come in groups: a group is held back until the signatures that end it have come.

Invariants
    - In a paired vault no part of a group is passed on before its Heads has come.
    - The messages held back are bounded, in bytes and in number, for this connection and for all together
      (`held.py`).
"""

from crdtnotes.changes import messages
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Changes, Heads
from crdtnotes.errors import Busy, ProtocolError
from crdtnotes.sync.session.held import HeldBudget, Holding
from crdtnotes.sync.session.ports import SyncStore

_MAX_BYTES = 2 * MAX_GROUP_BYTES
_MAX_MESSAGES = 4096

_HEAD_BYTES = 300
# What a head and its proof take in memory.


class Groups:
    """The group of changes that is being received."""

    def __init__(self, replica: SyncStore, holding: Holding | None = None) -> None:
        self._replica = replica
        self._holding = holding or HeldBudget().holding(None)
        self._holding.on_drop = self.clear
        self._held: list[bytes | Heads] = []

    def add(self, message: Changes | Heads) -> list[bytes | Heads]:
        """Return the whole group, as batches and their signatures, if the message ends it; else nothing.

        Raises DecodeError, ProtocolError for a group over the limit, or Busy if this group was dropped
        because all connections together hold back too much.
        """
        if isinstance(message, Heads):
            if not messages.is_part(message):
                self._refuse_if_dropped()
                return [*self.clear(), message]
            self._hold(message, len(message.heads) * _HEAD_BYTES)
            return []
        batch = messages.unpack(message)
        if not self._replica.signatures.required:
            return [*self.clear(), batch]
        self._hold(batch, len(batch))
        return []

    def _hold(self, item: bytes | Heads, size: int) -> None:
        self._held.append(item)
        if self._holding.size + size > _MAX_BYTES or len(self._held) > _MAX_MESSAGES:
            raise ProtocolError("A group of changes is over the limit.")
        self._holding.take(size)
        self._refuse_if_dropped()

    def _refuse_if_dropped(self) -> None:
        if self._holding.dropped:
            raise Busy("Too many changes wait for their signatures; those of this peer are asked for again.")

    def clear(self) -> list[bytes | Heads]:
        """Return the messages that were held back, and forget them."""
        self._holding.release()
        held, self._held = self._held, []
        return held
