"""Damage to the file of a paired vault: signatures and proofs are kept as far as they can be verified."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.repair import Repaired, repair
from crdtnotes.vault import Vault
from tests.sync.circles import Members, agree, lines, meet


class Paired(Members):
    """Ana, bo and cem are in sync; then bo's file is damaged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ana = self.device("ana")
        self.ana.create_note("旧", "before\n")
        self.bo, self.cem = self.device("bo", self.ana), self.device("cem", self.ana)
        meet(self.ana, self.bo, self.cem)
        for vault in (self.ana, self.bo, self.cem):
            vault.create_note(f"来自 {vault.device}", "begin\n")
            for word in ("一", "二", "三"):
                vault.note("旧").append(f"{vault.device} {word}\n")
        agree(self.ana, self.bo, self.cem)
        self.identity = self.bo.replica.signer.identity

    def damage(self, *statements: str) -> None:
        self.vaults.remove(self.bo)
        self.bo.close()
        with sqlite3.connect(self.bo.path) as conn:
            for statement in statements:
                assert conn.execute(statement).rowcount > 0, statement
        conn.close()

    def problems(self) -> list[str]:
        with Vault.open(self.bo.path, identity=self.identity) as vault:
            return vault.check()

    def repair(self, monkeypatch: pytest.MonkeyPatch) -> tuple[Repaired, Vault]:
        monkeypatch.setenv("CRDTNOTES_HOME", str(self.folder / "bo"))
        repaired = repair(self.bo.path)
        self.bo = self.open(self.bo.path, self.identity)
        assert self.bo.check() == []
        return repaired, self.bo


@pytest.fixture
def paired(tmp_path: Path) -> Iterator[Paired]:
    paired = Paired(tmp_path)
    yield paired
    paired.close()


def test_signatures_and_devices_outlive_a_repair(paired: Paired, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = paired.bo.digest
    signed = {one for _, one in paired.bo.replica.signer.checkpoints.all_signed()}
    paired.damage("UPDATE notes SET base = 'x', base_key = 'x'", "DELETE FROM names")
    assert paired.problems() != []
    repaired, bo = paired.repair(monkeypatch)
    assert (repaired.missing, repaired.texts, bo.digest) == (0, (), digest)
    assert {one for _, one in bo.replica.signer.checkpoints.all_signed()} == signed
    assert bo.replica.signatures.unsigned_streams() == {}
    bo.note("旧").append("after\n")
    agree(paired.ana, bo, paired.cem)
    dan = paired.device("dan", bo)
    agree(bo, dan)
    assert "after" in lines(dan, "旧")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE signatures SET signature = x'00'", "not its author's signature"),
        ("UPDATE signatures SET signature = 7", "not its author's signature"),
        ("UPDATE signatures SET seq = seq - 1 WHERE seq > 1", "not its author's signature"),
        ("UPDATE signatures SET seq = 'x'", "not its author's signature"),
        ("DELETE FROM signatures", "are not signed by their author"),
        ("UPDATE authors SET key = x'00'", "not its author's signature"),
        ("UPDATE authors SET nonce = 'n'", "It is not proven whose the changes"),
        ("DELETE FROM authors", "not its author's signature"),
    ],
)
def test_signatures_are_checked_and_fetched_from_a_peer(
    paired: Paired, monkeypatch: pytest.MonkeyPatch, statement: str, named: str
) -> None:
    digest = paired.bo.digest
    paired.damage(statement)
    assert any(named in problem for problem in paired.problems())
    repaired, bo = paired.repair(monkeypatch)
    assert (repaired.missing, repaired.texts, bo.digest) == (0, (), digest)
    # Unsigned changes are not sent to anybody, and neither are changes that build on them.
    if bo.replica.signatures.unsigned_streams():
        dan = paired.device("dan", bo)
        meet(bo, dan)
        assert dan.version == {}
    bo.note("旧").append("after\n")
    agree(bo, paired.ana)
    eve = paired.device("eve", bo)
    agree(eve, bo)
    agree(paired.ana, bo, paired.cem)
    assert "after" in lines(eve, "旧")


def test_a_change_that_nobody_signed_is_found(paired: Paired) -> None:
    """The change was written into the file by other means, with correct hashes."""
    actor = paired.cem.replica.actor
    bo = paired.bo.replica
    with bo.transaction():
        paired.bo.note("旧").append("forged\n")
        bo.log.grown.clear()
    assert any("are not signed by their author" in problem for problem in paired.bo.check())
    assert bo.signer.checkpoints.key_of(actor) is not None


def test_a_vault_repaired_without_its_records_counts_as_never_paired(
    paired: Paired, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = paired.bo.digest
    paired.damage("DELETE FROM members", "DELETE FROM meta WHERE key = 'root'")
    _, bo = paired.repair(monkeypatch)
    assert bo.digest == digest
    assert not bo.replica.signatures.required
    bo.replica.devices.adopt(paired.ana.replica.members.root or b"", paired.ana.replica.devices.records())
    bo.note("旧").append("after\n")
    agree(paired.ana, bo, paired.cem)
