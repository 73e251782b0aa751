import itertools
import random
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crdtnotes.errors import DecodeError, TooLarge
from crdtnotes.trust.certificate import make_certificate
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.member_log import member_log
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import (
    MAX_EPOCH,
    Add,
    Found,
    Name,
    Record,
    Revoke,
    decode_record,
    printable_name,
    sign_record,
)
from crdtnotes.trust.signatures import sign_head
from tests.trust.devices import VAULT, added, device, founded, named, remarked, revoked, unchecked


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
        if isinstance(record.body, Add):
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
        decode_record(unchecked(Found(VAULT, devices[0].certificate, "a\x1b[1m", ()), devices[0]))


# -- a signing key belongs to one device


def twin(whose: Identity) -> bytes:
    """A certificate with its own TLS key and the further keys of another device."""
    return make_certificate(ec.generate_private_key(ec.SECP256R1()), whose.keys)


def adding(certificate: bytes, by: Identity, name: str = "twin") -> Record:
    return sign_record(Add(VAULT, certificate, name, 1, by.id, 1), by)


HEAD = (5, 1, bytes(16))


def may_write(records: list[Record], whose: Identity) -> bool:
    membership = Membership(VAULT, records[0].digest, records)
    signature = sign_head(whose, VAULT, *HEAD)
    return membership.covers(whose.keys.signing, *HEAD, signature)


@pytest.mark.parametrize("named_first", [True, False])
def test_a_revoked_signing_key_does_not_count_for_a_twin_of_its_device(
    devices: list[Identity], named_first: bool
) -> None:
    """A member adds a device with the signing key of a device that was revoked."""
    a, b, c, _ = devices
    copy = twin(b)
    records = [founded(a), added(b, a), added(c, a), adding(copy, c)]
    if named_first:
        records.append(named(b, "b"))
    assert may_write(records, b)
    records.append(revoked(b, a))
    assert not may_write(records, b)
    membership = Membership(VAULT, records[0].digest, records)
    assert set(membership.active) == {a.id, c.id}
    # The device itself can come back.
    records.append(added(b, a, epoch=2))
    assert may_write(records, b)


def test_a_key_belongs_to_the_device_that_has_named_itself_with_it(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    copy = twin(b)
    base = [founded(a), added(b, a), added(c, a), adding(copy, c)]
    assert set(Membership(VAULT, base[0].digest, base).active) == {a.id, b.id, c.id, device_id(copy)}
    base.append(named(b, "b"))
    assert set(Membership(VAULT, base[0].digest, base).active) == {a.id, b.id, c.id}
    # Revoking the twin revokes nobody.
    revoke = sign_record(Revoke(VAULT, device_id(copy), 1, c.id, 1, (), ()), c)
    assert b.id in Membership(VAULT, base[0].digest, [*base, revoke]).active


def test_only_a_device_itself_can_name_itself(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    base = [founded(a), added(b, a, name="b"), added(c, a)]
    forged = sign_record(Name(VAULT, b.id, 1, 9, 1, "evil"), c)
    membership = Membership(VAULT, base[0].digest, [*base, forged])
    assert membership.members[b.id].name == "b"
    assert membership.unexplained() == [forged]


# -- names


def test_a_device_is_called_what_it_calls_itself(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    base = [founded(a), added(b, a, name="laptop"), added(c, a), named(b, "bo", 1), named(b, "bo's", 2)]
    rename = [added(b, c, name="evil"), added(b, a, name="~~~"), added(b, c, name="z", epoch=2)]
    for count in range(len(rename) + 1):
        for chosen in itertools.permutations(rename, count):
            membership = Membership(VAULT, base[0].digest, [*chosen, *base])
            assert membership.members[b.id].name == "bo's"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("lap\u200btop\u202e", "lap top"),
        ("\ufeff", "unnamed"),
        ("a\U000e0041b", "a b"),
        ("a   b\u00a0", "a b"),
        ("é" * 100, "é" * 64),
        ("电脑\u2028", "电脑"),
    ],
)
def test_a_name_shows_all_that_it_holds(devices: list[Identity], name: str, shown: str) -> None:
    a, b, _, _ = devices
    assert printable_name(name) == shown
    with pytest.raises(DecodeError):
        decode_record(unchecked(Name(VAULT, b.id, 1, 1, 1, name), b))
    # An Add of an earlier version may hold it; what is shown does not.
    if not set(name) & {"\u202e", "\u2028"} and len(name) <= 64:
        membership = Membership(VAULT, founded(a).digest, [founded(a), added(b, a, name=name)])
        assert membership.members[b.id].name == shown


# -- epochs


def test_epochs_do_not_jump(devices: list[Identity]) -> None:
    """A revocation up to the last epoch would keep a device out for ever, and nothing could be said of it."""
    a, b, c, _ = devices
    base = [founded(a), added(b, a), added(c, a)]
    for jump in (2, 65535, MAX_EPOCH):
        for record in (revoked(b, c, epoch=jump), added(b, c, epoch=min(jump + 1, MAX_EPOCH))):
            membership = Membership(VAULT, base[0].digest, [*base, record])
            assert membership.is_active(b.id)
            assert membership.next_epoch(b.id) == 2
            # Earlier versions kept such a record, so it is no sign of damage.
            assert membership.unexplained() == []
    again = [*base, revoked(b, c), added(b, a, epoch=2), revoked(b, c, epoch=3)]
    assert Membership(VAULT, base[0].digest, again).is_active(b.id)
    assert Membership(VAULT, base[0].digest, again).next_epoch(b.id) == 3


def test_a_record_that_nobody_would_read_is_not_signed(devices: list[Identity]) -> None:
    a, b, _, _ = devices
    with pytest.raises(TooLarge):
        sign_record(Add(VAULT, b.certificate, "b", MAX_EPOCH + 1, a.id, 1), a)


# -- how much one device can say


def test_the_adds_of_a_device_that_count_are_bounded(
    devices: list[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c, d = devices
    monkeypatch.setattr("crdtnotes.trust.membership.MAX_ADDS", 3)
    keys = b.keys
    flood = [adding(make_certificate(ec.generate_private_key(ec.SECP256R1()), keys), b) for _ in range(9)]
    base = [founded(a), added(b, a), added(c, a), added(d, c), named(b, "b")]
    expected = Membership(VAULT, base[0].digest, [*base, *flood])
    assert {a.id, b.id, c.id, d.id} <= set(expected.active)
    assert len(expected._counted) == 1 + 2 + 1 + 3
    shuffling = random.Random(5)
    for _ in range(20):
        records = [*base, *flood]
        shuffling.shuffle(records)
        assert Membership(VAULT, base[0].digest, records).members == expected.members
    # What a device signs counts even if it is beyond that: a revocation, above all.
    for record in (revoked(b, a), revoked(b, c), revoked(b, d)):
        assert not Membership(VAULT, base[0].digest, [*base, *flood, record]).is_active(b.id)


def test_a_revocation_keeps_what_its_signers_remarks_name(devices: list[Identity]) -> None:
    a, b, c, d = devices
    to_c, to_d = added(c, b), added(d, b)
    revoke = revoked(b, a, kept=(to_c,))
    base = [founded(a), added(b, a), to_c, to_d, revoke]
    assert set(Membership(VAULT, base[0].digest, base).active) == {a.id, c.id}
    more = remarked(revoke, a, kept=(to_d,))
    for records in ([*base, more], [more, *reversed(base)]):
        assert set(Membership(VAULT, base[0].digest, records).active) == {a.id, c.id, d.id}
    # Only the signer of the revocation can say so, and only while it is not revoked itself.
    forged = remarked(revoke, c, kept=(to_d,))
    assert set(Membership(VAULT, base[0].digest, [*base, forged]).active) == {a.id, c.id}
    gone = [*base, revoked(a, c), more]
    assert d.id not in Membership(VAULT, base[0].digest, gone).active


def test_an_introduction_stands_on_its_own(devices: list[Identity]) -> None:
    a, b, c, d = devices
    records = [
        founded(a),
        added(b, a),
        added(c, a),
        revoked(b, c),
        added(b, c, epoch=2),
        added(d, b, by_epoch=2),
    ]
    shown = Membership(VAULT, records[0].digest, records).introduction(d.id)
    assert [record.digest for record in shown] == [records[at].digest for at in (0, 1, 2, 4, 5)]
    assert Membership(VAULT, records[0].digest, shown).is_active(d.id)


def test_who_is_there_only_because_of_a_device(devices: list[Identity]) -> None:
    a, b, c, d = devices
    base = [founded(a), added(b, a), added(c, b), added(d, c)]
    membership = Membership(VAULT, base[0].digest, base)
    assert {member.id for member in membership.let_in_by(b.id)} == {c.id, d.id}
    membership = Membership(VAULT, base[0].digest, [*base, added(d, a)])
    assert {member.id for member in membership.let_in_by(b.id)} == {c.id}
    assert membership.let_in_by(d.id) == []


# -- the log


def test_a_claimed_time_changes_no_causal_order(devices: list[Identity]) -> None:
    a, b, c, d = devices
    root = founded(a)
    to_b, to_c, again = added(b, a), added(c, b), added(c, a, epoch=2)
    end, beside = revoked(c, a), added(d, a)
    records = [root, to_b, to_c, end, again, beside, named(c, "c's", number=1)]
    claims = {root: 500, to_b: 900, to_c: 1, end: 950, again: 2, beside: 700}
    remarks = [remarked(record, b if record is to_c else a, time=time) for record, time in claims.items()]
    seed = random.randrange(2**32)
    shuffling = random.Random(seed)
    every = [*records, *remarks]
    expected = member_log(Membership(VAULT, root.digest, every))
    for _ in range(20):
        shuffling.shuffle(every)
        assert member_log(Membership(VAULT, root.digest, every)) == expected, f"seed {seed}"
    happened = [(event.kind, event.device, event.time) for event in expected]
    assert happened == [
        ("founded", a.id, 500),
        ("added", d.id, 700),
        ("added", b.id, 900),
        ("added", c.id, 1),
        ("added", c.id, 2),
        ("revoked", c.id, 950),
        ("named", c.id, 1000),
    ]


def test_the_log_of_records_without_times(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    root = founded(a)
    records = [root, added(b, a), added(c, b), revoked(b, a), added(b, a, epoch=2)]
    log = member_log(Membership(VAULT, root.digest, records))
    assert [event.time for event in log] == [None] * 5
    assert [(event.kind, event.counts) for event in log if event.device == c.id] == [("added", False)]
    assert [event.kind for event in log if event.device == b.id] == ["added", "revoked", "added"]


def test_the_log_does_not_depend_on_the_order_of_arrival(devices: list[Identity]) -> None:
    a, b, c, _ = devices
    root, first = founded(a), added(b, a)
    # Two add the same device; its own name needs only one of them, and others need either.
    twice = [added(c, a), added(c, b)]
    others = [named(c, "c's"), revoked(c, a), added(c, b, epoch=2)]
    claims = [remarked(twice[0], a, time=2000), remarked(twice[1], b, time=5)]
    expected = member_log(Membership(VAULT, root.digest, [root, first, *twice, *others, *claims]))
    for arrived in itertools.permutations([first, *twice, *others]):
        assert member_log(Membership(VAULT, root.digest, [root, *arrived, *claims])) == expected


def test_a_revocation_ends_a_twin_although_a_struck_record_added_the_device_later(
    devices: list[Identity],
) -> None:
    a, b, _, d = devices
    other = twin(b)
    base = [
        founded(a),
        added(d, a),
        sign_record(Add(VAULT, other, "twin", 1, a.id, 1), a),
        added(b, d),
        revoked(b, a),
    ]
    again = [added(b, d, epoch=2), revoked(d, a)]
    for records in (base, base + again):
        membership = Membership(VAULT, records[0].digest, records)
        assert not membership.is_active(device_id(other))
        assert not membership.may_have_written(b.keys.signing, 1, 1, bytes(16))


def test_hundreds_of_devices_with_one_key_are_each_looked_at_once(devices: list[Identity]) -> None:
    a, b, *_ = devices
    twins = 300
    adds = [sign_record(Add(VAULT, twin(b), "twin", 1, a.id, 1), a) for _ in range(twins)]
    membership = Membership(VAULT, founded(a).digest, [founded(a), added(b, a), *adds])
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        active = len(membership.active)
    finally:
        sys.setprofile(None)
    assert active == twins + 2
    assert calls < 100 * twins
