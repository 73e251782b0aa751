"""A program with the keys serves a vault, and another one, without them, writes to it."""

import asyncio
from pathlib import Path

from crdtnotes.errors import KeysLocked
from crdtnotes.store import Replica
from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault
from tests.sync.laptops import Laptop, pair


def write_locked(laptop: Laptop, note: str) -> None:
    """Write a note as a process does that does not have the passphrase of the keys."""

    def locked() -> Identity:
        raise KeysLocked("locked", laptop.identity.certificate)

    vault = Vault(Replica(laptop.path, identity=locked))
    vault.create_note(note, "text")
    vault.close()


def test_a_running_program_signs_and_sends_what_another_one_could_not_sign(tmp_path: Path) -> None:
    async def main() -> None:
        ana, bo = pair(tmp_path)
        write_locked(ana, "before")
        async with ana.node() as serving, bo.node() as node:
            address = await serving.serve_members("127.0.0.1", 0)
            following = asyncio.create_task(node.follow(address))
            await bo.until("before")
            for number in range(3):
                await asyncio.to_thread(write_locked, ana, f"meanwhile {number}")
            await bo.until("meanwhile 0", "meanwhile 1", "meanwhile 2")
            following.cancel()
        for laptop in (ana, bo):
            with Vault.open(laptop.path, identity=laptop.identity) as vault:
                assert vault.check() == []
                assert vault.status()["unsigned"] == 0

    asyncio.run(main())
