from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from crdtnotes.errors import CrdtnotesError, DecodeError, MissingChanges, NotAMember, NotPaired, VaultExists
from crdtnotes.store import Replica
from crdtnotes.sync.peers.bundle import apply_bundle, create_bundle
from crdtnotes.sync.session import groups
from crdtnotes.trust import sealing
from crdtnotes.trust.sealing import read_header
from crdtnotes.trust.signatures import SIGNATURE_BYTES
from tests.sync.laptops import Laptop, founder, pair


def bundle(source: Laptop, path: Path, *receivers: Laptop, since: dict[int, int] | None = None) -> Path:
    replica = Replica(source.path)
    try:
        members = replica.members.membership().members
        chosen = [members[one.identity.id] for one in receivers]
        create_bundle(replica, source.identity, path, chosen, since or {})
    finally:
        replica.close()
    return path


def apply(laptop: Laptop, path: Path) -> int:
    replica = Replica(laptop.path)
    try:
        return apply_bundle(replica, laptop.identity, path).changes
    finally:
        replica.close()


def test_a_bundle_brings_new_changes(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    ana.write("zh/系统", "见 [[CAP]] " * 1000)
    path = bundle(ana, tmp_path / "b", bo)
    assert apply(bo, path) == 2
    assert apply(bo, path) == 0
    assert bo.names() == ["from ana", "from bo", "zh/系统"]


def test_a_large_bundle_is_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the changes held back until their signatures come are bounded, not the bundle."""
    ana, bo = pair(tmp_path)
    random = Random(1)
    ana.write("large", "".join(chr(random.randint(0x4E00, 0x9FA5)) for _ in range(15_000)))
    path = bundle(ana, tmp_path / "b", bo)
    monkeypatch.setattr(groups, "_MAX_BYTES", 40_000)
    assert path.stat().st_size > 20_000
    assert apply(bo, path) == 2
    monkeypatch.setattr(groups, "_MAX_BYTES", 20_000)
    with pytest.raises(DecodeError, match="too many changes"):
        apply(bo, path)


def test_others_cannot_read_a_bundle(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    path = bundle(ana, tmp_path / "b", bo)
    data = path.read_bytes()
    assert b"from ana" not in data
    replica = Replica(ana.path)
    assert replica.vault_id not in data
    replica.close()
    with pytest.raises(DecodeError, match="another device"):
        apply(cem, path)


def test_every_flipped_byte_and_every_truncation_is_noticed(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    data = bundle(ana, tmp_path / "b", bo).read_bytes()
    bad = tmp_path / "bad"
    for place in range(0, len(data), max(1, len(data) // 60)):
        for changed in (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], data[:place]):
            bad.write_bytes(changed)
            with pytest.raises((DecodeError, NotAMember)):
                apply(bo, bad)
    assert bo.names() == ["from bo"]


def test_a_bundle_from_a_stranger_or_a_revoked_device_is_refused(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    path = bundle(bo, tmp_path / "b", ana)
    ana.revoke(bo)
    with pytest.raises(NotAMember):
        apply(ana, path)
    assert ana.names() == ["from ana"]
    with pytest.raises(NotAMember):
        apply(founder(tmp_path, "other"), path)


def test_a_bundle_brings_records_about_devices_too(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    apply(bo, bundle(ana, tmp_path / "b", bo))
    replica = Replica(bo.path)
    assert replica.devices.is_member(cem.identity.id)
    replica.close()


def test_a_bundle_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    replica = Replica(ana.path)
    since = dict(replica.version())
    replica.close()
    ana.write("second")
    with pytest.raises(MissingChanges, match="--since"):
        apply(bo, bundle(ana, tmp_path / "b", bo, since=since))
    assert bo.names() == ["from bo"]


def test_bundles_overwrite_nothing_and_need_receivers(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    path = bundle(ana, tmp_path / "b", bo)
    with pytest.raises(VaultExists):
        bundle(ana, path, bo)
    with pytest.raises(NotPaired):
        bundle(ana, tmp_path / "c")
    with pytest.raises(CrdtnotesError):
        apply(bo, tmp_path / "nowhere")


def test_a_bundle_says_from_whom_and_for_whom_it_is(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    path = bundle(ana, tmp_path / "b", bo, cem)
    with path.open("rb") as source:
        header = read_header(source)
    assert header.sender == ana.identity.id
    assert header.receivers == (bo.identity.id, cem.identity.id)
    replica = Replica(bo.path)
    try:
        summary = apply_bundle(replica, bo.identity, path)
    finally:
        replica.close()
    assert (summary.sender, summary.receivers) == header


def test_a_receiver_cannot_readdress_a_bundle(tmp_path: Path) -> None:
    """A receiver replaces the sender in the header, or the receiver, and signs with its own key."""
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    apply(cem, bundle(ana, tmp_path / "first", cem))
    path = bundle(ana, tmp_path / "b", bo)
    before = cem.names()
    for change in ((ana.identity.id, bo.identity.id), (bo.identity.id, cem.identity.id)):
        data = path.read_bytes()[:-SIGNATURE_BYTES].replace(*change)
        (tmp_path / "forged").write_bytes(data + bo.identity.sign(sealing._SIGNED + sha256(data).digest()))
        for reader in (bo, cem):
            with pytest.raises((DecodeError, NotAMember)):
                apply(reader, tmp_path / "forged")
    assert cem.names() == before


def test_a_header_that_names_a_receiver_twice_is_refused(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    replica = Replica(ana.path)
    member = replica.members.membership().members[bo.identity.id]
    with (tmp_path / "b").open("wb") as out:
        sealing.seal(out, ana.identity, replica.vault_id, [member, member], [b""])
    replica.close()
    with pytest.raises(DecodeError, match="twice"):
        apply(bo, tmp_path / "b")


def test_a_receiver_with_a_weak_key_is_left_out(tmp_path: Path) -> None:
    """No such device is a member; if it were, the others would still get their bundle."""
    ana, bo = pair(tmp_path)
    replica = Replica(ana.path)
    member = replica.members.membership().members[bo.identity.id]
    weak = member._replace(id=bytes(32), keys=member.keys._replace(sealing=bytes(32)))
    with (tmp_path / "b").open("wb") as out:
        assert sealing.seal(out, ana.identity, replica.vault_id, [weak, member], [b""]) == [member]
    with (tmp_path / "c").open("wb") as out, pytest.raises(NotPaired):
        sealing.seal(out, ana.identity, replica.vault_id, [weak], [b""])
    replica.close()
