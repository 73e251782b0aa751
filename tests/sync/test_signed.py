"""Sessions between devices of a paired vault: only signed changes are accepted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.limits import GROUP_BYTES
from crdtnotes.changes.messages import Changes, Heads, Reason
from crdtnotes.errors import Fork, NotSigned
from crdtnotes.store import Replica
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.signatures import SIGNATURE_BYTES
from crdtnotes.vault import Vault
from tests.sync.laptops import Laptop, pair


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[tuple[Replica, Replica]]:
    ana, bo = pair(tmp_path)
    one, other = ana.open(), bo.open()
    yield one, other
    one.close()
    other.close()


def talk(
    one: Replica, other: Replica, *, window: int = 4_000_000, budget: int = 1_000_000
) -> tuple[Session, Session, list[bytes]]:
    """Let two replicas talk until neither has anything to send; also returns the frames of the first."""
    here, there = Session(one, window=window), Session(other, window=window)
    here.start()
    there.start()
    said: list[bytes] = []
    while True:
        out, back = here.data_to_send(budget), there.data_to_send(budget)
        if not out and not back:
            return here, there, said
        said += out
        there.receive(out)
        here.receive(back)


def kinds(frames: list[bytes]) -> list[type]:
    return [type(messages.decode(frame)) for frame in frames]


def test_changes_come_with_their_signatures(replicas: tuple[Replica, Replica]) -> None:
    here, there, said = talk(*replicas)
    assert here.in_sync
    assert there.in_sync
    told = [kind for kind in kinds(said) if kind in (Changes, Heads)]
    assert told
    assert told[-1] is Heads
    assert replicas[0].digest() == replicas[1].digest()


def test_a_group_is_sent_even_with_the_smallest_window(replicas: tuple[Replica, Replica]) -> None:
    vault = Vault(replicas[0])
    with vault.transaction():
        for number in range(3):
            vault.create_note(f"{number}", f"{number} " * (GROUP_BYTES // 3))
    for number in range(50):
        vault.create_note(f"small {number}", "小")
    here, there, said = talk(*replicas, window=1, budget=1)
    assert here.in_sync
    assert there.in_sync
    assert kinds(said).count(Heads) >= 2
    assert replicas[0].digest() == replicas[1].digest()


def test_a_proof_is_sent_once(replicas: tuple[Replica, Replica]) -> None:
    one, other = replicas
    here, there, _ = talk(one, other)
    for name in ("first", "second"):
        Vault(one).create_note(name)
        here.wake()
        frames = here.data_to_send()
        (heads,) = [m for m in map(messages.decode, frames) if isinstance(m, Heads)]
        assert heads.proofs == ()
        there.receive(frames)
        here.receive(there.data_to_send())
    assert here.in_sync


@pytest.mark.parametrize("how", ["none", "changed", "another's"])
def test_a_forged_signature_ends_the_conversation(replicas: tuple[Replica, Replica], how: str) -> None:
    one, other = replicas
    here, there, _ = talk(one, other)
    before = other.digest()
    Vault(one).create_note("伪造")
    here.wake()
    frames = []
    for frame in here.data_to_send():
        message = messages.decode(frame)
        if isinstance(message, Heads):
            ((actor, seq, signature),) = message.heads
            if how == "none":
                signature = bytes(SIGNATURE_BYTES)
            elif how == "changed":
                signature = signature[:-1] + bytes([signature[-1] ^ 1])
            else:
                signature = other.signer.identity.sign(b"crdtnotes head")
            message = Heads(message.proofs, ((actor, seq, signature),))
        frames.append(messages.encode(message))
    there.receive(frames)
    assert isinstance(there.error, NotSigned)
    bye = messages.decode(there.data_to_send()[-1])
    assert isinstance(bye, messages.Bye)
    assert bye.reason == Reason.REFUSED
    assert other.digest() == before


def test_changes_are_held_back_until_their_signature_comes(replicas: tuple[Replica, Replica]) -> None:
    one, other = replicas
    here, there, _ = talk(one, other)
    Vault(one).create_note("held")
    here.wake()
    *changes, heads = here.data_to_send()
    before = other.version()
    assert there.receive(changes) == 0
    assert there.data_to_send() == []
    assert other.version() == before
    assert there.receive([heads]) == 1
    assert other.version() == one.version()


def test_an_endless_group_is_refused(replicas: tuple[Replica, Replica]) -> None:
    one, other = replicas
    here, there, _ = talk(one, other)
    Vault(one).create_note("again")
    here.wake()
    batch, _ = here.data_to_send()
    there.receive([batch] * 5000)
    assert there.error is not None
    assert "again" not in [info.name for info in Vault(other).notes()]


def test_a_member_with_more_changes_of_a_revoked_device_vouches_in_the_same_conversation(
    tmp_path: Path,
) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    a, b, c = ana.open(), bo.open(), cem.open()
    for one, other in ((a, b), (a, c), (a, b)):
        talk(one, other)
    Vault(b).create_note("rather late")
    talk(b, c)
    Vault(c).note("rather late").insert(0, "见 ")
    a.devices.revoke(bo.identity.id)
    here, there, _ = talk(a, c)
    assert here.error is None
    assert there.error is None
    assert a.digest() == c.digest()
    Vault(b).create_note("too late")
    here, there, _ = talk(b, a)
    assert isinstance(there.error, NotSigned)
    for one in (a, b, c):
        one.close()


def test_a_fork_of_signed_changes_ends_the_conversation(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    a, b = ana.open(), bo.open()
    talk(a, b)
    # The whole file system was restored: no token can reveal it, and both continue one stream.
    data = bo.path.read_bytes()
    Vault(b).create_note("one")
    talk(a, b)
    b.close()
    other = bo.path.with_name("restored")
    other.write_bytes(data)
    restored = Replica(other, identity=lambda: bo.identity)
    restored.stream._acquired = True
    restored.stream.actor = restored.stream._stored
    restored.stream._next = None
    Vault(restored).create_note("two")
    before = a.digest()
    here, there, _ = talk(a, restored)
    assert isinstance(here.error, Fork)
    assert isinstance(there.error, Fork)
    assert a.digest() == before
    a.close()
    restored.close()
