"""How much has arrived, from one peer or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.progress import Progress
    from crdtnotes.sync.peers.status import PeerStatus


def fetching(progress: Progress) -> Callable[[PeerStatus], None]:
    """Return a function that takes the status of each peer and reports the changes from all peers."""
    states: dict[bytes | str, PeerStatus] = {}

    def report(status: PeerStatus) -> None:
        states[status.id or status.host] = status
        done = sum(one.received for one in states.values())
        if done or status.to_come:
            # What one peer sends, the others need not send.
            progress(done, done + max(one.to_come for one in states.values()))

    return report
