"""Announcements in the local network, without a network."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import zeroconf
import zeroconf.asyncio

from crdtnotes.sync.peers import discovery as module
from crdtnotes.sync.peers.discovery import SYNC, Discovery, Found
from tests.sync.running import run


class Browser:
    """Keeps the handler that real announcements would call."""

    handlers: list[Callable[..., None]]

    def __init__(self, _: object, __: str, handlers: list[Callable[..., None]]) -> None:
        Browser.handlers = handlers

    async def async_cancel(self) -> None:
        pass


class Info:
    """A service that answers when the test lets it."""

    asked = 0
    answer: asyncio.Event

    def __init__(self, _: str, name: str) -> None:
        self.name = name
        self.port = 4821
        self.decoded_properties = {"device": name.partition(".")[0], "empty": None}

    async def async_request(self, _: object, __: float) -> bool:
        Info.asked += 1
        await Info.answer.wait()
        return True

    def parsed_scoped_addresses(self) -> list[str]:
        return ["10.0.0.2"]


class Network:
    """Stands for zeroconf's connection to the network."""

    zeroconf = None

    async def async_unregister_all_services(self) -> None:
        pass

    async def async_close(self) -> None:
        pass


def test_a_flood_of_announcements_is_asked_about_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    changes: Any = zeroconf.ServiceStateChange
    monkeypatch.setattr(zeroconf.asyncio, "AsyncServiceBrowser", Browser)
    monkeypatch.setattr(zeroconf.asyncio, "AsyncServiceInfo", Info)
    monkeypatch.setattr(zeroconf.asyncio, "AsyncZeroconf", Network)
    monkeypatch.setattr(Info, "asked", 0)

    async def main() -> None:
        Info.answer = asyncio.Event()
        found: list[Found] = []
        async with Discovery() as discovery:
            await discovery.find(SYNC, found.append)

            def announce(name: str, change: object = changes.Added) -> None:
                (handler,) = Browser.handlers
                handler(None, SYNC, f"{name}.{SYNC}", change)

            for number in range(10_000):
                announce(f"n{number}")
            announce("gone", changes.Removed)
            await asyncio.sleep(0)
            assert Info.asked == len(discovery._asking) == module._MOST_ASKED
            Info.answer.set()
            while discovery._asking:
                await asyncio.sleep(0)
            # Once they have answered, others are asked again.
            announce("honest")
            while len(found) < module._MOST_ASKED + 1:
                await asyncio.sleep(0)
        assert found[-1] == Found("honest", ("10.0.0.2",), 4821, {"device": "honest", "empty": ""})

    run(main())
