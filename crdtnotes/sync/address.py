"""Where a peer listens: `ws://host:port`."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from crdtnotes.errors import LocalError, NotLoopback

DEFAULT_PORT = 4821
"""The port that `serve` listens on unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host on this machine and a port; raises NotLoopback for any other host, LocalError for a bad port.

    Peers talk in the clear until devices can be paired, so they may do so only where nobody else listens.
    """

    host: str
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise LocalError(f"{self.port} is not a port; ports go from 0 to 65535.")
        if not _is_loopback(self.host):
            raise NotLoopback(
                f"{self.host} is not this machine; until devices can be paired, peers are reached at "
                "localhost, 127.0.0.1 or [::1] only."
            )

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address that `text` is; raises LocalError if it is none, NotLoopback as above."""
        no_address = LocalError(f"{text!r} is not an address; one looks like ws://127.0.0.1:{DEFAULT_PORT}.")
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise no_address from None
        more = parts.username, parts.password, parts.query, parts.fragment, parts.path.removeprefix("/")
        if parts.scheme not in ("ws", "wss") or not host or any(more):
            raise no_address
        if parts.scheme == "wss":
            raise LocalError("wss:// needs paired devices, which this crdtnotes cannot do yet; use ws://.")
        return cls(host, DEFAULT_PORT if port is None else port)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The numeric hosts to try in turn: `localhost` never depends on what a resolver says."""
        return ("127.0.0.1", "::1") if self.host.lower() == "localhost" else (self.host,)

    def __str__(self) -> str:
        return f"ws://[{self.host}]:{self.port}" if ":" in self.host else f"ws://{self.host}:{self.port}"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return "%" not in host and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
