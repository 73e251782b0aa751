"""How much has arrived, from one peer or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.progress import Progress
    from crdtnotes.sync.peers.status import PeerStatus


def fetching(progress: Progress) -> Callable[[PeerStatus], None]:
    """Return a function that takes each peer's status and reports the progress over all peers."""
    states: dict[bytes | str, PeerStatus] = {}

    def report(status: PeerStatus) -> None:
        states[status.id or status.host] = status
        done = sum(one.received for one in states.values())
        if done or status.to_come:
            # The other peers need not send changes that one peer sends.
            progress(done, done + max(one.to_come for one in states.values()))

    return report
