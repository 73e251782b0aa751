import os
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from crdtnotes.errors import BadIdentity, DecodeError, LocalError
from crdtnotes.trust import device_id
from crdtnotes.trust.actors import ActorRecord, actor_of, new_actor
from crdtnotes.trust.certificate import read_certificate
from crdtnotes.trust.code import new_code, new_qr_code, read_code, written
from crdtnotes.trust.identity import home, own_identity
from crdtnotes.trust.signatures import head_is_signed, sign_head
from crdtnotes.trust.words import WORDS
from tests.trust.devices import VAULT, device

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


def test_an_identity_is_made_once(tmp_path: Path) -> None:
    first = own_identity(tmp_path)
    assert own_identity(tmp_path).id == first.id
    assert own_identity(tmp_path / "other").id != first.id


def test_two_processes_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = {identity.id for identity in pool.map(own_identity, [tmp_path] * 8)}
    assert len(ids) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["identity"]


@posix
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    identity = own_identity(tmp_path)
    folder = identity.tls_file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {entry.stat().st_mode & 0o777 for entry in folder.iterdir()} == {0o600}
    for name in ("keys", "tls.pem"):
        for mode in (0o644, 0o640, 0o620, 0o602):
            (folder / name).chmod(mode)
            with pytest.raises(BadIdentity, match="Others can read"):
                own_identity(tmp_path)
        (folder / name).chmod(0o600)
    assert own_identity(tmp_path) == identity


@posix
@pytest.mark.parametrize("name", ["keys", "tls.pem"])
def test_keys_of_another_user_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = own_identity(tmp_path).tls_file.parent
    monkeypatch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(BadIdentity, match="another user"):
        own_identity(tmp_path)
    monkeypatch.undo()
    (folder / name).unlink()
    os.mkfifo(folder / name, 0o600)
    with pytest.raises(BadIdentity, match="is not a file"):
        own_identity(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"x" * 64])
def test_damaged_keys_are_noticed(tmp_path: Path, damage: bytes) -> None:
    (own_identity(tmp_path).tls_file.parent / "keys").write_bytes(damage)
    with pytest.raises(BadIdentity, match="damaged"):
        own_identity(tmp_path)


def test_the_home_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRDTNOTES_HOME", str(tmp_path))
    assert home() == tmp_path


def test_the_certificate_works_with_ssl_and_is_valid_at_any_time(tmp_path: Path) -> None:
    identity = own_identity(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(identity.tls_file)
    found = x509.load_der_x509_certificate(identity.certificate)
    assert found.not_valid_before_utc.year == 1970
    assert found.not_valid_after_utc.year == 9999


def test_the_device_id_fixes_all_keys(tmp_path: Path) -> None:
    a, b = device(tmp_path, "a"), device(tmp_path, "b")
    changed = a.certificate.replace(a.keys.signing, b.keys.signing)
    assert changed != a.certificate
    with pytest.raises(DecodeError):
        read_certificate(changed)
    for other in (b"", b"\x30", a.certificate[:-1], a.certificate + b"\0", bytes(2000)):
        with pytest.raises(DecodeError):
            read_certificate(other)


def test_a_shown_device_id_is_read_back(tmp_path: Path) -> None:
    id = device(tmp_path, "a").id
    text = device_id.shown(id)
    assert [len(group) for group in text.split("-")] == [7] * 8
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("O", "0").replace("I", "1")):
        assert device_id.read(typed) == id
    assert device_id.begins(id, text[:10])
    assert not device_id.begins(id, "")
    swapped = text[1] + text[0] + text[2:]
    if swapped != text:
        with pytest.raises(LocalError):
            device_id.read(swapped)
    with pytest.raises(LocalError):
        device_id.read(text[:-1])


def test_an_actor_proves_which_device_owns_it(tmp_path: Path) -> None:
    a, b = device(tmp_path, "a"), device(tmp_path, "b")
    record = new_actor(a.keys.signing, os.urandom)
    assert record.proven
    assert 0 < record.actor < 2**63
    assert record != new_actor(a.keys.signing, os.urandom)
    assert not ActorRecord(record.actor, b.keys.signing, record.nonce).proven
    assert not ActorRecord(record.actor + 1, a.keys.signing, record.nonce).proven
    assert not ActorRecord(actor_of(a.keys.signing, b""), a.keys.signing, b"").proven


def test_a_head_is_signed_for_one_vault_stream_and_hash(tmp_path: Path) -> None:
    a, b = device(tmp_path, "a"), device(tmp_path, "b")
    head = (VAULT, 7, 3, bytes(16))
    signature = sign_head(a, *head)
    assert head_is_signed(signature, a.keys.signing, *head)
    assert not head_is_signed(signature, b.keys.signing, *head)
    assert not head_is_signed(signature, b"", *head)
    assert not head_is_signed(b"", a.keys.signing, *head)
    for other in (
        (bytes(16), 7, 3, bytes(16)),
        (VAULT, 8, 3, bytes(16)),
        (VAULT, 7, 4, bytes(16)),
        (VAULT, 7, 3, b"\1" * 16),
    ):
        assert not head_is_signed(signature, a.keys.signing, *other)


def test_codes_are_read_however_they_are_typed() -> None:
    assert len(WORDS) == len(set(WORDS)) == 256
    code = read_code("4821-otter-violin-maple")
    assert written(code) == "4821-otter-violin-maple"
    for typed in (
        " 4821 Otter VIOLIN maple\n",
        "４８２１－ｏｔｔｅｒ－violin—maple",
        "4821, otter, violin, maple",
    ):
        assert read_code(typed) == code
    made = new_code(os.urandom)
    assert read_code(written(made)) == made
    scanned = new_qr_code(17, "[fe80::1]:4822", bytes(range(32)), os.urandom)
    assert read_code(written(scanned)) == scanned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4821",
        "4821-otter-violin",
        "otter-violin-maple-4821",
        "48210-otter-violin-maple",
        "4821-otter-violin-系统",
    ],
)
def test_text_that_is_not_a_code_is_reported(text: str) -> None:
    with pytest.raises(LocalError, match="code"):
        read_code(text)


def test_trust_loads_nothing_heavy() -> None:
    code = (
        "import sys, crdtnotes.trust.pairing, crdtnotes.trust.membership, crdtnotes.trust.identity;"
        "print([n for n in ('cryptography', 'spake2', 'zeroconf', 'ssl', 'asyncio') if n in sys.modules])"
    )
    root = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert out.stdout.strip() == "[]"
