"""The versions of other devices are recorded while they are connected, not only after they hang up."""

import asyncio
from pathlib import Path

import pytest

from crdtnotes.sync.peers import peer_book as contacts
from tests.sync.laptops import pair
from tests.sync.running import run


def test_the_version_of_a_device_is_recorded_while_it_is_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "NOTE_SECONDS", 0.02)
    ana, bo = pair(tmp_path)

    def is_known() -> bool:
        assert ana.replica is not None
        contact = ana.replica.members.contacts.of(bo.identity.id)
        return contact is not None and contact.version == ana.replica.version()

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            following = asyncio.create_task(b.follow(await a.serve_members("127.0.0.1", 0)))
            for name in ("one", "two"):
                await asyncio.to_thread(ana.write, name)
                while not await a.run(is_known):
                    await asyncio.sleep(0.01)
            assert a.connected(bo.identity.id)
            following.cancel()
            await asyncio.wait([following])

    run(main())
