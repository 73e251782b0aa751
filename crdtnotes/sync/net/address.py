"""The address of a peer: `wss://host:port`, or `ws://host:port` on this machine."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from crdtnotes.errors import LocalError, NotLoopback

DEFAULT_PORT = 4821
"""The port that `serve` listens on unless told otherwise."""

PAIRING_PORT = 4822
"""The port that `pair` listens on if it is free."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; raises LocalError for a bad port.

    An address that is not `secure` is used without encryption, so it is allowed only on this machine: raises
    NotLoopback for any other host.
    """

    host: str
    port: int = DEFAULT_PORT
    secure: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise LocalError(f"{self.port} is not a port; ports go from 0 to 65535.")
        if not self.secure and not is_loopback(self.host):
            raise NotLoopback(
                f"{self.host} is not this machine; without encryption peers are reached at localhost, "
                "127.0.0.1 or [::1] only. Use wss:// between paired devices."
            )

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Parse an address; raises LocalError if `text` is not one, and NotLoopback as above."""
        no_address = LocalError(
            f"{text!r} is not an address; an example is wss://192.168.1.20:{DEFAULT_PORT}."
        )
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise no_address from None
        more = parts.username, parts.password, parts.query, parts.fragment, parts.path.removeprefix("/")
        if parts.scheme not in ("ws", "wss") or not host or any(more):
            raise no_address
        return cls(host, DEFAULT_PORT if port is None else port, parts.scheme == "wss")

    @classmethod
    def of(cls, address: "Address | str") -> "Address":
        """Return an address, parsed if it is a text."""
        return cls.parse(address) if isinstance(address, str) else address

    @classmethod
    def typed(cls, text: str, port: int = DEFAULT_PORT) -> "Address":
        """Parse the address of a paired device as a person types it: scheme and port may be left out."""
        text = text.strip()
        if "://" in text:
            return cls.parse(text)
        if text.count(":") > 1 and not text.startswith("["):
            text = f"[{text}]"
        address = cls.parse(f"wss://{text}")
        return address if urlsplit(f"wss://{text}").port is not None else cls(address.host, port, True)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts to try in turn: `localhost` is never looked up in a resolver."""
        return ("127.0.0.1", "::1") if self.host.lower() == "localhost" else (self.host,)

    @property
    def place(self) -> str:
        """Host and port as in a URI."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://{self.place}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, without asking a resolver."""
    if host.lower() == "localhost":
        return True
    try:
        return "%" not in host and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_number(host: str) -> bool:
    """Tell whether a host is an IP address, with a zone or without, and not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
