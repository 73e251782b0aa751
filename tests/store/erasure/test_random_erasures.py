"""Random edits and erasures on several devices that meet now and then: all end equal, and nothing is left."""

import random
from pathlib import Path

import pytest

from crdtnotes.errors import NoteExists
from crdtnotes.vault import Vault
from tests.store.erasure.devices import circle, traces
from tests.sync.circles import agree, meet
from tests.vaults import fast

SECRETS = ["Xq7-secret", "Zk9-Geheim", "密码-42"]
WORDS = ["one ", "two ", "[[Link]] ", "#tag ", "line\n", "---\nkey: value\n---\n", "系统"]
STEPS = 60


class _People:
    """Random edits of two notes on several devices."""

    def __init__(self, seed: int, vaults: list[Vault]) -> None:
        self._random = random.Random(seed)
        self._vaults = vaults

    def step(self) -> None:
        """Let one of them do something."""
        vault = self._random.choice(self._vaults)
        act = self._random.choices(
            [self._create, self._insert, self._delete, self._write, self._rename, self._erase, self._meet],
            [1, 6, 3, 3, 1, 2, 3],
        )[0]
        act(vault)

    def _text(self) -> str:
        return "".join(self._random.choices([*WORDS, *SECRETS], k=self._random.randint(1, 4)))

    def _name(self, vault: Vault) -> str | None:
        names = [info.name for info in vault.notes()]
        return self._random.choice(names) if names else None

    def _create(self, vault: Vault) -> None:
        name = self._random.choice(["A", "B", f"about {self._random.choice(SECRETS)}"])
        try:
            vault.create_note(name, f"begin {self._random.choice(SECRETS)} end [[{name}]]\n")
        except NoteExists:
            vault.note(name).append(self._text())

    def _insert(self, vault: Vault) -> None:
        if (name := self._name(vault)) is not None:
            note = vault.note(name)
            note.insert(self._random.randint(0, len(note.text)), self._text())

    def _delete(self, vault: Vault) -> None:
        if (name := self._name(vault)) is not None:
            note = vault.note(name)
            length = len(note.text)
            start = self._random.randint(0, length)
            note.delete(start, self._random.randint(0, min(12, length - start)))

    def _write(self, vault: Vault) -> None:
        if (name := self._name(vault)) is not None:
            note = vault.note(name)
            note.write(note.text.replace("e", self._random.choice(SECRETS), 1) + "end\n")

    def _rename(self, vault: Vault) -> None:
        if (name := self._name(vault)) is not None:
            try:
                vault.note(name).rename(f"{name[:6]} {self._random.choice(SECRETS)}")
            except NoteExists:
                vault.note(name).remove()

    def _erase(self, vault: Vault) -> None:
        if (name := self._name(vault)) is not None:
            vault.note(name).erase(self._random.choice([*SECRETS, "e", None]))

    def _meet(self, vault: Vault) -> None:
        other = self._random.choice(self._vaults)
        if other is not vault:
            meet(vault, other, times=1)
            if self._random.random() < 0.2:
                vault.compact()


@pytest.mark.parametrize("seed", range(4))
def test_all_devices_end_equal_and_nothing_is_left(tmp_path: Path, seed: int) -> None:
    with circle(tmp_path, "a", "b", "c") as (members, vaults):
        people = _People(seed, vaults)
        for _ in range(STEPS):
            people.step()
        agree(*vaults)
        first = vaults[0]
        shown = {first.note(info.name).id for info in first.notes()}
        for (uid,) in first.replica.conn.execute("SELECT uid FROM notes").fetchall():
            note = first.note_by_id(uid.hex())
            for secret in [*SECRETS] if note.id in shown else [None]:
                note.erase(secret)
        agree(*vaults)
        vaults.append(fast(members.device("late", vaults[1])))
        agree(*vaults)
        for vault in vaults:
            assert [secret for secret in SECRETS if traces(vault, secret)] == []
