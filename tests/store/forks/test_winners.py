"""What is remembered of forks, beside what the histories in tests/sync say of it."""

from pathlib import Path

import pytest

from crdtnotes.changes.messages import Heads
from crdtnotes.errors import Damaged
from crdtnotes.store.forks.winners import fork_entry, forks_in
from tests.vaults import replicas

HEADS = Heads(((bytes(32), bytes(16)),), ((7, 3, bytes(64)),))


def test_ranks_and_proofs_come_back_as_they_were(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        standing = vault.replica.winners
        with vault.replica.transaction():
            standing.put((7, 1), (5, bytes(16)), ["系统".encode() * 999, HEADS])
            standing.put((7, 2), (6, bytes(16)), [])
        vault.replica.look()
        assert list(standing) == [(7, 1), (7, 2)]
        assert standing.rank(7, 1) == (5, bytes(16))
        assert standing.proof(7, 1) == ["系统".encode() * 999, HEADS]
        assert standing.proof(7, 2) == []
        assert vault.check() == []


def test_only_what_comes_next_is_absent(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        vault.create_note("A", "text")
        own = int(vault.actor, 16)
        standing = vault.replica.winners
        with vault.replica.transaction():
            for place in ((own, 1), (own, 2), (own, 3), (8, 1)):
                standing.put(place, (5, b"h" * 16), [HEADS] if place == (8, 1) else [])
        assert standing.missing_winners(proven=False) == sorted([(own, 2, b"h" * 16), (8, 1, b"h" * 16)])
        assert standing.missing_winners(proven=True) == [(8, 1, b"h" * 16)]
        with vault.replica.transaction():
            standing.forget_beyond()
        assert set(standing) == {(own, 1), (own, 2), (8, 1)}


def test_a_proof_that_is_damaged_or_of_another_version_proves_nothing(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        standing = vault.replica.winners
        with vault.replica.transaction():
            for seq, rubbish in enumerate((b"", b"\xc1", b"\x91\xc4\x01\xc1", 7), 1):
                standing.put((7, seq), (5, bytes(16)), [HEADS])
                vault.replica.conn.execute("UPDATE proofs SET proof = ? WHERE seq = ?", (rubbish, seq))
            standing.put((8, 1), (5, bytes(16)), [HEADS])
            standing.put((8, 1), (4, b"x" * 16), [])
        assert [standing.proof(7, seq) for seq in (1, 2, 3, 4)] == [[], [], [], []]
        assert standing.proof(8, 1) == []


@pytest.mark.parametrize("meta", [{"fork x": bytes(24)}, {"fork 0000000000000007 1": b"short"}])
def test_what_cannot_be_read_is_damage(meta: dict[str, object]) -> None:
    with pytest.raises(Damaged):
        forks_in(meta)
    key, value = fork_entry(7, 1, (5, bytes(16)))
    assert forks_in({key: value, "device": "x"}) == {(7, 1): (5, bytes(16))}
