"""Recording what the vault's devices have, for `devices` and bundles, and where they were reached.

This is done at the end of each conversation, and from time to time during a long one: two laptops on one
desk may not hang up for weeks.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from crdtnotes.errors import LocalError
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.conversation import Conversation
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes.sync.peers.worker import Worker

NOTE_SECONDS = 5.0
"""How often open conversations are checked for news to record …"""

STALE_SECONDS = 300.0
"""… and after how long a connected device is recorded again even without news."""

_log = logging.getLogger("crdtnotes.sync")


class PeerBook:
    """Records contacts in the replica of `worker`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._noted: dict[bytes, tuple[PeerStatus, float]] = {}

    async def keep(self, running: Callable[[], Iterable[Conversation]]) -> None:
        """Record the state of the running conversations from time to time, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            for conversation in list(running()):
                device, status = conversation.device, conversation.status
                if device is None or status is None:
                    continue
                before, when = self._noted.get(device, (None, 0.0))
                if status != before or clock() - when > STALE_SECONDS:
                    self._noted[device] = (status, clock())
                    await self.note(conversation, None)

    async def note(self, conversation: Conversation, address: Address | None) -> None:
        """Record what a device has, and where it was dialled, if it was."""
        device, session = conversation.device, conversation.session
        if device is None or not session.caught_up:
            return
        place = None if address is None else str(address)
        replica = self._worker.replica
        try:
            await self._worker.run(lambda: replica.devices.note_contact(device, place, dict(session.theirs)))
        except LocalError as error:
            _log.warning("cannot record the contact with a device: %s", error)
