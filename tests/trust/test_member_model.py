"""Membership agrees with a second reading of its rules, whatever records there are."""

import random
from dataclasses import replace
from itertools import product

from crdtnotes.trust.identity import Identity
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, Body, Grant, Keep, Name, Remark, Revoke, sign_record
from crdtnotes.trust.roles import Role
from tests.shares import Share
from tests.simulation.identities import TWIN, certificate, identity
from tests.trust.devices import VAULT, founded
from tests.trust.member_model import MemberModel

DEVICES = 5

ACTORS = (1, 2)

KINDS = {Add: 4, Grant: 8, Revoke: 4, Remark: 5, Keep: 1, Name: 1}
"""The kinds of records, and how often each is drawn."""


def some_devices() -> list[Identity]:
    """The founder and others, of which the last has a certificate with the keys of the one before."""
    devices = [identity(number) for number in range(DEVICES)]
    last = devices[-1]
    return [*devices, replace(last, certificate=certificate(TWIN, last.keys))]


class Drawn:
    """Records about devices, the founder's first; each may need one that was drawn before it, or none."""

    def __init__(self, devices: list[Identity], chance: random.Random) -> None:
        self._devices = devices
        self._chance = chance
        self.records = [founded(devices[0])]
        self._highest = {one.id: 0 for one in devices} | {devices[0].id: 1}
        for _ in range(chance.randint(8, 40)):
            by, about = chance.sample(devices, 2)
            if not self._highest[by.id] and chance.random() < 0.9:
                by, about = devices[0], chance.choice(devices[1:])
            self._draw(by, about)

    def _draw(self, by: Identity, about: Identity) -> None:
        chance = self._chance
        [kind] = chance.choices(list(KINDS), list(KINDS.values()))
        by_epoch = chance.randint(1, max(1, self._highest[by.id]))
        kept = tuple(one.digest for one in self.records if one.body.by == about.id and chance.random() < 0.5)
        body: Body
        if kind is Remark:
            body = self._remark()
            by = next(one for one in self._devices if one.id == body.by)
        elif kind is Revoke:
            epoch = chance.randint(1, max(1, self._highest[about.id]))
            body = Revoke(VAULT, about.id, epoch, by.id, by_epoch, self._heads(), kept)
        elif kind is Keep:
            body = Keep(VAULT, about.id, by.id, by_epoch, self._heads())
        elif kind is Name:
            body = Name(VAULT, by.id, by_epoch, chance.randint(1, 9), 5, "other")
        else:
            before = self._highest[about.id]
            epoch = self._highest[about.id] = max(1, chance.choice((before, before + 1)))
            body = Add(VAULT, about.certificate, "one", epoch, by.id, by_epoch)
            if kind is Grant:
                role = chance.choice(list(Role))
                body = Grant(
                    VAULT, about.certificate, "one", epoch, role, by.id, by_epoch, self._heads(), kept
                )
        self.records.append(sign_record(body, by))

    def _heads(self) -> tuple[tuple[int, int, bytes], ...]:
        return tuple((actor, self._chance.randint(1, 9), bytes(16)) for actor in ACTORS)

    def _remark(self) -> Remark:
        chance = self._chance
        about = chance.choice(self.records)
        kept = tuple(one.digest for one in self.records if chance.random() < 0.3)
        time, heads = chance.randint(0, 9), chance.choice(((), self._heads()))
        return Remark(VAULT, about.digest, about.body.by, about.body.by_epoch, time, heads, kept)


def first_difference(seeds: int) -> int | None:
    """The first seed whose records the two readings understand differently; None if there is none."""
    devices = some_devices()
    for seed in range(seeds):
        chance = random.Random(f"records {seed}")
        records = Drawn(devices, chance).records
        root = records[0].digest
        chance.shuffle(records)
        model = MemberModel(root, [one.data for one in records])
        if differ(Membership(VAULT, root, records), model, devices):
            return seed
    return None


def differ(membership: Membership, model: MemberModel, devices: list[Identity]) -> bool:
    """Tell whether two readings of the same records differ."""
    root = model.rooted[0].digest
    if membership.rooted.keys() != {one.digest for one in model.rooted}:
        return True
    struck = {one.digest for one in model.rooted[1:] if model.strikes(one)}
    others = [one for one in membership.rooted.values() if one.digest != root]
    if {one.digest for one in others if membership.strikes(one)} != struck:
        return True
    if {id: member.role for id, member in membership.active.items()} != model.roles:
        return True
    for key in (one.keys.signing for one in devices):
        writes, kept = model.may_write(key), model.kept(key)
        for actor, seq in product(ACTORS, range(1, 10)):
            stays = any(seq < end or (seq, bytes(16)) == (end, tip) for end, tip in kept.get(actor, ()))
            if membership.may_have_written(key, actor, seq, bytes(16)) != (writes or stays):
                return True
    return False


def test_members_and_roles_are_those_of_the_rules(share: Share) -> None:
    assert first_difference(2 * share.examples) is None
