"""The callbacks through which a PeerService notifies its program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crdtnotes.sync.peers.status import PeerStatus

if TYPE_CHECKING:
    from crdtnotes.errors import CrdtnotesError
    from crdtnotes.sync.net.address import Address

__all__ = ["Listener", "PeerStatus"]


def _ignore(*_: object) -> None:
    """Ignore a notification."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks of a PeerService; it calls them on the event loop."""

    status: Callable[[PeerStatus], None] = _ignore
    """A peer's status has changed."""
    in_sync: Callable[[PeerStatus], None] = _ignore
    """A peer has connected, and each side now has the changes that the other had."""
    left: Callable[[PeerStatus], None] = _ignore
    """A peer that was in sync has disconnected."""
    presence: Callable[[], None] = _ignore
    """Another person has opened a note, moved their caret or left."""
    serving: Callable[[Address], None] = _ignore
    """Peers can connect at this address from now on."""
    refused: Callable[[Address, CrdtnotesError], None] = _ignore
    """The service no longer follows this address, because of the error."""
