"""Where a peer can be reached."""

from crdtnotes.sync.net.address import PAIRING_PORT, Address

__all__ = ["PAIRING_PORT", "Address"]
