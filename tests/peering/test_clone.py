from pathlib import Path

import pytest

from crdtnotes.errors import Unreachable, VaultExists
from crdtnotes.peering.clone import clone_vault
from crdtnotes.sync.net.address import Address
from crdtnotes.vault import Vault
from tests.peering.devices import served
from tests.sync.laptops import founder
from tests.sync.running import run


def test_a_clone_has_the_whole_vault_and_reports_how_much_it_received(tmp_path: Path) -> None:
    ana = founder(tmp_path)
    ana.write("one")
    ana.write("两")
    path = tmp_path / "copy" / "v"
    path.parent.mkdir()

    async def main() -> None:
        progress: list[tuple[int, int]] = []
        async with served(ana) as service:
            address = await service.serve(port=0)
            cloned = await clone_vault(address, path, "bo", lambda *now: progress.append(now))
            assert (cloned.peer, cloned.notes, cloned.changes) == ("ana", 2, 2)
            assert progress[0] == (0, 2)
            assert progress[-1] == (2, 2)
            with pytest.raises(VaultExists):
                await clone_vault(address, path, "bo")

    run(main())
    with Vault.open(ana.path) as one, Vault.open(path) as other:
        assert one.digest == other.digest
    assert [entry.name for entry in path.parent.iterdir() if entry.stat().st_size] == ["v"]


def test_a_clone_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        run(clone_vault(Address("127.0.0.1", 1), tmp_path / "v", "bo"))
    assert list(tmp_path.iterdir()) == []
