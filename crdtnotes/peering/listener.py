"""What a PeerService tells its program."""

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
    """Take a notice that nobody wants."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What a PeerService calls on the event loop."""

    status: Callable[[PeerStatus], None] = _ignore
    """A peer's status has changed."""
    in_sync: Callable[[PeerStatus], None] = _ignore
    """A peer has come and has everything that is here, and we what it has."""
    left: Callable[[PeerStatus], None] = _ignore
    """A peer that was in sync has gone."""
    presence: Callable[[], None] = _ignore
    """Somebody has opened a note, moved their caret or gone."""
    serving: Callable[[Address], None] = _ignore
    """Peers can connect at this address from now on."""
    refused: Callable[[Address, CrdtnotesError], None] = _ignore
    """A peer that was followed is followed no more."""
