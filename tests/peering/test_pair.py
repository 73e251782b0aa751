"""Two devices in one process pair, on this machine."""

import asyncio
from pathlib import Path

import pytest

from crdtnotes.errors import PairingFailed, Unreachable, VaultExists
from crdtnotes.peering import pair as pairing
from crdtnotes.peering.join import JoinedVault, join_vault
from crdtnotes.peering.pair import pair_device, wait_for_first_sync
from crdtnotes.peering.service import PeerService
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.pairing import NewDevice
from crdtnotes.trust.code import Code, read_code, written
from crdtnotes.vault import Vault
from tests.peering.devices import served
from tests.sync.laptops import Laptop, founder
from tests.sync.running import run


class Table:
    """Two people at one table: one shows the code, the other enters it."""

    def __init__(self, service: PeerService, answer: bool = True) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.digits: list[str] = []
        self._answer = answer
        self._codes: asyncio.Future[tuple[Code, Code]] = asyncio.get_running_loop().create_future()
        self.pairing = asyncio.create_task(pair_device(service, self._ask, self._show, port=0))

    async def _ask(self, name: str, device: bytes, digits: str) -> bool:
        self.asked.append((name, device))
        self.digits.append(digits)
        return self._answer

    async def _ask_joiner(self, host: str, digits: str) -> bool:
        self.digits.append(digits)
        return True

    def _show(self, words: Code, scanned: Code) -> None:
        self._codes.set_result((words, scanned))

    async def codes(self) -> tuple[Code, Code]:
        """The code in words, and the code in the QR code."""
        return await self._codes

    async def join(self, bo: Laptop, told: list[str] | None = None) -> JoinedVault:
        words, scanned = await self.codes()
        address = Address.typed(scanned.address)
        said = [] if told is None else told
        return await join_vault(
            read_code(written(words)),
            address,
            bo.path,
            "bo",
            self._ask_joiner,
            tell=said.append,
            identity=bo.identity,
        )


def digest(laptop: Laptop) -> str:
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        assert vault.check() == []
        return vault.digest


def test_a_new_device_has_all_notes(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("系统", "见 [[CAP]]")

    async def main() -> None:
        told: list[str] = []
        async with served(ana) as service:
            table = Table(service)
            joined = await table.join(bo, told)
            device = await table.pairing
            assert (joined.host, joined.notes) == ("ana", 1)
            assert device == NewDevice(bo.identity.id, "bo")
            assert table.asked == [("bo", bo.identity.id)]
            assert '"ana" asks, too' in told[0]
            assert len(table.digits) == 2
            assert len(set(table.digits)) == 1
            await wait_for_first_sync(service, device)
            await service.meet()
            assert service.is_paired
            assert service.address is not None
        assert digest(ana) == digest(bo)

    run(main())


def test_the_code_in_a_qr_code_contains_the_address(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")

    async def main() -> None:
        async with served(ana) as service:
            table = Table(service)
            _, scanned = await table.codes()
            code = read_code(written(scanned))
            joined = await join_vault(code, None, bo.path, "bo", table._ask_joiner, identity=bo.identity)
            assert joined.notes == 0
            await table.pairing

    run(main())


def test_a_rejected_device_gets_nothing_and_nothing_keeps_listening(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")

    async def main() -> None:
        async with served(ana) as service:
            plain = await service.serve(port=0)
            table = Table(service, answer=False)
            with pytest.raises(PairingFailed):
                await table.join(bo)
            with pytest.raises(PairingFailed):
                await table.pairing
            assert not bo.path.exists()
            assert service.address == plain
            await service.meet()
            assert not service.is_paired

    run(main())


def test_pairing_can_be_cancelled_and_started_again(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")

    async def main() -> None:
        async with served(ana) as service:
            table = Table(service)
            await table.codes()
            table.pairing.cancel()
            await asyncio.wait([table.pairing])
            assert service.address is None
            again = Table(service)
            assert (await again.join(bo)).notes == 0
            await again.pairing

    run(main())


def test_a_vault_with_notes_is_not_joined_to_another(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), founder(tmp_path, "bo")
    bo.write("mine")

    async def main() -> None:
        async with served(ana) as service:
            table = Table(service)
            with pytest.raises((PairingFailed, VaultExists), match="different vault"):
                await table.join(bo)
            table.pairing.cancel()
            await asyncio.wait([table.pairing])
        assert bo.names() == ["mine"]

    run(main())


def test_a_vault_that_an_editor_has_just_created_is_replaced(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), founder(tmp_path, "bo")
    ana.write("n")
    with Vault.open(bo.path) as vault:
        vault.today()

    async def main() -> None:
        async with served(ana) as service:
            table = Table(service)
            assert (await table.join(bo)).notes == 1
            await table.pairing
        assert digest(ana) == digest(bo)

    run(main())


def test_a_device_that_does_not_fetch_the_notes_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = founder(tmp_path)
    monkeypatch.setattr(pairing, "FIRST_SYNC_SECONDS", 0.0)

    async def main() -> None:
        async with served(ana) as service:
            with pytest.raises(Unreachable, match='"bo" is paired, but has not fetched'):
                await wait_for_first_sync(service, NewDevice(bytes(32), "bo"))

    run(main())
