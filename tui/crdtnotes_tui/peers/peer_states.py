"""The state of each peer, in a few words."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from crdtnotes.errors import CrdtnotesError
from crdtnotes.peering.addresses import Address

if TYPE_CHECKING:
    from crdtnotes.peering.listener import PeerStatus

IN_SYNC = "in sync"

MOST_NAMED = 3
"""Up to this many peers are listed by name; beyond that, only the number of peers in each state is shown."""


class PeerStates:
    """The state of each peer since the editor was opened."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._expected: dict[str, Address] = {}

    def expect(self, device: str, address: Address) -> None:
        """Add a peer that is followed at an address; `device` is its name, "" if it is not known yet."""
        peer = device or str(address)
        self._states[peer] = f"offline since {_clock()}"
        self._expected[peer] = address

    def heard(self, device: str, status: "PeerStatus") -> None:
        """Update the state of a peer."""
        for peer, address in list(self._expected.items()):
            if "://" in peer and address.port == status.dialled_port:
                # Its name is known now.
                self._states.pop(peer, None)
                self._expected[device] = self._expected.pop(peer)
        self._states[device] = in_words(status)

    def refused(self, address: Address, error: CrdtnotesError) -> None:
        """Mark the peer at an address as refused; it is no longer followed."""
        for peer, expected in self._expected.items():
            if expected == address:
                self._states[peer] = f"refused: {error}"

    def summary(self, unseen: Iterable[str]) -> str:
        """Return the states of all peers; `unseen` are the names of devices that are not connected."""
        states = dict(self._states)
        for name in unseen:
            states.setdefault(name, "not here yet")
        if len(states) > MOST_NAMED:
            found = Counter(state.split(" since ")[0].split(":")[0] for state in states.values())
            return ", ".join(f"{count} {state}" for state, count in found.most_common())
        return ", ".join(f"{peer} {state}" for peer, state in sorted(states.items()))


def in_words(status: "PeerStatus") -> str:
    """Return the state of a peer, in a few words."""
    if not status.connected:
        return f"offline since {_clock()}"
    behind = status.lacking + status.to_come
    if status.in_sync or not behind:
        return IN_SYNC
    return f"{behind} {'change' if behind == 1 else 'changes'} behind"


def _clock() -> str:
    return time.strftime("%H:%M")
