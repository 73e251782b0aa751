import inspect
import secrets
from importlib.metadata import version
from typing import Any

import pytest
import spake2
from spake2 import SPAKE2_A, SPAKE2_B
from spake2.ed25519_basic import Base, Element, L, Zero
from spake2.parameters.ed25519 import ParamsEd25519

from crdtnotes.trust.spake import BlindedSecret, PairingSide

HOST, JOINER = b"Ahost", b"Bjoiner"


def blinded(role: PairingSide, secret: bytes = b"otter-violin-maple") -> BlindedSecret:
    return BlindedSecret(role, secret, secrets.token_bytes)


def keys(host: Any, joiner: Any) -> tuple[bytes, bytes]:
    from_host, from_joiner = host.start(), joiner.start()
    return host.finish(from_joiner), joiner.finish(from_host)


@pytest.mark.parametrize("plain", ["host", "joiner", "none"])
def test_it_speaks_the_protocol_of_the_package(plain: str) -> None:
    secret = b"otter-violin-maple"
    host = blinded(PairingSide.HOST).conversation(HOST, JOINER)
    joiner = blinded(PairingSide.JOINER).conversation(HOST, JOINER)
    if plain == "host":
        host = SPAKE2_A(secret, idA=HOST, idB=JOINER)
    elif plain == "joiner":
        joiner = SPAKE2_B(secret, idA=HOST, idB=JOINER)
    first, second = keys(host, joiner)
    assert first == second


def test_another_secret_or_identity_gives_another_key() -> None:
    for host, joiner in (
        (blinded(PairingSide.HOST, b"wrong").conversation(HOST, JOINER), blinded(PairingSide.JOINER)),
        (blinded(PairingSide.HOST).conversation(b"Aother", JOINER), blinded(PairingSide.JOINER)),
    ):
        first, second = keys(host, joiner.conversation(HOST, JOINER))
        assert first != second


def test_one_code_serves_many_conversations() -> None:
    host = blinded(PairingSide.HOST)
    found = {
        keys(host.conversation(HOST, JOINER), blinded(PairingSide.JOINER).conversation(HOST, JOINER))
        for _ in "abc"
    }
    assert len(found) == 3
    assert all(first == second for first, second in found)


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The scalars by which points are multiplied from now on."""
    scalars: list[int] = []
    real = Element.scalarmult

    def scalarmult(self: Element, scalar: int) -> object:
        scalars.append(scalar % L)
        return real(self, scalar)

    monkeypatch.setattr(Element, "scalarmult", scalarmult)
    return scalars


@pytest.mark.parametrize("role", list(PairingSide))
def test_no_multiplication_is_by_a_scalar_that_the_secret_determines(
    role: PairingSide, multiplied: list[int]
) -> None:
    """So no time depends on the secret, and a conversation has no multiplication for the secret at all."""
    secret = b"otter-violin-maple"
    scalar = ParamsEd25519.group.password_to_scalar(secret)
    seen: list[list[int]] = []
    for _ in range(2):
        multiplied.clear()
        ours = blinded(role)
        seen.append(list(multiplied))
        assert len(multiplied) == 4
        for _ in range(3):
            multiplied.clear()
            ours.conversation(HOST, JOINER).start()
            assert len(multiplied) == 1
            seen.append(list(multiplied))
    scalars = [one for found in seen for one in found]
    assert len(set(scalars)) == len(scalars)
    assert not {scalar, L - scalar} & set(scalars)


def test_the_plain_package_multiplies_by_the_secret(multiplied: list[int]) -> None:
    """Once this fails, the blinding may go."""
    SPAKE2_A(b"otter-violin-maple", idA=HOST, idB=JOINER).start()
    assert ParamsEd25519.group.password_to_scalar(b"otter-violin-maple") in multiplied


@pytest.mark.parametrize("share", [0, 1, L - 1])
def test_the_ends_of_the_range_of_random_scalars(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ParamsEd25519.group), "random_scalar", lambda *_: share)
    host, joiner = blinded(PairingSide.HOST), blinded(PairingSide.JOINER)
    monkeypatch.undo()
    first, second = keys(host.conversation(HOST, JOINER), joiner.conversation(HOST, JOINER))
    assert first == second


def test_the_parts_of_the_package_that_are_used() -> None:
    assert version("spake2") == "0.9"
    assert Base.scalarmult(0) is Zero
    source = inspect.getsource(spake2.spake2)
    assert source.count("scalarmult(self.pw_scalar)") == 1
    assert source.count("scalarmult(-self.pw_scalar)") == 1
    assert source.count("self.my_blinding().scalarmult(self.pw_scalar)") == 1
    assert source.count("self.my_unblinding().scalarmult(-self.pw_scalar)") == 1
