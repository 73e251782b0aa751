"""Paired devices, each with its replica open; some of them are copies of others."""

import shutil
from itertools import pairwise
from pathlib import Path

from crdtnotes.store import Replica
from crdtnotes.store import local_state as memory
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.records import Name, Remark, decode_record
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.sync.wire import Wire, settle
from tests.trust.devices import device


class Members:
    """Open, paired replicas; the clock of each begins later than the clocks of those before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vaults: list[Vault] = []

    def device(self, name: str, by: Vault | None = None, role: Role | None = None) -> Vault:
        """A device's replica; `by` pairs with it."""
        path = self.folder / f"{name}.db"
        Replica.create(path, name, None if by is None else by.replica.vault_id).close()
        vault = self.open(path, device(self.folder, name))
        if by is not None:
            by.replica.devices.admit(vault.replica.signer.identity.certificate, name, role)
            vault.replica.devices.adopt(by.replica.members.root or b"", by.replica.devices.records())
        return vault

    def clone(self, vault: Vault, name: str) -> Vault:
        """A copy of a replica with its keys and the state that its machine remembers outside the file."""
        path = self.folder / f"{name}.db"
        shutil.copyfile(vault.path, path)
        remembered = memory.recall(vault.path)
        assert remembered is not None
        memory.remember(path, remembered)
        return self.open(path, vault.replica.signer.identity)

    def open(self, path: Path, identity: Identity) -> Vault:
        vault = Vault.open(path, identity=identity)
        start = 1_000_000 * (len(self.vaults) + 1)
        times = iter(range(start, start + 1_000_000))
        vault._writer._now = lambda: next(times)
        self.vaults.append(vault)
        return vault

    def close(self) -> None:
        for vault in self.vaults:
            vault.close()


def meet(*vaults: Vault, times: int = 2) -> None:
    """Sync them in a chain."""
    for _ in range(times):
        for one, other in pairwise(vaults):
            settle(Wire(one.replica, other.replica))


def about_membership(records: list[bytes]) -> list[bytes]:
    """The records that change who belongs to a vault, without names and remarks."""
    return [data for data in records if not isinstance(decode_record(data).body, Name | Remark)]


def agree(*vaults: Vault) -> None:
    meet(*vaults, times=5)
    assert len({vault.digest for vault in vaults}) == 1
    for vault in vaults:
        assert vault.check() == []
        assert vault.replica.signatures.unsigned_streams() == {}


def lines(vault: Vault, name: str) -> list[str]:
    return sorted(vault.note(name).text.split("\n"))
