"""Changes that their author did not make, or may not make any more: no replica accepts them, by any way."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Ack, Heads
from crdtnotes.errors import CrdtnotesError, NotSigned
from crdtnotes.store import Replica
from crdtnotes.sync.peers.bundle import apply_bundle, create_bundle
from crdtnotes.vault import Vault
from tests.sync.laptops import Laptop, pair
from tests.sync.running import run

HOST = "127.0.0.1"


@pytest.fixture
def laptops(tmp_path: Path) -> tuple[Laptop, Laptop, Laptop]:
    """Ana, bo and cem, with the same changes."""
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    for one in (bo, cem, bo):
        meet(one, ana)
    return ana, bo, cem


def meet(one: Laptop, other: Laptop) -> None:
    async def main() -> None:
        async with one.node() as node, other.node() as there:
            await node.sync_once(await there.serve_members(HOST, 0), [other.identity.id])

    asyncio.run(main())


def hand_over(by: Laptop, to: Laptop) -> None:
    """Sync, while the first one's program ignores the records about devices."""

    async def main() -> None:
        async with by.node() as node, to.node() as there:
            assert by.replica is not None
            with (
                mock.patch.object(by.replica.devices, "take_records", return_value=0),
                suppress(CrdtnotesError),
            ):
                await node.sync_once(await there.serve_members(HOST, 0), [to.identity.id])

    asyncio.run(main())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def state(laptop: Laptop) -> tuple[object, ...]:
    """Everything that a replica stores of others' changes."""
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        rows = [
            vault.replica.conn.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("actors", "log", "blocks", "authors", "cuts", "signatures")
        ]
        assert vault.check() == []
        return (vault.digest, *rows)


def own_actor(laptop: Laptop) -> int:
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        return vault.replica.actor


def forge(by: Laptop, actor: int, time: int, note: str = "伪造") -> None:
    """Write to another device's stream, as a modified program could, and sign with one's own key."""
    with Vault.open(by.path, identity=by.identity) as vault:
        vault._writer._now = lambda: time
        stream = vault.replica.stream
        stream._acquired, stream.actor, stream._next = True, actor, None
        with vault.transaction():
            vault.replica.signer._own = actor
            vault.create_note(note)
        assert actor in vault.replica.version()


def bundle(source: Laptop, path: Path, receiver: Laptop) -> Path:
    replica = source.open()
    try:
        member = replica.members.membership().members[receiver.identity.id]
        create_bundle(replica, source.identity, path, [member], {})
    finally:
        replica.close()
    return path


def apply(laptop: Laptop, path: Path) -> int:
    replica = Replica(laptop.path, identity=lambda: laptop.identity)
    try:
        return apply_bundle(replica, laptop.identity, path).changes
    finally:
        replica.close()


def last_of(laptop: Laptop, actor: int) -> tuple[int, list[bytes | Heads]]:
    """The seq at which a stream ends on a laptop, and its last change with its signature."""
    replica = laptop.open()
    version = replica.version()
    items = list(replica.changes_since({**version, actor: version[actor] - 1}))
    replica.close()
    return version[actor], items


def smuggle(by: Laptop, to: Laptop, items: list[bytes | Heads]) -> None:
    """Send items in a conversation that begins as if both had the same; returns when it is over."""
    replica = to.open()
    hello = messages.hello(replica.vault_id, by.name, replica.heads(), replica.devices.records_digest())
    replica.close()

    async def main() -> None:
        async with by.node() as node, to.node() as there:
            address = await there.serve_members(HOST, 0)
            async with await node.dial(address, [to.identity.id]) as connection:
                await connection.send(messages.encode(hello))
                await connection.send(messages.encode(messages.ack(0, {})))
                while not isinstance(messages.decode(await connection.recv(decode=False)), Ack):
                    pass
                for item in items:
                    message = item if isinstance(item, Heads) else messages.pack(item)
                    await connection.send(messages.encode(message))
                await connection.wait_closed()

    run(main())


@pytest.mark.parametrize("time", [1, 2**41])
@pytest.mark.parametrize("instead", [False, True], ids=["behind the last", "instead of the last"])
@pytest.mark.parametrize("dials", ["the forger", "the other"])
def test_a_member_that_writes_as_another_device_is_refused(
    laptops: tuple[Laptop, Laptop, Laptop],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    instead: bool,
    time: int,
    dials: str,
) -> None:
    ana, bo, cem = laptops
    if instead:
        ana.write("真的")
        meet(bo, ana)
    before = state(bo)
    forge(cem, own_actor(ana), time)
    caplog.clear()

    async def main() -> None:
        one, other = (cem, bo) if dials == "the forger" else (bo, cem)
        async with one.node() as node, other.node() as there:
            address = await there.serve_members(HOST, 0)
            # (A program whose own version has the larger rank moves it to a stream that the other must sign.)
            with suppress(CrdtnotesError):
                await node.sync_once(address, [other.identity.id])

    asyncio.run(main())
    assert state(bo) == before
    assert "伪造" not in bo.names()
    lines = warnings(caplog)
    gave_way, disputed = "nothing is lost", f"peer {HOST}: It has another version of change"
    refusal = f"cut off peer {HOST}: No device that belongs to the vault has signed"
    if instead:
        # The forger's own program logs its part of this.
        lines = [line for line in lines if (gave_way if time > 1 else disputed) not in line]
        refusal = disputed if time > 1 else refusal
    assert [line[: len(refusal)] for line in lines] == [refusal]
    with pytest.raises(CrdtnotesError):
        apply(bo, bundle(cem, tmp_path / "bundle", bo))
    assert state(bo) == before


def test_a_second_version_of_a_known_change_is_logged_once(
    laptops: tuple[Laptop, Laptop, Laptop], caplog: pytest.LogCaptureFixture
) -> None:
    """A program names the true version in its Hello, and signs the other one with its own key."""
    ana, bo, cem = laptops
    ana.write("真的")
    meet(bo, ana)
    before = state(bo)
    actor = own_actor(ana)
    forge(cem, actor, 1)
    seq, items = last_of(cem, actor)
    caplog.clear()
    smuggle(cem, bo, items)
    assert state(bo) == before
    (line,) = warnings(caplog)
    refusal = f"cut off peer {HOST}: No device that belongs to the vault has signed change {seq}"
    assert line.startswith(refusal)


def test_later_changes_of_a_revoked_device_are_refused_from_a_member_that_passes_them_on(
    laptops: tuple[Laptop, Laptop, Laptop], caplog: pytest.LogCaptureFixture
) -> None:
    ana, bo, cem = laptops
    bo.write("in time")
    meet(bo, ana)
    ana.revoke(bo)
    bo.write("too late")
    meet(bo, cem)  # cem has not heard of it
    before = state(ana)
    _, items = last_of(cem, own_actor(bo))
    caplog.clear()
    smuggle(cem, ana, items)
    assert state(ana) == before
    (line,) = warnings(caplog)
    assert line.startswith(f"cut off peer {HOST}: No device that belongs to the vault has signed")


def test_changes_of_a_revoked_device_are_accepted_only_up_to_its_revocation(
    laptops: tuple[Laptop, Laptop, Laptop], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ana, bo, cem = laptops
    bo.write("in time")
    meet(bo, ana)
    ana.revoke(bo)
    bo.write("too late")
    # Cem has not heard of it, and gets the changes by itself.
    meet(bo, cem)
    before = state(ana)
    path = bundle(cem, tmp_path / "late", ana)
    with pytest.raises(NotSigned):
        apply(ana, path)
    assert state(ana) == before
    # Nor in a session, if cem's program ignores that bo is revoked.
    caplog.clear()
    hand_over(cem, ana)
    (line,) = warnings(caplog)
    assert line.startswith(f"cut off peer {HOST}: No device that belongs to the vault has signed")
    assert f"of {own_actor(bo):016x}" in line
    assert state(ana) == before
    # Changes from before the revocation reach everybody, by every way.
    dan, eve = Laptop(tmp_path, "dan"), Laptop(tmp_path, "eve")
    ana.add(dan)
    ana.add(eve)
    meet(dan, ana)
    apply(eve, bundle(ana, tmp_path / "before", eve))
    assert dan.names() == eve.names() == ["from ana", "from bo", "in time"]
