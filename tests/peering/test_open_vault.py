import subprocess
import sys
from pathlib import Path

import pytest

from crdtnotes.errors import VaultNotFound
from crdtnotes.peering.known_devices import known_devices
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.vault import Vault
from tests.sync.laptops import pair
from tests.sync.running import run


def test_jobs_run_on_the_vault_until_it_is_closed(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with OpenVault(ana.path, ana.identity) as vault:
            assert vault.path == ana.path
            assert await vault.run(len) == 1
            known = await vault.run(known_devices)
            assert known is not None
            assert known.names == {ana.identity.id: "ana", bo.identity.id: "bo"}
            assert await vault.run(lambda _: known.named(bo.identity.id)) == "bo"
        with pytest.raises(RuntimeError):
            await vault.run(len)

    run(main())


def test_opening_fails_if_there_is_no_vault(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(VaultNotFound):
            async with OpenVault(tmp_path / "nothing"):
                pass

    run(main())


FIRST_TIMES = """
import asyncio, sys
from pathlib import Path
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.peering.open_vault import OpenVault

def edit(vault):
    note = vault.note("甲")
    session = note.open()
    session.commit([Grouped(Patch(0, 0, "见 [[乙]] "))])
    session.update_links()
    assert note.backlinks() == [] and vault.search("文字")

async def main(path):
    async with OpenVault(path) as vault:
        await vault.load_ahead()
        loaded = set(sys.modules)
        await vault.run(edit)
        print(*sorted(name for name in set(sys.modules) - loaded if not name.startswith("encodings")))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_first_edits_load_no_more_modules(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("甲", "一段文字")
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_TIMES, tmp_path / "v.db"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []
