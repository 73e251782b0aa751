import itertools
import random

import pytest

from crdtnotes.errors import DecodeError
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, Record, decode_record, sign_record
from tests.trust.devices import VAULT, added, device, founded, revoked


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> list[Identity]:
    folder = tmp_path_factory.mktemp("devices")
    return [device(folder, name) for name in "abcd"]


def active(root: Record, *records: Record) -> set[bytes]:
    return set(Membership(VAULT, root.digest, [root, *records]).active)


def test_a_device_that_a_member_added_belongs(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    assert active(founded(a), added(b, a), added(c, b)) == {a.id, b.id, c.id}


def test_a_record_without_its_signer_does_not_count(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    assert active(founded(a), added(c, b)) == {a.id}


def test_another_founder_does_not_count(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    assert active(founded(a), founded(b), added(c, b)) == {a.id}


def test_records_of_another_vault_do_not_count(devices: list[Identity]) -> None:
    a, b, _, _ = devices
    assert active(founded(a), added(b, a, vault=bytes(16))) == {a.id}


def test_a_signature_by_another_key_does_not_count(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    forged = sign_record(Add(VAULT, c.certificate, "c", 1, a.id, 1), b)
    assert active(founded(a), added(b, a), forged) == {a.id, b.id}


def test_a_revoked_device_is_out_and_so_are_devices_it_added(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    to_c = added(c, b)
    assert active(founded(a), added(b, a), to_c, revoked(b, a)) == {a.id}
    assert active(founded(a), added(b, a), to_c, revoked(b, a, kept=(to_c,))) == {a.id, c.id}


def test_devices_added_by_a_struck_device_are_out_too(devices: list[Identity]) -> None:
    a, b, c, d = devices
    assert active(founded(a), added(b, a), added(c, b), added(d, c), revoked(b, a)) == {a.id}


def test_only_a_new_pairing_brings_a_device_back(devices: list[Identity]) -> None:
    a, b, _, _ = devices
    gone = [founded(a), added(b, a), revoked(b, a)]
    assert active(*gone, added(b, a, name="other words, same epoch")) == {a.id}
    assert active(*gone, added(b, b, epoch=2)) == {a.id}
    assert active(*gone, added(b, a, epoch=2)) == {a.id, b.id}
    assert active(*gone, added(b, a, epoch=2), revoked(b, a, epoch=2)) == {a.id}


def test_an_add_is_struck_if_one_revocation_does_not_keep_it(devices: list[Identity]) -> None:
    a, b, c, d = devices
    to_d = added(d, b)
    everybody = [founded(a), added(b, a), added(c, a), to_d]
    assert active(*everybody, revoked(b, a, kept=(to_d,)), revoked(b, c)) == {a.id, c.id}


def test_the_order_of_arrival_makes_no_difference(devices: list[Identity]) -> None:
    a, b, c, d = devices
    root = founded(a)
    records = [
        root,
        added(b, a),
        added(c, b),
        added(c, a, name="c again"),
        added(d, c),
        revoked(b, c),
        revoked(a, b),
        added(b, c, epoch=2),
    ]
    expected = Membership(VAULT, root.digest, records).members
    seed = random.randrange(2**32)
    shuffling = random.Random(seed)
    for _ in range(50):
        shuffling.shuffle(records)
        held: list[Record] = []
        for record in records:
            held = [*Membership(VAULT, root.digest, [*held, record]).rooted.values(), *held, record]
        assert Membership(VAULT, root.digest, held).members == expected, f"seed {seed}"


def test_more_records_never_bring_a_revoked_device_back(devices: list[Identity]) -> None:
    """No records added to a set with a revocation bring the device back, except a new pairing."""
    a, b, c, d = devices
    base = [founded(a), added(b, a), added(c, a), revoked(b, c)]
    more = [revoked(c, a), revoked(a, c), added(b, d), added(d, b), added(c, b), revoked(c, b)]
    for count in range(len(more) + 1):
        for chosen in itertools.combinations(more, count):
            assert b.id not in active(*base, *chosen)


def test_each_record_comes_after_its_signers_record(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    root = founded(a)
    records = [revoked(b, c), added(c, b), added(b, a), root]
    rooted = list(Membership(VAULT, root.digest, records).rooted.values())
    known = {a.id}
    for record in rooted:
        assert record.body.by in known
        known.add(record.body.device)
    assert len(rooted) == 4


def test_records_are_read_back(devices: list[Identity]) -> None:
    a, b, _, _ = devices
    for record in (founded(a, "阿娜"), revoked(b, a)):
        again = decode_record(record.data)
        assert again == record
        assert again.signed_by(a.keys.signing)
        assert not again.signed_by(b.keys.signing)


def test_bytes_that_are_not_a_record_are_refused(devices: list[Identity]) -> None:
    good = founded(devices[0]).data
    for bad in (b"", good + b"\0", good[:-1], b"\x91" * 50_000, b"\x92\xc4\x00\xc4\x00", bytes(70_000)):
        with pytest.raises(DecodeError):
            decode_record(bad)
    with pytest.raises(DecodeError, match="control"):
        decode_record(founded(devices[0], "a\x1b[1m").data)
