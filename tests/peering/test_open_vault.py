from pathlib import Path

import pytest

from crdtnotes.errors import VaultNotFound
from crdtnotes.peering.known_devices import known_devices
from crdtnotes.peering.open_vault import OpenVault
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
