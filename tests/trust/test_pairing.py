import re
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from crdtnotes.errors import DecodeError, PairingFailed, ProtocolError, VersionMismatch
from crdtnotes.trust.code import Code, new_code, new_qr_code
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.pairing import JoinerHello, PairingHost, PairingJoiner, Stage
from crdtnotes.trust.spake import BlindedSecret, PairingSide
from tests.trust.devices import VAULT, device

RIGHT = Code(4821, 0, b"otter-violin-maple")
WRONG = Code(4821, 0, b"otter-violin-mango")


def host_of(folder: Path, *codes: Code) -> tuple[PairingHost, Identity]:
    identity = device(folder, "host")
    known = [
        (code, BlindedSecret(PairingSide.HOST, code.secret, secrets.token_bytes))
        for code in codes or (RIGHT,)
    ]
    return PairingHost(known, identity, "ana", VAULT, secrets.token_bytes), identity


def joiner_of(folder: Path, seen: Identity, code: Code = RIGHT, vault: bytes | None = None) -> PairingJoiner:
    return PairingJoiner(code, device(folder, "joiner"), "波", seen.certificate, secrets.token_bytes, vault)


def talk(
    host: PairingHost, joiner: PairingJoiner, meddle: Callable[[bytes], bytes] = lambda frame: frame
) -> None:
    """Carry frames until there are no more; `meddle` may change the joiner's frames."""
    moved = True
    while moved:
        sent = joiner.data_to_send()
        for frame in sent:
            host.receive(meddle(frame))
        answers = host.data_to_send()
        for frame in answers:
            joiner.receive(frame)
        moved = bool(sent or answers)


def test_the_right_code_pairs(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner)
    assert host.stage is Stage.ASK
    assert (host.name, host.joiner) == ("波", device(tmp_path, "joiner").id)
    assert joiner.stage is Stage.ASK
    assert joiner.welcome is None
    assert re.fullmatch(r"\d{3} \d{3}", host.digits)
    assert joiner.digits == host.digits
    assert not host.agreed
    joiner.agree()
    talk(host, joiner)
    assert host.agreed
    host.accept(VAULT, bytes(32), [b"record"], 4821)
    talk(host, joiner)
    assert joiner.welcome is not None
    assert (joiner.welcome.vault, joiner.welcome.records, joiner.host_name) == (VAULT, (b"record",), "ana")
    joiner.finish()
    talk(host, joiner)
    assert host.closed
    assert host.error is None
    assert not host.burnt


def test_a_wrong_word_burns_the_code_and_learns_nothing(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity, WRONG)
    talk(host, joiner)
    assert host.burnt
    assert not host.confirmed
    assert isinstance(host.error, PairingFailed)
    assert isinstance(joiner.error, PairingFailed)
    assert joiner.welcome is None


def test_a_relay_in_the_middle_ends_in_a_mismatch(tmp_path: Path) -> None:
    """It carries every frame unchanged, but had to show its own certificate to the joiner."""
    host, _ = host_of(tmp_path)
    joiner = joiner_of(tmp_path, device(tmp_path, "relay"))
    talk(host, joiner)
    assert host.burnt
    assert not host.confirmed
    assert isinstance(joiner.error, PairingFailed)


def test_a_relay_that_swaps_the_joiners_certificate_ends_in_a_mismatch(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    relay = device(tmp_path, "relay")

    def swap(frame: bytes) -> bytes:
        fields = msgspec.msgpack.decode(frame)
        if fields[0] == 1:
            fields[6] = relay.certificate
        return msgspec.msgpack.encode(fields)

    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner, swap)
    assert host.burnt
    assert joiner.welcome is None


@pytest.mark.parametrize("frame", [b"", b"\xc1", b"\x91" * 5000, msgspec.msgpack.encode([3, b"A" * 33])])
def test_malformed_and_early_frames_do_not_burn(tmp_path: Path, frame: bytes) -> None:
    host, _ = host_of(tmp_path)
    host.receive(frame)
    assert host.closed
    assert isinstance(host.error, DecodeError | ProtocolError)
    assert not host.burnt
    assert host.data_to_send() == []


@pytest.mark.parametrize("element", [b"A" + bytes(32), b"B" + bytes(32), b"B" + b"\xff" * 32, b"Z" * 33])
def test_a_share_that_is_not_an_element_does_not_burn(tmp_path: Path, element: bytes) -> None:
    host, identity = host_of(tmp_path)
    (hello,) = joiner_of(tmp_path, identity).data_to_send()
    host.receive(hello)
    host.receive(msgspec.msgpack.encode([3, element]))
    assert isinstance(host.error, ProtocolError)
    assert not host.burnt


def test_silence_after_the_share_does_not_burn(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity, WRONG)
    for _ in range(2):
        for frame in joiner.data_to_send():
            host.receive(frame)
        for frame in host.data_to_send():
            joiner.receive(frame)
    assert host.stage is Stage.CONFIRM
    assert not host.burnt


@pytest.mark.parametrize(("oldest", "newest"), [(3, 9), (1, 1), (9, 2)])
def test_a_downgraded_protocol_is_refused(tmp_path: Path, oldest: int, newest: int) -> None:
    host, _ = host_of(tmp_path)
    hello = JoinerHello(oldest, newest, 4821, 0, "x", device(tmp_path, "joiner").certificate, bytes(32))
    host.receive(msgspec.msgpack.encode(hello))
    assert isinstance(host.error, VersionMismatch)


def test_the_confirmation_covers_the_offered_versions(tmp_path: Path) -> None:
    """Narrowing the range that the joiner offers makes the transcripts differ."""
    host, identity = host_of(tmp_path)

    def narrow(frame: bytes) -> bytes:
        fields = msgspec.msgpack.decode(frame)
        if fields[0] == 1:
            fields[2] = 7
        return msgspec.msgpack.encode(fields)

    talk(host, joiner_of(tmp_path, identity), narrow)
    assert host.burnt


def test_the_number_of_another_pairing_does_not_burn(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity, Code(1, 0, b"otter-violin-maple"))
    talk(host, joiner)
    assert host.closed
    assert not host.burnt


def test_a_qr_code_pairs_and_knows_its_host(tmp_path: Path) -> None:
    identity = device(tmp_path, "host")
    code = new_code(secrets.token_bytes)
    scanned = new_qr_code(code.number, "10.0.0.1:4822", identity.id, secrets.token_bytes)
    host, _ = host_of(tmp_path, code, scanned)
    joiner = joiner_of(tmp_path, identity, scanned)
    talk(host, joiner)
    assert host.stage is Stage.ASK
    misled = joiner_of(tmp_path, device(tmp_path, "relay"), scanned)
    assert misled.closed
    assert misled.data_to_send() == []


def test_the_person_can_decline(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner)
    host.decline()
    talk(host, joiner)
    assert isinstance(joiner.error, PairingFailed)
    assert joiner.welcome is None
    assert host.burnt


def test_a_joiner_with_another_vault_stops_before_guessing(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity, vault=bytes(16))
    talk(host, joiner)
    assert "different vault" in str(joiner.error)
    assert not host.burnt


def test_a_stolen_signing_key_is_not_enough(tmp_path: Path) -> None:
    """A Proof that was not made with the key in the certificate ends the pairing."""
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner, lambda f: f if f[1] != 5 else msgspec.msgpack.encode([5, bytes(64), bytes(32)]))
    assert isinstance(host.error, ProtocolError)
    assert host.stage is Stage.CLOSED


# -- the digits


def swapped(name: str, tmp_path: Path) -> tuple[PairingHost, PairingJoiner]:
    """Both ends of somebody in the middle who knows the secret: it speaks with both for itself."""
    host, identity = host_of(tmp_path)
    middle_host = PairingHost(
        [(RIGHT, BlindedSecret(PairingSide.HOST, RIGHT.secret, secrets.token_bytes))],
        device(tmp_path, name),
        "ana",
        VAULT,
        secrets.token_bytes,
    )
    joiner = joiner_of(tmp_path, device(tmp_path, name))
    middle_joiner = PairingJoiner(
        RIGHT, device(tmp_path, name), "波", identity.certificate, secrets.token_bytes
    )
    talk(middle_host, joiner)
    talk(host, middle_joiner)
    return host, joiner


def test_somebody_in_the_middle_who_knows_the_code_shows_other_digits(tmp_path: Path) -> None:
    seen = {swapped("middle", tmp_path) for _ in range(4)}
    assert all(host.stage is joiner.stage is Stage.ASK for host, joiner in seen)
    # By chance all four would agree once in 10^24.
    assert any(host.digits != joiner.digits for host, joiner in seen)


def test_digits_are_fixed_before_the_joiner_shows_what_they_depend_on(tmp_path: Path) -> None:
    """Another opening than the one that the Hello committed to ends the pairing."""
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)

    def open_otherwise(frame: bytes) -> bytes:
        fields = msgspec.msgpack.decode(frame)
        return msgspec.msgpack.encode([5, fields[1], bytes(32)]) if fields[0] == 5 else frame

    talk(host, joiner, open_otherwise)
    assert isinstance(host.error, ProtocolError)
    assert host.digits == ""
    assert not host.burnt


def test_digits_are_new_in_each_conversation(tmp_path: Path) -> None:
    shown = set()
    for _ in range(4):
        host, identity = host_of(tmp_path)
        talk(host, joiner_of(tmp_path, identity))
        shown.add(host.digits)
    assert len(shown) > 1


def test_the_joiners_person_can_refuse(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner)
    joiner.decline()
    talk(host, joiner)
    assert isinstance(joiner.error, PairingFailed)
    assert isinstance(host.error, PairingFailed)
    assert host.burnt
    assert host.closed


def test_nothing_but_one_agreement_or_a_refusal_comes_while_the_person_is_asked(tmp_path: Path) -> None:
    for frames in ([[7]], [[9], [9]], [[5, bytes(64), bytes(32)]], [[6, bytes(16), bytes(32), [], 1]]):
        host, identity = host_of(tmp_path)
        talk(host, joiner_of(tmp_path, identity))
        for frame in frames:
            host.receive(msgspec.msgpack.encode(frame))
        assert isinstance(host.error, ProtocolError)
        assert not host.burnt


def test_a_welcome_before_the_joiners_person_agreed_is_out_of_turn(tmp_path: Path) -> None:
    host, identity = host_of(tmp_path)
    joiner = joiner_of(tmp_path, identity)
    talk(host, joiner)
    host.accept(VAULT, bytes(32), [b"record"], 4821)
    talk(host, joiner)
    assert isinstance(joiner.error, ProtocolError)
    assert joiner.welcome is None
