"""The state of the conversation with one peer, and its result, as programs show them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """The state of the sync with one accepted peer, as `status` and `serve` show it."""

    host: str
    device: str
    connected: bool
    in_sync: bool
    caught_up: bool
    """Each side has the changes that the other had when they met; stays true after the connection ends."""
    received: int
    """Changes from this peer that were new here."""
    delivered: int
    """Changes that this peer got from us."""
    lacking: int = 0
    """Changes that this peer is known to lack."""
    to_come: int = 0
    """Changes that this peer has and we lack."""
    id: bytes | None = None
    """The peer's device id, if TLS has proven it."""
    dialled_port: int | None = None
    """The port at which it was dialled; None if the peer dialled us."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of a one-time sync: changes in and out, the bytes of all messages, notices for the user.

    `withheld` changes were not sent and `missing` ones did not come, because the devices that made them have
    not signed them.
    """

    device: str
    received: int
    sent: int
    bytes_received: int
    bytes_sent: int
    notices: tuple[str, ...] = ()
    withheld: int = 0
    missing: int = 0
