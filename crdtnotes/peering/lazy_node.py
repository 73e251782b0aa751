"""A node that a service starts when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.sync.net.address import Address
    from crdtnotes.sync.peers.node import Node
    from crdtnotes.trust.identity import Identity


class LazyNode:
    """The node for plain connections, or the one for the vault's devices; None until it is needed.

    `identity` holds the keys with which it was started, `address` is where it is served.
    """

    def __init__(self) -> None:
        self.node: Node | None = None
        self.identity: Identity | None = None
        self.address: Address | None = None

    async def stop_serving(self) -> None:
        """Accept no more peers, and say Bye to those that dialled us."""
        self.address = None
        if self.node is not None:
            await self.node.stop_serving()

    async def close(self) -> None:
        """End the node, if it was started."""
        self.address = None
        node, self.node = self.node, None
        if node is not None:
            await node.close()
