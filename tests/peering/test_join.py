"""Joining: which vaults may be replaced by the joined one, and the messages meanwhile."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from crdtnotes.errors import VaultExists
from crdtnotes.peering import join as joining
from crdtnotes.peering.join import join_vault, make_replica, vault_at
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.pairing import Joined
from crdtnotes.trust.code import read_code
from crdtnotes.trust.identity import HOME_VARIABLE
from crdtnotes.trust.pairing import Welcome
from crdtnotes.vault import Vault
from tests.sync.laptops import founder, pair

JOINED = Joined(Welcome(bytes(16), bytes(32), (), 1), bytes(32), "ana", "10.0.0.1")


async def nobody(host: str, digits: str) -> bool:
    raise AssertionError("nobody is to be asked")


def test_interrupting_the_first_sync_tells_how_to_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))

    async def join(*_: object) -> Joined:
        return JOINED

    async def first_sync(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(joining, "join", join)
    monkeypatch.setattr(joining, "_first_sync", first_sync)
    told: list[str] = []
    code = read_code("4821-otter-violin-maple")
    place = Address("10.0.0.1", 1, secure=True)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(join_vault(code, place, tmp_path / "vault", "bo", nobody, tell=told.append))
    assert told == [
        "This device is paired, but not all notes are here: `crdtnotes sync --once` fetches the rest."
    ]


def test_a_vault_may_be_replaced_as_long_as_nobody_has_written_anything(tmp_path: Path) -> None:
    path = tmp_path / "v"
    assert vault_at(path) is None
    with Vault.create(path, "bo") as vault:
        assert vault.is_untouched
        vault.today()
        vault.today(date(2026, 1, 2))
        assert vault.is_untouched
    assert vault_at(path) is None
    with Vault.open(path) as vault:
        vault.today().insert(0, "x")
        assert not vault.is_untouched
        id = vault.id
    assert vault_at(path) == bytes.fromhex(id)
    with pytest.raises(VaultExists):
        make_replica(JOINED, path, "bo", bytes.fromhex(id))


@pytest.mark.parametrize("name", ["mine", "2026-01-02"])
def test_a_vault_with_a_note_that_somebody_created_is_not_replaced(tmp_path: Path, name: str) -> None:
    with Vault.create(tmp_path / "v") as vault:
        vault.create_note(name, "mine")
        assert not vault.is_untouched


def test_a_vault_with_deleted_notes_is_not_replaced(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        vault.today().remove()
        assert not vault.is_untouched


def test_a_paired_vault_is_not_replaced(tmp_path: Path) -> None:
    ana = founder(tmp_path)
    assert vault_at(ana.path) is None
    ana, _ = pair(tmp_path / "paired")
    assert vault_at(ana.path) is not None
