import pytest

from crdtnotes.errors import LocalError, NotLoopback
from crdtnotes.sync.net.address import DEFAULT_PORT, Address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("ws://127.0.0.1:80", "127.0.0.1", 80),
        ("ws://127.3.2.1:9", "127.3.2.1", 9),
        ("ws://localhost", "localhost", DEFAULT_PORT),
        ("ws://LOCALHOST:1/", "localhost", 1),
        ("ws://[::1]:4000", "::1", 4000),
        ("  ws://[::1]\n", "::1", DEFAULT_PORT),
    ],
)
def test_an_address_is_parsed(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize("text", ["ws://127.0.0.1:4821", "ws://[::1]:80", "ws://localhost:1"])
def test_an_address_is_formatted_as_it_is_parsed(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:4821",
        "localhost",
        "http://127.0.0.1",
        "ws://",
        "ws://:80",
        "ws://127.0.0.1:port",
        "ws://127.0.0.1:99999",
        "ws://127.0.0.1:-1",
        "ws://[::1",
        "ws://127.0.0.1/notes",
        "ws://127.0.0.1?a=b",
        "ws://127.0.0.1#x",
        "ws://me:secret@127.0.0.1",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="is not an address"):
        Address.parse(text)


def test_a_secure_address_may_be_any_host() -> None:
    assert Address.parse("wss://example.org") == Address("example.org", DEFAULT_PORT, secure=True)
    assert str(Address.parse("wss://[2001:db8::1]:5")) == "wss://[2001:db8::1]:5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.7", "wss://10.0.0.7:9"),
        ("10.0.0.7:80", "wss://10.0.0.7:80"),
        ("laptop.local", "wss://laptop.local:9"),
        ("2001:db8::1", "wss://[2001:db8::1]:9"),
        ("[2001:db8::1]:80", "wss://[2001:db8::1]:80"),
        ("wss://10.0.0.7:80", "wss://10.0.0.7:80"),
    ],
)
def test_a_typed_address_may_omit_scheme_and_port(text: str, expected: str) -> None:
    assert str(Address.typed(text, 9)) == expected


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "localhost.example.org",
        "localhost.",
        "192.168.1.2",
        "0.0.0.0",
        "::",
        "",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "::ffff:192.168.1.2",
        "fe80::1%lo",
        "::1%lo",
        "127.0.0.1\n",
        "１２７.0.0.1",
    ],
)
def test_other_machines_are_refused(host: str) -> None:
    with pytest.raises(NotLoopback):
        Address(host)


def test_other_machines_are_refused_when_parsed() -> None:
    with pytest.raises(NotLoopback, match=r"192\.168\.1\.2 is not this machine"):
        Address.parse("ws://192.168.1.2:80")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_has_bounds(port: int) -> None:
    with pytest.raises(LocalError, match="port"):
        Address("127.0.0.1", port)


def test_localhost_is_never_resolved() -> None:
    assert Address("localhost").hosts == ("127.0.0.1", "::1")
    assert Address("127.0.0.1").hosts == ("127.0.0.1",)
