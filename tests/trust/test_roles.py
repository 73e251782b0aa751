"""Roles: which records count, whoever signed them, and in whatever order they come."""

import random
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.errors import DecodeError
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.member_log import member_log
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, Body, Grant, Keep, Record, Remark, Revoke, decode_record, sign_record
from crdtnotes.trust.roles import Role
from crdtnotes.trust.signatures import sign_head
from tests.trust.devices import (
    VAULT,
    added,
    device,
    founded,
    granted,
    holding,
    named,
    remarked,
    revoked,
    unchecked,
)

READER, WRITER, OWNER = Role
ACTOR = 7


def hashed(seq: int, branch: int = 0) -> bytes:
    return bytes([branch]) * 12 + seq.to_bytes(4, "big")


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> list[Identity]:
    folder = tmp_path_factory.mktemp("devices")
    return [device(folder, name) for name in "abcde"]


def roles(*records: Record) -> dict[bytes, Role]:
    membership = Membership(VAULT, records[0].digest, records)
    return {id: member.role for id, member in membership.active.items()}


def accepts(membership: Membership, who: Identity, seq: int, branch: int = 0) -> bool:
    digest = hashed(seq, branch)
    signature = sign_head(who, VAULT, ACTOR, seq, digest)
    return membership.covers(who.keys.signing, ACTOR, seq, digest, signature)


def test_a_device_is_added_with_a_role(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    found = roles(founded(a), granted(b, a, WRITER), granted(c, a, READER), granted(d, a, OWNER))
    assert found == {a.id: OWNER, b.id: WRITER, c.id: READER, d.id: OWNER}


def test_whoever_was_added_without_a_role_is_an_owner(devices: list[Identity]) -> None:
    a, b, c, *_ = devices
    assert roles(founded(a), added(b, a), granted(c, b, READER)) == {a.id: OWNER, b.id: OWNER, c.id: READER}


@pytest.mark.parametrize("role", [WRITER, READER])
def test_only_owners_add_revoke_and_change_roles(devices: list[Identity], role: Role) -> None:
    a, b, c, d, _ = devices
    base = [founded(a), granted(b, a, role), added(c, a)]
    signed = [
        added(d, b),
        granted(d, b, READER),
        granted(c, b, READER, epoch=2),
        granted(b, a, OWNER, epoch=2),
        revoked(c, b),
        revoked(a, b),
    ]
    for record in signed[:3] + signed[4:]:
        membership = Membership(VAULT, base[0].digest, [*base, record])
        assert record.digest not in membership.rooted
        assert set(membership.active) == {a.id, b.id, c.id}
    # As an owner at its second epoch, it may; what it signed as if at its first one still does not count.
    owner = [*base, *signed, added(d, b, by_epoch=2)]
    assert Membership(VAULT, base[0].digest, owner).rooted.keys() == {
        record.digest for record in (*base, signed[3], owner[-1])
    }


def test_only_writers_and_owners_say_what_they_hold(devices: list[Identity]) -> None:
    a, b, c, d, e = devices
    base = [founded(a), granted(b, a, WRITER), granted(c, a, READER), granted(d, a, READER)]
    heads = ((ACTOR, 5, hashed(5)),)
    for by, counts in ((a, True), (b, True), (c, False), (d, False), (e, False)):
        membership = Membership(VAULT, base[0].digest, [*base, holding(d, by, heads)])
        assert accepts(membership, d, 5) is counts
        assert not accepts(membership, d, 6)


def test_changes_of_a_reader_are_accepted_only_up_to_what_was_kept(devices: list[Identity]) -> None:
    a, b, c, *_ = devices
    base = [founded(a), added(b, a), granted(c, a, WRITER), named(c, "c")]
    assert accepts(Membership(VAULT, base[0].digest, base), c, 9)
    demoted = granted(c, a, READER, epoch=2, heads=((ACTOR, 5, hashed(5)),))
    membership = Membership(VAULT, base[0].digest, [*base, demoted])
    assert accepts(membership, c, 4)
    assert accepts(membership, c, 5)
    assert not accepts(membership, c, 5, branch=1)
    assert not accepts(membership, c, 6)
    # Another member had more when it heard of this.
    more = [*base, demoted, holding(c, b, ((ACTOR, 7, hashed(7)),))]
    assert accepts(Membership(VAULT, base[0].digest, more), c, 7)
    # An owner lets it write again: then everything that it has signed counts.
    again = granted(c, b, WRITER, epoch=3)
    assert accepts(Membership(VAULT, base[0].digest, [*base, demoted, again]), c, 9)


def test_a_reader_from_the_first_writes_nothing(devices: list[Identity]) -> None:
    a, b, *_ = devices
    records = [founded(a), granted(b, a, READER), named(b, "b")]
    assert not accepts(Membership(VAULT, records[0].digest, records), b, 1)


def test_of_two_owners_that_demote_each_other_the_senior_stays(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    to_b, to_c = added(b, a), added(c, a)
    base = [founded(a), to_b, to_c, remarked(to_b, a, time=1000), remarked(to_c, a, time=2000), added(d, c)]
    each_other = [granted(b, c, READER, epoch=2), granted(c, b, WRITER, epoch=2, kept=(base[-1],))]
    assert roles(*base, *each_other) == {a.id: OWNER, b.id: OWNER, c.id: WRITER, d.id: OWNER}
    # Whom the founder has added earlier is the senior, and all of them are senior to those that they added.
    later = [*base[:3], remarked(to_b, a, time=3000), *base[4:], *each_other]
    assert roles(*later) == {a.id: OWNER, b.id: READER, c.id: OWNER, d.id: OWNER}
    for junior, senior in ((b, a), (c, a), (d, a), (d, b), (d, c), (c, b)):
        up = granted(senior, junior, WRITER, epoch=2)
        assert roles(*base, up)[senior.id] is OWNER
        assert not Membership(VAULT, base[0].digest, base).may_set_role(junior.id, senior.id, READER)
        assert Membership(VAULT, base[0].digest, base).may_set_role(senior.id, junior.id, READER)


def test_a_demoted_owner_that_backdates_gains_nothing(devices: list[Identity]) -> None:
    a, b, c, d, e = devices
    before = added(c, b)
    base = [founded(a), added(b, a), before, added(d, a)]
    demoted = granted(b, a, WRITER, epoch=2, kept=(before,))
    backdated = [added(e, b), granted(d, b, READER, epoch=2), granted(b, c, OWNER, epoch=1)]
    assert roles(*base, demoted, *backdated) == {a.id: OWNER, b.id: WRITER, c.id: OWNER, d.id: OWNER}
    # Nor does it get its role back by revoking, with an old date, whoever demoted it: a revocation counts.
    revoke = revoked(a, b, kept=(base[1], base[3]))
    assert roles(*base, demoted, *backdated, revoke) == {b.id: WRITER, c.id: OWNER, d.id: OWNER}
    assert roles(*base, demoted, *backdated, revoked(a, b)) == {b.id: WRITER}
    # Nor do two demoted ones help each other.
    other = granted(d, a, WRITER, epoch=2)
    revokes = [revoked(a, by, kept=(base[1], base[3])) for by in (b, d)]
    both = roles(*base, demoted, other, *revokes, added(e, d))
    assert both == {b.id: WRITER, c.id: OWNER, d.id: WRITER}


def test_what_a_demoted_owner_signed_before_stays_as_far_as_it_is_named(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    to_c, to_d = added(c, b), added(d, b)
    base = [founded(a), added(b, a), to_c, to_d]
    demoted = granted(b, a, WRITER, epoch=2, kept=(to_c,))
    assert roles(*base, demoted) == {a.id: OWNER, b.id: WRITER, c.id: OWNER}
    more = remarked(demoted, a, kept=(to_d,))
    assert roles(*base, demoted, more) == {a.id: OWNER, b.id: WRITER, c.id: OWNER, d.id: OWNER}
    forged = remarked(demoted, c, kept=(to_d,))
    assert d.id not in roles(*base, demoted, forged)


def test_a_thief_that_is_an_owner_cannot_undo_its_revocation(devices: list[Identity]) -> None:
    """A founder's laptop is stolen: whoever revokes it is junior to it, and stays in charge of the vault."""
    a, b, c, d, e = devices
    base = [founded(a), added(b, a), added(c, b)]
    stolen = revoked(a, b, kept=(base[1],))
    thief = [granted(b, a, READER, epoch=2), granted(c, a, READER, epoch=2), added(d, a), added(a, b)]
    out = roles(*base, stolen, *thief)
    assert a.id not in out
    assert d.id not in out
    # What it took away stays away, as with revocations; it gave nothing.
    assert out == {b.id: READER, c.id: READER}
    assert e.id not in out


def test_a_revocation_by_a_senior_strikes_what_a_thief_took_away(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    base = [founded(a), added(b, a), added(c, b), added(d, a)]
    thief = granted(c, b, READER, epoch=2)
    assert roles(*base, thief)[c.id] is READER
    assert roles(*base, thief, revoked(b, a, kept=(base[2],))) == {a.id: OWNER, c.id: OWNER, d.id: OWNER}
    assert roles(*base, thief, revoked(b, a, kept=(base[2], thief)))[c.id] is READER


def test_after_a_revocation_any_owner_can_add_a_senior_with_a_role(devices: list[Identity]) -> None:
    a, b, c, *_ = devices
    base = [founded(a), added(b, a), added(c, b)]
    anew = granted(a, c, READER, epoch=2)
    assert roles(*base, anew)[a.id] is OWNER
    assert roles(*base, revoked(a, b, kept=(base[1],)), anew) == {b.id: OWNER, c.id: OWNER, a.id: READER}


def test_no_device_changes_its_own_role(devices: list[Identity]) -> None:
    a, b, *_ = devices
    for role in Role:
        assert roles(founded(a), added(b, a), granted(b, b, role, epoch=2))[b.id] is OWNER


def test_of_roles_given_at_once_the_one_of_the_most_senior_owner_counts(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    base = [founded(a), added(b, a), added(c, b)]
    for first, second in ((READER, OWNER), (OWNER, READER), (WRITER, READER)):
        given = [granted(d, b, first), granted(d, c, second)]
        assert roles(*base, *given)[d.id] is first
        assert roles(*base, *reversed(given))[d.id] is first


def test_an_introduction_shows_roles(devices: list[Identity]) -> None:
    a, b, c, d, _ = devices
    records = [
        founded(a),
        granted(b, a, READER),
        granted(b, a, OWNER, epoch=2),
        granted(c, b, WRITER, by_epoch=2),
        granted(c, a, READER, epoch=2),
        added(d, a),
    ]
    shown = Membership(VAULT, records[0].digest, records).introduction(c.id)
    assert [record.digest for record in shown] == [record.digest for record in records[:5]]
    assert Membership(VAULT, records[0].digest, shown).active[c.id].role is READER


def test_the_log_names_roles(devices: list[Identity]) -> None:
    a, b, c, *_ = devices
    records = [
        founded(a),
        granted(b, a, WRITER),
        granted(b, a, OWNER, epoch=2),
        granted(a, b, READER, epoch=2, by_epoch=2),
        added(c, b, by_epoch=2),
        revoked(c, a),
        granted(c, a, READER, epoch=2),
    ]
    log = member_log(Membership(VAULT, records[0].digest, records))
    found = {(event.kind, event.device, event.role, event.counts) for event in log}
    assert found == {
        ("founded", a.id, OWNER, True),
        ("added", b.id, WRITER, True),
        ("role", b.id, OWNER, True),
        ("role", a.id, READER, False),
        ("added", c.id, OWNER, True),
        ("revoked", c.id, None, True),
        ("added", c.id, READER, True),
    }


@pytest.mark.parametrize("field", ["role 0", "role 4", "heads", "no heads", "name"])
def test_what_is_out_of_bounds_is_refused(devices: list[Identity], field: str) -> None:
    a, b, *_ = devices
    heads = ((2, 1, hashed(1)), (1, 1, hashed(1)))
    body = [6, VAULT, b.certificate, "b", 1, 1, a.id, 1, (), ()]
    if field.startswith("role"):
        body[5] = int(field[-1])
    elif field == "heads":
        body[8] = heads
    elif field == "no heads":
        body = [7, VAULT, b.id, a.id, 1, ()]
    else:
        body[3] = "b\x1b"
    with pytest.raises(DecodeError):
        decode_record(unchecked(tuple(body), a))  # type: ignore[arg-type]


def test_a_record_in_another_form_is_refused(devices: list[Identity]) -> None:
    a, b, *_ = devices
    for body in ([6, VAULT, b.certificate, "b", 1, 1, a.id, 1, ()], [7, VAULT, b.id, a.id, 1, (), ()]):
        with pytest.raises(DecodeError):
            decode_record(unchecked(tuple(body), a))  # type: ignore[arg-type]
    data = granted(b, a, READER).data
    for end in range(0, len(data), 7):
        with pytest.raises(DecodeError):
            decode_record(data[:end])


# -- any records, in any order

NUMBERS = st.integers(0, 4)
BODIES = st.tuples(
    st.sampled_from(["add", "grant", "revoke", "keep", "remark", "name"]),
    NUMBERS,
    NUMBERS,
    st.sampled_from(Role),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sets(st.integers(0, 30), max_size=4),
    st.integers(0, 3000),
)


def signed(devices: list[Identity], plan: list[tuple[Any, ...]]) -> list[Record]:
    """Records as honest and as hostile owners sign them, each with what it names among those before it."""
    a, *_ = devices
    records = [founded(a)]
    for kind, who, by, role, epoch, by_epoch, kept, time in plan:
        target, signer = devices[who], devices[by]
        digests = tuple(records[at].digest for at in sorted(kept) if at < len(records))
        heads = ((ACTOR, time + 1, hashed(time + 1)),)
        about = records[time % len(records)]
        bodies: dict[str, Body] = {
            "add": Add(VAULT, target.certificate, "x", epoch, signer.id, by_epoch),
            "grant": Grant(VAULT, target.certificate, "x", epoch, role, signer.id, by_epoch, heads, digests),
            "revoke": Revoke(VAULT, target.id, epoch, signer.id, by_epoch, heads, digests),
            "keep": Keep(VAULT, target.id, signer.id, by_epoch, heads),
            "remark": Remark(
                VAULT,
                about.digest,
                about.body.by,
                about.body.by_epoch,
                time,
                heads,
                digests,
            ),
        }
        if kind == "name":
            records.append(named(signer, "x"))
        else:
            remarker = next(one for one in devices if one.id == about.body.by)
            records.append(sign_record(bodies[kind], remarker if kind == "remark" else signer))
    return records


def seen(membership: Membership, devices: list[Identity]) -> object:
    """Everything that depends on the records."""
    return (
        membership.members,
        set(membership.rooted),
        {digest for digest, record in membership.rooted.items() if membership.stands(record)},
        [accepts(membership, one, seq) for one in devices for seq in (1, 10, 100, 1000, 3000)],
        member_log(membership),
    )


@settings(max_examples=150, deadline=None)
@given(plan=st.lists(BODIES, max_size=25), random_=st.randoms(use_true_random=False))
def test_any_order_of_records_gives_the_same_members_and_roles(
    devices: list[Identity], plan: list[tuple[Any, ...]], random_: random.Random
) -> None:
    records = signed(devices, plan)
    root = records[0].digest
    expected = seen(Membership(VAULT, root, records), devices)
    for _ in range(3):
        shuffled = [*records, *random_.choices(records, k=3)]
        random_.shuffle(shuffled)
        assert seen(Membership(VAULT, root, shuffled), devices) == expected
    # In pieces, as they come from peers: what was not rooted when it came is sent again.
    kept: dict[bytes, Record] = {}
    for _ in range(len(records)):
        random_.shuffle(shuffled)
        before = len(kept)
        for record in shuffled:
            kept = dict(Membership(VAULT, root, [*kept.values(), record], kept).rooted)
        if len(kept) == before:
            break
    assert seen(Membership(VAULT, root, kept.values()), devices) == expected


@settings(max_examples=150, deadline=None)
@given(plan=st.lists(BODIES, max_size=25), more=st.lists(BODIES, max_size=8))
def test_no_record_of_a_device_that_never_was_an_owner_changes_anything(
    devices: list[Identity], plan: list[tuple[Any, ...]], more: list[tuple[Any, ...]]
) -> None:
    records = signed(devices, plan)
    membership = Membership(VAULT, records[0].digest, records)
    owners = {id for (id, _), role in membership._found.roles.items() if role is OWNER}
    numbers = count()
    others = {
        next(numbers): record for record in signed(devices, [*plan, *more]) if record.body.by not in owners
    }
    changed = Membership(VAULT, records[0].digest, [*records, *others.values()])
    before = {id: (member.active, member.role) for id, member in membership.members.items()}
    after = {id: (member.active, member.role) for id, member in changed.members.items()}
    # Names only say which of several devices a key belongs to, and these have a key each.
    assert before == after


@settings(max_examples=150, deadline=None)
@given(plan=st.lists(BODIES, max_size=25))
def test_the_founder_is_an_owner_until_it_is_revoked(
    devices: list[Identity], plan: list[tuple[Any, ...]]
) -> None:
    records = signed(devices, plan)
    membership = Membership(VAULT, records[0].digest, records)
    founder = devices[0].id
    if not any(
        isinstance(one.body, Revoke) and one.body.device == founder for one in membership.rooted.values()
    ):
        assert membership.active[founder].owns
