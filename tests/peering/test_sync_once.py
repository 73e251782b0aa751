"""Syncing once with the devices of a vault."""

import asyncio
from pathlib import Path

import pytest

from crdtnotes.peering import sync_once
from crdtnotes.peering.sync_once import sync_members
from crdtnotes.sync.peers.dialer import Dialer
from crdtnotes.sync.peers.status import Summary
from tests.sync.laptops import forked
from tests.sync.running import run


def test_a_fork_is_resolved_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, two = forked(tmp_path)
    monkeypatch.setenv("CRDTNOTES_HOME", str(two.home))
    monkeypatch.setattr(sync_once, "LOOK_AROUND_SECONDS", 0.0)
    monkeypatch.setattr(Dialer, "look_around", _nowhere)

    async def main() -> list[Summary]:
        async with ana.node() as node:
            address = await node.serve_members("127.0.0.1", 0)
            replica = two.open()
            replica.devices.note_contact(ana.identity.id, str(address), {})
            replica.close()
            return await sync_members(two.path)

    (summary,) = run(main())
    assert len(summary.notices) == 1
    assert "nothing is lost" in summary.notices[0]
    assert ana.names() == two.names() == ["from ana", "from bo", "one", "two"]


async def _nowhere(_: Dialer) -> None:
    await asyncio.Event().wait()
