"""Membership: the devices that belong to the vault by its records, their roles, and the changes they may
have written.

The set of records only grows, and membership depends only on the set. So replicas with the same records
agree, in whatever order the records arrived.

1. Only rooted records count (`rooted.py`).
2. A rooted Revoke counts forever: nothing undoes it, whatever happens to its signer. It keeps the records
   that it names, itself or in Remarks.
3. A rooted record other than the root is *struck* if its signer was revoked at that epoch or a later one by
   a Revoke that does not keep the record, or demoted at a later one by a Grant that does not (`limits.py`).
   So a revoked or demoted device cannot add others, not even with an old date.
4. An Add or a Grant *stands* if it is not struck, its signer is an owner at that epoch, and it is one of the
   MAX_ADDS of that signer at that epoch with the smallest digests; the root stands. A Grant at epoch 2 or
   later by an owner that is not senior to the device stands only if it makes it an owner, or if the device
   was revoked at the epoch before. Where several stand for one epoch of a device, the one whose signer is the
   most senior decides its role (of those that stand, always the one of the most senior signer comes next).
5. A signing key belongs to the devices that have used it to name themselves. If none has, it belongs to all
   devices that were added with it, and the revocation of one of them ends the others.
6. A device is active if the highest epoch of its standing records is above that of all its Revokes, and its
   signing key belongs to it. So only a new pairing, which gives it a higher epoch, can bring it back.
7. If a device is not active or is a reader, its changes stay only up to the heads that Revokes, Grants and
   Keeps about it name for their stream. Those that are struck, or that the device signed itself, do not
   count for this.
8. An Erase counts as soon as it is rooted, for good, like a Revoke: whatever happens to its signer.
9. A device is called what its Name with the highest number says. What others call it counts only until then.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from crdtnotes.crdt.tags import Tags
from crdtnotes.trust.certificate import PublicKeys
from crdtnotes.trust.limits import Seniority, Struck
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
from crdtnotes.trust.rooted import At, RootedRecords
from crdtnotes.trust.signatures import head_is_signed

MAX_ADDS = 4096
"""Adds and Grants of one device, at one of its epochs, that stand."""

_Heads = dict[int, tuple[int, bytes]]
# Heads of streams: `{actor: (seq, hash of the chain)}`.


class Member(NamedTuple):
    """A device that belongs to the vault, or once did; `added_by` and `revoked_by` are ids."""

    id: bytes
    name: str
    certificate: bytes
    keys: PublicKeys
    epoch: int
    added_by: bytes
    active: bool
    revoked_by: bytes | None
    role: Role = Role.OWNER
    """The role at its highest epoch, also of a revoked device."""

    @property
    def writes(self) -> bool:
        """Whether its changes are accepted now."""
        return self.active and self.role >= Role.WRITER

    @property
    def owns(self) -> bool:
        """Whether it may add and revoke devices, and change their roles."""
        return self.active and self.role is Role.OWNER


class ErasedTexts(NamedTuple):
    """What was erased from a note: the ids, and the changes that bring them.

    `places` has, for the hash of its stream that each change gave as its author wrote it, those that it gives
    in the erased forms that records name.
    """

    ids: Tags
    places: dict[bytes, set[bytes]]


class Membership:
    """The devices of a vault, by records that chain back to the founder's record with the digest `root`.

    `checked` holds the digests of records whose signatures were checked before.
    """

    def __init__(
        self, vault: bytes, root: bytes | None, records: Iterable[Record], checked: Collection[bytes] = ()
    ) -> None:
        self._vault = vault
        self._root = root
        self._found = RootedRecords(vault, root, records, checked)
        self.rooted: dict[bytes, Record] = self._found.records
        """The rooted records, by digest; each comes after the records that it needs."""
        founder = self._found.founder
        self.adopted: _Heads = {}
        """The streams that the founder vouches for, and the head up to which it does."""
        self._founder_key = b""
        if founder is not None:
            self.adopted = {actor: (seq, digest) for actor, seq, digest in founder.heads}
            self._founder_key = self._found.keys[founder.device, 1].signing

    def unexplained(self) -> list[Record]:
        """Return the records that are not rooted because a record that they need is not here."""
        return self._found.unexplained()

    @cached_property
    def members(self) -> dict[bytes, Member]:
        """The devices that a standing record added or a Revoke names, if their keys belong to them."""
        standing = self._standing
        revoked = self._struck.revoked
        left = revoked.keys() - {add.device for add in standing}
        gone = [
            record.body
            for record in self.rooted.values()
            if isinstance(record.body, Add | Grant) and record.body.device in left
        ]
        highest: dict[bytes, _Adding] = {}
        first: dict[bytes, _Adding] = {}
        for add in sorted([*standing, *gone], key=lambda add: (add.epoch, add.by, add.name)):
            highest[add.device] = add
            first.setdefault(add.device, add)
        over = {id for id, limits in revoked.items() if id in left or highest[id].epoch <= limits.epoch}
        # Thousands of devices may have been added with one key: each key is looked at once.
        owners_of = {key: frozenset(owners) for key, owners in self._owners.items()}
        over_of = {key: next(filter(over.__contains__, ids), None) for key, ids in self._owners.items()}
        members: dict[bytes, Member] = {}
        for id, add in highest.items():
            keys = self._found.keys[id, add.epoch]
            if id not in owners_of[keys.signing]:
                continue
            ended = id if id in over else over_of[keys.signing]
            name = self._names[id][1] if id in self._names else first[id].name
            members[id] = Member(
                id,
                printable_name(name),
                add.certificate,
                keys,
                add.epoch,
                add.by,
                ended is None,
                None if ended is None else revoked[ended].by,
                self._roles.get((id, add.epoch), Role.READER),
            )
        return members

    @cached_property
    def active(self) -> dict[bytes, Member]:
        """The devices that belong to the vault now."""
        return {id: member for id, member in self.members.items() if member.active}

    def is_active(self, id: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        return id in self.active

    @cached_property
    def uses_roles(self) -> bool:
        """Whether there are records about roles: without any, each device is an owner."""
        return any(isinstance(record.body, Grant | Keep) for record in self.rooted.values())

    def may_write(self, id: bytes) -> bool:
        """Tell whether the changes of a device are accepted now."""
        return id in self.active and self.active[id].writes

    def may_set_role(self, by: bytes, id: bytes, role: Role) -> bool:
        """Tell whether an owner may give an active device this role now."""
        return by != id and (role is Role.OWNER or self._seniority.is_senior(by, id))

    def signed_by(self, id: bytes) -> list[bytes]:
        """Return the digests of what a device signed that a Revoke or a Grant about it can keep."""
        return [
            digest
            for digest, record in self.rooted.items()
            if record.body.by == id
            and (
                isinstance(record.body, Add | Revoke | Grant | Keep)
                or (isinstance(record.body, Remark) and (record.body.heads or record.body.kept))
            )
        ]

    def adds_by(self, id: bytes, epoch: int) -> int:
        """Return how many Adds and Grants a device signed at an epoch."""
        return sum(
            isinstance(record.body, Add | Grant) and (record.body.by, record.body.by_epoch) == (id, epoch)
            for record in self.rooted.values()
        )

    def next_epoch(self, id: bytes) -> int:
        """Return the epoch at which a device can be added now."""
        return max((epoch for device, epoch in self._found.keys if device == id), default=0) + 1

    def stands(self, record: Record) -> bool:
        """Tell whether an Add, a Grant or a Found stands."""
        return record.digest in self._standing_digests

    def strikes(self, record: Record) -> bool:
        """Tell whether a rooted record other than the root is struck."""
        return self._struck.strikes(record)

    def is_revoked_at(self, id: bytes, epoch: int) -> bool:
        """Tell whether a Revoke names this epoch of a device."""
        return (id, epoch) in self._struck.ended

    def own_name(self, id: bytes) -> tuple[int, str] | None:
        """Return the number and the name of the Name that counts for a device; None if it has none."""
        return self._names.get(id)

    def introduction(self, *ids: bytes) -> list[Record]:
        """Return records that show, on their own, that these devices were added, each after its signer's."""
        adds: dict[tuple[bytes, int, Role], Record] = {}
        for record in self.rooted.values():
            if isinstance(record.body, Add | Found | Grant):
                for role in Role:
                    if role <= record.body.role:
                        adds.setdefault((record.body.device, record.body.epoch, role), record)
        wanted: set[bytes] = set()
        queue = [(id, epoch, Role.READER) for id in ids for epoch in range(1, self.next_epoch(id))]
        queue += [
            (*at, self._roles[at]) for at in [(id, epoch) for id, epoch, _ in queue] if at in self._roles
        ]
        while queue:
            record = adds[queue.pop()]
            if record.digest not in wanted and isinstance(record.body, Add | Found | Grant):
                wanted.add(record.digest)
                by, by_epoch = record.body.by, record.body.by_epoch
                queue += [(by, epoch, Role.READER) for epoch in range(1, by_epoch)]
                queue.append((by, by_epoch, Role.OWNER))
        return [record for digest, record in self.rooted.items() if digest in wanted]

    def let_in_by(self, id: bytes) -> list[Member]:
        """Return the active devices that belong to the vault only through what this device signed."""
        struck = self._standing_without(id)
        return [member for one, member in self.active.items() if one != id and one not in struck]

    # -- erased texts

    @cached_property
    def erased(self) -> dict[bytes, "ErasedTexts"]:
        """What was erased, by note: all rooted Erases count, since nothing brings a text back."""
        erased: dict[bytes, ErasedTexts] = {}
        for record in self.rooted.values():
            if isinstance(record.body, Erase):
                texts = erased.setdefault(record.body.note, ErasedTexts(Tags(), {}))
                for actor, first, length in record.body.ids.runs():
                    texts.ids.add(actor, first, first + length)
                for tip, original in record.body.places:
                    texts.places.setdefault(original, set()).add(tip)
        return erased

    # -- changes

    def gone(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield `(device id, signing key)` of the devices that were added and may not write (any more)."""
        for key, ids in self._owners.items():
            if not any(map(self.may_write, ids)):
                yield from ((id, key) for id in ids)

    def may_have_written(self, signing_key: bytes, actor: int, seq: int, digest: bytes) -> bool:
        """Tell whether changes by the device with this key are accepted up to a head of its stream."""
        ids = self._owners.get(signing_key, [])
        if any(map(self.may_write, ids)):
            return True
        kept = [head for id in ids for head in self._kept.get((id, actor), ())]
        return any(seq < end or (seq, digest) == (end, tip) for end, tip in kept)

    def covers(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature covers a stream up to a head.

        `signing_key` is that of the stream's device, or None if the stream's name has no proof: then only
        the founder's signature counts, up to the head at which the founder adopted the stream.
        """
        if not self._is_adopted(actor, seq) and (
            signing_key is None or not self.may_have_written(signing_key, actor, seq, digest)
        ):
            return False
        return self.is_signed(signing_key, actor, seq, digest, signature)

    def is_signed(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature is by the device that vouches for a stream up to a head.

        This does not check whether the device still belongs to the vault. For `signing_key` see `covers`.
        """
        if self._is_adopted(actor, seq):
            if (seq, digest) != self.adopted[actor] and seq == self.adopted[actor][0]:
                return False
            return head_is_signed(signature, self._founder_key, self._vault, actor, seq, digest)
        return signing_key in self._owners and head_is_signed(
            signature, signing_key, self._vault, actor, seq, digest
        )

    def _is_adopted(self, actor: int, seq: int) -> bool:
        return seq <= self.adopted.get(actor, (0, b""))[0]

    # -- inside

    @cached_property
    def _seniority(self) -> Seniority:
        founder = self._found.founder
        return Seniority(self.rooted, b"" if founder is None else founder.device)

    @cached_property
    def _struck(self) -> Struck:
        """What Revokes and demotions strike; what they keep is also in the Remarks that count."""
        return Struck(self.rooted, self._remarks, self._seniority)

    @cached_property
    def _remarks(self) -> list[Remark]:
        """The Remarks that continue a Revoke or a Grant and are not struck.

        They decide what is kept, and this is about what is kept: here all of them count.
        """
        remarks = [record for record in self.rooted.values() if isinstance(record.body, Remark)]
        every = [record.body for record in remarks if isinstance(record.body, Remark)]
        struck = Struck(self.rooted, every, self._seniority)
        return [
            remark
            for record, remark in zip(remarks, every, strict=True)
            if (remark.heads or remark.kept) and not struck.strikes(record)
        ]

    @cached_property
    def _counted(self) -> list[Record]:
        """The root, and the Adds and Grants that may stand, are not struck, and within the quota of their
        signers.
        """
        by: dict[At, list[Record]] = {}
        for record in self.rooted.values():
            body = record.body
            if isinstance(body, Add | Grant) and self._may_stand(body) and not self._struck.strikes(record):
                by.setdefault((body.by, body.by_epoch), []).append(record)
        counted = [self.rooted[self._root]] if self._root in self.rooted else []
        for records in by.values():
            if len(records) > MAX_ADDS:
                records.sort(key=lambda record: record.digest)
            counted += records[:MAX_ADDS]
        return counted

    def _may_stand(self, body: Add | Grant) -> bool:
        return (
            body.epoch == 1
            or body.role is Role.OWNER
            or self._seniority.is_senior(body.by, body.device)
            or self.is_revoked_at(body.device, body.epoch - 1)
        )

    @cached_property
    def _standing_and_roles(self) -> tuple[list[Record], dict[At, Role]]:
        return _standing(self._counted, self._seniority)

    @property
    def _roles(self) -> dict[At, Role]:
        """The role of each device at each epoch for which a record stands."""
        return self._standing_and_roles[1]

    @property
    def _standing_records(self) -> list[Record]:
        return self._standing_and_roles[0]

    @cached_property
    def _standing(self) -> "list[_Adding]":
        return [
            record.body for record in self._standing_records if isinstance(record.body, Add | Found | Grant)
        ]

    @cached_property
    def _standing_digests(self) -> set[bytes]:
        return {record.digest for record in self._standing_records}

    def _standing_without(self, id: bytes) -> set[bytes]:
        """Return the devices that would stand if no Add that a device signed did."""
        left = (one for one in self._counted if one.body.by != id or one.digest == self._root)
        standing, _ = _standing(left, self._seniority)
        return {one.body.device for one in standing if isinstance(one.body, Add | Found | Grant)}

    @cached_property
    def _names(self) -> dict[bytes, tuple[int, str]]:
        """The number and the name of the Name that counts, by device."""
        names: dict[bytes, tuple[int, bytes, str]] = {}
        for digest, record in self.rooted.items():
            if isinstance(record.body, Name):
                own = (record.body.number, digest, record.body.name)
                names[record.body.by] = max(names.get(record.body.by, own), own)
        return {id: (number, name) for id, (number, _, name) in names.items()}

    @cached_property
    def _owners(self) -> dict[bytes, list[bytes]]:
        """The devices to which a signing key belongs, by key."""
        added: dict[bytes, set[bytes]] = {}
        for (id, _), keys in self._found.keys.items():
            added.setdefault(keys.signing, set()).add(id)
        return {key: sorted(ids & self._names.keys() or ids) for key, ids in added.items()}

    @cached_property
    def _kept(self) -> dict[tuple[bytes, int], set[tuple[int, bytes]]]:
        """The heads that records keep, by device and actor; a fork can give several for one seq."""
        kept: dict[tuple[bytes, int], set[tuple[int, bytes]]] = {}
        counted = {
            digest: record.body
            for digest, record in self.rooted.items()
            if isinstance(record.body, Revoke | Grant | Keep)
            and record.body.by != record.body.device
            and not self._struck.strikes(record)
        }
        named = [(body.device, body.heads) for body in counted.values()]
        named += [
            (counted[remark.about].device, remark.heads)
            for remark in self._remarks
            if remark.about in counted
        ]
        for device, heads in named:
            for actor, seq, digest in heads:
                kept.setdefault((device, actor), set()).add((seq, digest))
        return kept


_Adding = Add | Found | Grant


def _standing(counted: Iterable[Record], seniority: Seniority) -> tuple[list[Record], dict[At, Role]]:
    """Return the records, the root first, whose signers are owners, and the roles that they give.

    Of the records whose signers are known to be owners, always one of the most senior signer is taken next;
    the first for a device's epoch decides its role.
    """
    standing: list[Record] = []
    roles: dict[At, Role] = {}
    waiting: dict[At, list[Record]] = {}
    ready: list[tuple[int, bytes, Record]] = []
    for record in counted:
        body = record.body
        if isinstance(body, Found):
            ready.append((seniority.place(body.by), record.digest, record))
        else:
            waiting.setdefault((body.by, body.by_epoch), []).append(record)
    heapify(ready)
    while ready:
        _, _, record = heappop(ready)
        standing.append(record)
        body = record.body
        if isinstance(body, Add | Found | Grant):
            at = (body.device, body.epoch)
            if roles.setdefault(at, body.role) is Role.OWNER:
                for one in waiting.pop(at, ()):
                    heappush(ready, (seniority.place(one.body.by), one.digest, one))
    return standing, roles
