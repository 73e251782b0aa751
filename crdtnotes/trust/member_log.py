"""What happened to the membership: who added, revoked or named whom, in causal order.

An event comes after everything that its record needs (`rooted.py`), so also after the event that made its
signer a member. Where that says nothing, the times that the signers claim decide; claiming an early time
places no record before what it needs. So all replicas with the same records show the same log.
"""

from heapq import heappop, heappush
from typing import NamedTuple

from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import (
    Add,
    Erase,
    Found,
    Grant,
    Keep,
    Name,
    Record,
    Remark,
    Revoke,
    printable_name,
)
from crdtnotes.trust.roles import Role

FOUNDED, ADDED, REVOKED, NAMED = "founded", "added", "revoked", "named"
SET_ROLE, ERASED = "role", "erased text"


class Event(NamedTuple):
    """One record: the device `by` did something to `device` (ids), which is itself but for ADDED and REVOKED.

    `name` is what the device is called by this record, or was called before it. `time` is the wall time in ms
    that the signer claims, None if it claims none. `counts` is False for an Add or a Grant that has no
    effect, because its signer was revoked or demoted, or may not do this. `role` is the role that the device
    got.
    """

    kind: str
    by: bytes
    device: bytes
    name: str
    time: int | None
    counts: bool
    role: Role | None = None


def member_log(membership: Membership) -> list[Event]:
    """Return the events of a vault's membership in causal order; names that say nothing new are left out."""
    times = _claimed_times(membership)
    events: list[Event] = []
    names: dict[bytes, str] = {}
    for record in _in_order(membership, times):
        body = record.body
        time = times.get(record.digest)
        if isinstance(body, Name):
            if names.get(body.by) != body.name:
                names[body.by] = body.name
                events.append(Event(NAMED, body.by, body.by, body.name, time, counts=True))
        elif isinstance(body, Revoke):
            name = names.get(body.device, "")
            events.append(Event(REVOKED, body.by, body.device, name, time, counts=True))
        elif isinstance(body, Erase):
            events.append(Event(ERASED, body.by, body.by, names.get(body.by, ""), time, counts=True))
        elif isinstance(body, Add | Found | Grant):
            name = names.setdefault(body.device, printable_name(body.name))
            kind = FOUNDED if isinstance(body, Found) else ADDED
            if isinstance(body, Grant) and body.epoch > 1:
                kind = ADDED if membership.is_revoked_at(body.device, body.epoch - 1) else SET_ROLE
            counts = membership.stands(record)
            events.append(Event(kind, body.by, body.device, name, time, counts, body.role))
    return events


def _claimed_times(membership: Membership) -> dict[bytes, int]:
    """Return the times that records claim for themselves or in their first Remark, by digest."""
    times: dict[bytes, int] = {}
    for record in membership.rooted.values():
        body = record.body
        if isinstance(body, Name | Erase):
            times[record.digest] = body.time
        elif isinstance(body, Remark):
            times[body.about] = min(body.time, times.get(body.about, body.time))
    return times


def _in_order(membership: Membership, times: dict[bytes, int]) -> list[Record]:
    """Return the records that are events, each after those that it needs, earlier times first."""
    records = [one for one in membership.rooted.values() if not isinstance(one.body, Remark | Keep)]
    needs = {record.digest: _needs(record) for record in records}
    needed_by: dict[_Need, list[Record]] = {}
    for record in records:
        for need in needs[record.digest]:
            needed_by.setdefault(need, []).append(record)
    at: dict[bytes, int] = {}
    ready: list[tuple[int, int, bytes, Record]] = []

    def enter(record: Record, not_before: int) -> None:
        at[record.digest] = max(not_before, times.get(record.digest, 0))
        epoch = record.body.epoch if isinstance(record.body, Add | Found | Grant | Revoke) else 0
        heappush(ready, (at[record.digest], epoch, record.digest, record))

    for record in records:
        if not needs[record.digest]:
            enter(record, 0)
    ordered: list[Record] = []
    while ready:
        _, _, digest, record = heappop(ready)
        ordered.append(record)
        # Several records may give what others need: the first of them in this order does, not in that of
        # their arrival, which differs between replicas.
        for need in _given(record):
            for other in needed_by.pop(need, ()):
                needs[other.digest].discard(need)
                at[other.digest] = max(at.get(other.digest, 0), at[digest])
                if not needs[other.digest]:
                    enter(other, at[other.digest])
    return ordered


_Need = tuple[bytes, int, Role]
# That a device was added at an epoch, with this role or more.


def _needs(record: Record) -> set[_Need]:
    """Return what a record needs of the events before it."""
    body = record.body
    if isinstance(body, Found):
        return set()
    role = Role.OWNER if isinstance(body, Add | Grant | Revoke) else Role.READER
    needs = {(body.by, body.by_epoch, role)}
    if isinstance(body, Add | Grant) and body.epoch > 1:
        needs.add((body.device, body.epoch - 1, Role.READER))
    elif isinstance(body, Revoke):
        needs.add((body.device, body.epoch, Role.READER))
    return needs


def _given(record: Record) -> list[_Need]:
    """Return what an event gives to those that need it."""
    body = record.body
    if not isinstance(body, Add | Found | Grant):
        return []
    return [(body.device, body.epoch, role) for role in Role if role <= body.role]
