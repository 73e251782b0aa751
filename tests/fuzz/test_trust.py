"""Invalid input for the code that decides about devices: records, pairing, bundles signed by a member."""

import hashlib
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from random import Random

import msgspec
import pytest

from crdtnotes.changes import messages
from crdtnotes.errors import DecodeError, RemoteError
from crdtnotes.store import Replica
from crdtnotes.sync.peers.bundle import apply_bundle
from crdtnotes.trust import records, sealing
from crdtnotes.trust.certificate import read_certificate
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.records import (
    MAX_EPOCH,
    Add,
    Body,
    Grant,
    Keep,
    Name,
    Record,
    Remark,
    Revoke,
    decode_record,
    printable_name,
    sign_record,
)
from crdtnotes.trust.roles import Role
from crdtnotes.trust.sealing import seal
from crdtnotes.trust.signatures import SIGNATURE_BYTES
from tests.fuzz.corpus import Corpus, build
from tests.fuzz.mutator import Mutator
from tests.simulation.identities import certificate
from tests.sync.laptops import pair
from tests.sync.wire import Wire, settle
from tests.trust.devices import VAULT, added, device, founded, granted, holding, named, remarked, revoked
from tests.trust.test_certificate import unloadable
from tests.trust.test_pairing import host_of, joiner_of

RECORDS = 2000

HOSTILE_RECORDS = 300


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return build(tmp_path_factory.mktemp("corpus"), 1)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_mutated_records_leave_the_members_intact(tmp_path: Path, corpus: Corpus) -> None:
    """Most of them are signed by a member, but their content is still wrong."""
    one, two = device(tmp_path, "one"), device(tmp_path, "two")
    good = [founded(one), added(two, one), revoked(two, one), added(two, one, epoch=2)]
    good += [named(one, "one"), remarked(good[1], one), remarked(good[2], one, kept=(good[1],))]
    good += [granted(two, one, Role.READER, epoch=3, heads=((7, 1, bytes(16)),), kept=(good[1],))]
    good += [holding(two, one, ((7, 2, bytes(16)),))]
    mutator, random = Mutator(Random(1), corpus), Random(2)
    with closing(Replica.create(tmp_path / "v.db", "here", VAULT)) as replica:
        with replica.transaction():
            replica.members.adopt(good[0].digest, [record.data for record in good[:2]])
        before = replica.devices.records()
        taken = refused = 0
        for _ in range(RECORDS):
            record = random.choice(good)
            body = mutator.change_like(record.signed)
            data = (
                msgspec.msgpack.encode((body, one.sign(records._LABEL + body)))
                if random.random() < 0.8
                else mutator.change_like(record.data)
            )
            try:
                decode_record(data)
                taken += replica.devices.take_records([data])
            except DecodeError:
                refused += 1
            replica.devices.is_member(two.id)
        assert refused > RECORDS // 2
        assert set(before) <= set(replica.devices.records())
        assert replica.devices.is_member(one.id)
        assert taken


class HostileMember:
    """A member with devices of its own: signs records that are valid in form, and hostile in content."""

    def __init__(self, folder: Path, random: Random, honest: list[Identity]) -> None:
        self.own = [device(folder, f"hostile {number}") for number in range(4)]
        self._random = random
        self._honest = honest
        self._certificates = [one.certificate for one in (*self.own, *honest)]
        self._certificates += [certificate(300 + at, one.keys) for at, one in enumerate(honest)]
        self._certificates.append(certificate(310, honest[0].keys._replace(sealing=bytes(32))))
        self._certificates.append(unloadable(self.own[0].keys))
        self.signed: list[Record] = []

    def record(self) -> Record:
        random, by = self._random, self._random.choice(self.own)
        epoch, by_epoch = (random.choice((1, 1, 1, 2, 3, MAX_EPOCH)) for _ in range(2))
        name = random.choice(("laptop", "\u200bghost", "x" * 64, "电脑"))
        target = random.choice((*self.own, *self._honest[1:])).id
        digests = tuple(one.digest for one in random.sample(self.signed, min(3, len(self.signed))))
        heads = ((random.randint(1, 2**60), random.randint(1, 9), random.randbytes(16)),)
        body: Body
        match random.choice(("add", "add", "add", "grant", "keep", "revoke", "name", "remark")):
            case "add":
                body = Add(VAULT, random.choice(self._certificates), name, epoch, by.id, by_epoch)
            case "grant":
                certificate, role = random.choice(self._certificates), random.choice(list(Role))
                body = Grant(VAULT, certificate, name, epoch, role, by.id, by_epoch, heads, digests)
            case "keep":
                body = Keep(VAULT, target, by.id, by_epoch, heads)
            case "revoke":
                body = Revoke(VAULT, target, epoch, by.id, by_epoch, heads, digests)
            case "name":
                body = Name(VAULT, random.choice((by.id, target)), by_epoch, epoch, 5, printable_name(name))
            case _:
                about = random.choice(digests or (bytes(32),))
                body = Remark(VAULT, about, by.id, by_epoch, epoch, heads, digests)
        self.signed.append(sign_record(body, by))
        return self.signed[-1]


@pytest.mark.parametrize("seed", range(6))
def test_what_a_hostile_member_signs_leaves_replicas_equal_and_it_can_be_revoked(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    one, three = device(tmp_path, "one"), device(tmp_path, "three")
    hostile = HostileMember(tmp_path, random, [one, three])
    good = [founded(one), added(hostile.own[0], one), added(three, one), named(one, "one"), named(three, "3")]
    flood = [hostile.record().data for _ in range(HOSTILE_RECORDS)]
    for file, name in (("a", "one"), ("b", "three")):
        Replica.create(tmp_path / file, name, VAULT).close()
    with (
        closing(Replica(tmp_path / "a", identity=lambda: one)) as a,
        closing(Replica(tmp_path / "b", identity=lambda: three)) as b,
    ):
        for replica in (a, b):
            replica.devices.adopt(good[0].digest, [record.data for record in good])
            before = b""
            while replica.devices.records_digest() != before:
                before = replica.devices.records_digest()
                random.shuffle(flood)
                for at in range(0, len(flood), 7):
                    replica.devices.take_records(flood[at : at + 7])
        settle(Wire(a, b))
        assert a.devices.records_digest() == b.devices.records_digest()
        members = a.members.membership()
        assert members.members == b.members.membership().members
        assert members.is_active(one.id)
        assert members.members[one.id].name == "one"
        assert members.members[three.id].name == "three"
        a.devices.revoke(hostile.own[0].id, keep_added=False)
        settle(Wire(a, b))
        for replica in (a, b):
            assert not {own.id for own in hostile.own} & replica.devices.certificates().keys()
            assert replica.devices.is_member(one.id)
            replica.members.check()
            replica.devices.log()
    with closing(Replica(tmp_path / "b", identity=lambda: three)) as again:
        assert again.members.membership().is_active(one.id)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_with_any_bit_flipped(tmp_path: Path) -> None:
    """A stranger's certificate is read before anything is known about the stranger."""
    whole = device(tmp_path, "one").certificate
    for place in range(len(whole)):
        for bit in range(8):
            spoilt = whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
            with suppress(DecodeError):
                # Bits that DER does not use (in the byte before the signature) may have any value.
                assert read_certificate(spoilt) == read_certificate(whole)
        with pytest.raises(DecodeError):
            read_certificate(whole[:place])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_pairing_with_one_mutated_frame(tmp_path: Path, corpus: Corpus) -> None:
    mutator = Mutator(Random(3), corpus)
    for number in range(300):
        host, identity = host_of(tmp_path)
        joiner = joiner_of(tmp_path, identity)
        frames = count()
        moved = True
        while moved:
            moved = False
            for side, other in ((joiner, host), (host, joiner)):
                for frame in side.data_to_send():
                    moved = True
                    other.receive(mutator.change_like(frame) if next(frames) == number % 7 else frame)
        for side in (host, joiner):
            assert side.error is None or (isinstance(side.error, RemoteError) and str(side.error))
        assert joiner.welcome is None
        host.data_to_send()


def test_an_invalid_bundle_that_a_member_signed(tmp_path: Path, corpus: Corpus) -> None:
    ana, bo = pair(tmp_path)
    mutator = Mutator(Random(4), corpus)
    path = tmp_path / "bundle"
    replica = Replica(bo.path)
    try:
        receivers = [replica.members.membership().members[bo.identity.id]]
        before = replica.heads(), replica.devices.records()
        for _ in range(200):
            segments = [messages.encode(messages.Records(())), mutator.frame()]
            with path.open("wb") as out:
                seal(out, ana.identity, replica.vault_id, receivers, segments)
            with suppress(RemoteError):
                apply_bundle(replica, bo.identity, path)
            assert (replica.heads(), replica.devices.records()) == before
    finally:
        replica.close()


def test_an_invalid_header_that_a_member_signed(tmp_path: Path, corpus: Corpus) -> None:
    ana, bo = pair(tmp_path)
    mutator = Mutator(Random(5), corpus)
    path = tmp_path / "bundle"
    replica = Replica(bo.path)
    try:
        with path.open("wb") as out:
            receiver = replica.members.membership().members[bo.identity.id]
            seal(out, ana.identity, replica.vault_id, [receiver], [b""])
        whole = path.read_bytes()[:-SIGNATURE_BYTES]
        at = len(sealing.MAGIC) + 4
        length = int.from_bytes(whole[at - 4 : at], "big")
        for _ in range(300):
            header = mutator.change_like(whole[at : at + length])
            data = whole[: at - 4] + len(header).to_bytes(4, "big") + header + whole[at + length :]
            signature = ana.identity.sign(sealing._SIGNED + hashlib.sha256(data).digest())
            path.write_bytes(data + signature)
            with pytest.raises(RemoteError):
                apply_bundle(replica, bo.identity, path)
    finally:
        replica.close()
