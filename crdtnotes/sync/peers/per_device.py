"""How many connections one device may have at once.

A laptop may run an editor and `crdtnotes serve`, and each connects by itself; two devices may also dial each
other at the same moment. More connections carry nothing new, since the programs share one replica.

Invariants
    - A device has at most MOST_CONVERSATIONS conversations that were not told to end.
    - The newest connection is kept: after a change of network the older ones may be dead without this side
      knowing. So one of the older ones makes room, first of all one that has nothing left to send.
    - A device that opens connections faster than the older ones end is refused at MOST_CONNECTIONS.
"""

from collections.abc import Iterable

from crdtnotes.sync.peers.conversation import Conversation

MOST_CONVERSATIONS = 2

MOST_CONNECTIONS = 4
"""Including those that were told to end and are not closed yet."""


def find_room(new: Conversation, running: Iterable[Conversation]) -> bool:
    """Tell older conversations of the same device to end, as far as `new` needs it.

    `running` are the other conversations, the oldest first. Returns False if the device has too many
    connections, so that `new` must not begin. Peers that have not proven a device are not limited here.
    """
    if new.device is None:
        return True
    same = [one for one in running if one.device == new.device]
    if len(same) >= MOST_CONNECTIONS:
        return False
    staying = [one for one in same if not one.leaving]
    staying.sort(key=lambda one: one.status is None or not one.status.in_sync)  # keeps the order of age
    for one in staying[: max(0, len(staying) - MOST_CONVERSATIONS + 1)]:
        one.make_room()
    return True
