"""Membership: the devices that belong to the vault by its records, and the changes they may have written.

The set of records only grows, and membership depends only on the set. So replicas with the same records
agree, in whatever order the records arrived.

1. Only rooted records count (`rooted.py`).
2. A rooted Revoke counts forever: nothing undoes it, whatever happens to its signer. It keeps the records
   that it names, itself or in Remarks.
3. A rooted record other than the root is *struck* if its signer was revoked at that epoch or a later one by
   a Revoke that does not keep the record. So a revoked device cannot add others, not even with an old date.
4. An Add *stands* if it is not struck, its signer has a record that stands, and it is one of the MAX_ADDS
   Adds of that signer at that epoch with the smallest digests; the root stands.
5. A signing key belongs to the devices that have used it to name themselves. If none has, it belongs to all
   devices that were added with it, and the revocation of one of them ends the others.
6. A device is active if the highest epoch of its standing records is above that of all its Revokes, and its
   signing key belongs to it. So only a new pairing, which gives it a higher epoch, can bring it back.
7. If a device is not active, its changes stay only up to the heads that Revokes of it name for their stream.
   Revokes that are struck, or that the device signed itself, do not count for this.
8. An Erase counts as soon as it is rooted, for good.
9. A device is called what its Name with the highest number says. What others call it counts only until then.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from crdtnotes.crdt.tags import Tags
from crdtnotes.trust.certificate import PublicKeys
from crdtnotes.trust.records import Add, Erase, Found, Name, Record, Remark, Revoke, printable_name
from crdtnotes.trust.rooted import At, RootedRecords
from crdtnotes.trust.signatures import head_is_signed

MAX_ADDS = 4096
"""Adds of one device, at one of its epochs, that stand."""

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


class ErasedTexts(NamedTuple):
    """What was erased from a note: the ids, and the changes that bring them.

    `places` has, for the hash of its stream that each change gave as its author wrote it, those that it gives
    in the erased forms that records name.
    """

    ids: Tags
    places: dict[bytes, set[bytes]]


class _Revoked:
    """The Revokes of one device: how far they reach, and what they keep."""

    def __init__(self) -> None:
        self.epoch = 0
        self.by = b""
        self._kept: list[tuple[int, set[bytes]]] = []
        self._epochs: list[int] = []
        self._left: list[set[bytes]] = []
        # For each epoch of a Revoke, ascending: what all Revokes at this epoch or later keep.

    def add(self, revoke: Revoke, kept: set[bytes]) -> None:
        """Take in a Revoke; `kept` may still grow until the first call of `strikes`."""
        self.epoch, self.by = max((self.epoch, self.by), (revoke.epoch, revoke.by))
        self._kept.append((revoke.epoch, kept))

    def strikes(self, digest: bytes, by_epoch: int) -> bool:
        """Tell whether one of them strikes a record that the device signed at an epoch."""
        if not self._epochs:
            left: set[bytes] | None = None
            for epoch, kept in sorted(self._kept, key=lambda one: -one[0]):
                left = set(kept) if left is None else left & kept
                if self._epochs and self._epochs[-1] == epoch:
                    self._left[-1] = left
                else:
                    self._epochs.append(epoch)
                    self._left.append(left)
            self._epochs.reverse()
            self._left.reverse()
        at = bisect_left(self._epochs, by_epoch)
        return at < len(self._epochs) and digest not in self._left[at]


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
        left = self._revoked.keys() - {add.device for add in standing}
        gone = [
            record.body
            for record in self.rooted.values()
            if isinstance(record.body, Add) and record.body.device in left
        ]
        highest: dict[bytes, Add | Found] = {}
        first: dict[bytes, Add | Found] = {}
        for add in sorted([*standing, *gone], key=lambda add: (add.epoch, add.by, add.name)):
            highest[add.device] = add
            first.setdefault(add.device, add)
        members: dict[bytes, Member] = {}
        for id, add in highest.items():
            keys = self._found.keys[id, add.epoch]
            owners = self._owners[keys.signing]
            if id not in owners:
                continue
            over = [id] if id in left else [one for one in owners if self._is_over(one, highest)]
            name = self._names[id][1] if id in self._names else first[id].name
            members[id] = Member(
                id,
                printable_name(name),
                add.certificate,
                keys,
                add.epoch,
                add.by,
                not over,
                self._revoked[id if id in over else over[0]].by if over else None,
            )
        return members

    def _is_over(self, id: bytes, highest: dict[bytes, Add | Found]) -> bool:
        """Tell whether a device was revoked since it was last added."""
        revoked = self._revoked.get(id)
        return revoked is not None and (id not in highest or highest[id].epoch <= revoked.epoch)

    @cached_property
    def active(self) -> dict[bytes, Member]:
        """The devices that belong to the vault now."""
        return {id: member for id, member in self.members.items() if member.active}

    def is_active(self, id: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        return id in self.active

    def signed_by(self, id: bytes) -> list[bytes]:
        """Return the digests of what a device signed that a Revoke of it can keep."""
        return [
            digest
            for digest, record in self.rooted.items()
            if record.body.by == id
            and (
                isinstance(record.body, Add | Revoke)
                or (isinstance(record.body, Remark) and (record.body.heads or record.body.kept))
            )
        ]

    def adds_by(self, id: bytes, epoch: int) -> int:
        """Return how many Adds a device signed at an epoch."""
        return sum(
            isinstance(record.body, Add) and (record.body.by, record.body.by_epoch) == (id, epoch)
            for record in self.rooted.values()
        )

    def next_epoch(self, id: bytes) -> int:
        """Return the epoch at which a device can be added now."""
        return max((epoch for device, epoch in self._found.keys if device == id), default=0) + 1

    def stands(self, record: Record) -> bool:
        """Tell whether an Add or a Found stands."""
        return record.digest in self._standing_digests

    def own_name(self, id: bytes) -> tuple[int, str] | None:
        """Return the number and the name of the Name that counts for a device; None if it has none."""
        return self._names.get(id)

    def introduction(self, *ids: bytes) -> list[Record]:
        """Return records that show, on their own, that these devices were added, each after its signer's."""
        adds: dict[At, Record] = {}
        for record in self.rooted.values():
            if isinstance(record.body, Add | Found):
                adds.setdefault((record.body.device, record.body.epoch), record)
        wanted: set[bytes] = set()
        queue = [(id, epoch) for id in ids for epoch in range(1, self.next_epoch(id))]
        while queue:
            record = adds[queue.pop()]
            if record.digest not in wanted and isinstance(record.body, Add | Found):
                wanted.add(record.digest)
                queue += [(record.body.by, epoch) for epoch in range(1, record.body.by_epoch + 1)]
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
        """Yield `(device id, signing key)` of the devices that were added and are no longer active."""
        for key, ids in self._owners.items():
            if not any(map(self.is_active, ids)):
                yield from ((id, key) for id in ids)

    def may_have_written(self, signing_key: bytes, actor: int, seq: int, digest: bytes) -> bool:
        """Tell whether changes by the device with this key are accepted up to a head of its stream."""
        ids = self._owners.get(signing_key, [])
        if any(map(self.is_active, ids)):
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
    def _revoked(self) -> dict[bytes, _Revoked]:
        """The Revokes by the device that they revoke, each with what it keeps, also in Remarks that count."""
        return self._revokes(self._remarks)

    @cached_property
    def _remarks(self) -> list[Remark]:
        """The Remarks that continue a Revoke and are not struck.

        They decide what is kept, and this is about what is kept: here all of them count.
        """
        remarks = [record for record in self.rooted.values() if isinstance(record.body, Remark)]
        every = [record.body for record in remarks if isinstance(record.body, Remark)]
        revoked = self._revokes(every)
        return [
            remark
            for record, remark in zip(remarks, every, strict=True)
            if (remark.heads or remark.kept)
            and not (remark.by in revoked and revoked[remark.by].strikes(record.digest, remark.by_epoch))
        ]

    def _revokes(self, remarks: Iterable[Remark]) -> dict[bytes, _Revoked]:
        revoked: dict[bytes, _Revoked] = {}
        kept: dict[bytes, set[bytes]] = {}
        for digest, record in self.rooted.items():
            body = record.body
            if isinstance(body, Revoke):
                kept[digest] = set(body.kept)
                revoked.setdefault(body.device, _Revoked()).add(body, kept[digest])
        for remark in remarks:
            if remark.about in kept:
                kept[remark.about].update(remark.kept)
        return revoked

    def _is_struck(self, record: Record) -> bool:
        revoked = self._revoked.get(record.body.by)
        return revoked is not None and revoked.strikes(record.digest, record.body.by_epoch)

    @cached_property
    def _counted(self) -> list[Record]:
        """The root, and the Adds that are not struck and within the quota of their signers."""
        by: dict[At, list[Record]] = {}
        for record in self.rooted.values():
            if isinstance(record.body, Add) and not self._is_struck(record):
                by.setdefault((record.body.by, record.body.by_epoch), []).append(record)
        counted = [self.rooted[self._root]] if self._root in self.rooted else []
        for records in by.values():
            if len(records) > MAX_ADDS:
                records.sort(key=lambda record: record.digest)
            counted += records[:MAX_ADDS]
        return counted

    @cached_property
    def _standing_records(self) -> list[Record]:
        return _standing(self._counted)

    @cached_property
    def _standing(self) -> list[Add | Found]:
        return [record.body for record in self._standing_records if isinstance(record.body, Add | Found)]

    @cached_property
    def _standing_digests(self) -> set[bytes]:
        return {record.digest for record in self._standing_records}

    def _standing_without(self, id: bytes) -> set[bytes]:
        """Return the devices that would stand if no Add that a device signed did."""
        left = (one for one in self._counted if one.body.by != id or one.digest == self._root)
        return {one.body.device for one in _standing(left) if isinstance(one.body, Add | Found)}

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
        """The heads that Revokes name, by device and actor; a fork can give several for one seq."""
        kept: dict[tuple[bytes, int], set[tuple[int, bytes]]] = {}
        counted = {
            digest: record.body
            for digest, record in self.rooted.items()
            if isinstance(record.body, Revoke)
            and record.body.by != record.body.device
            and not self._is_struck(record)
        }
        named = [(revoke.device, revoke.heads) for revoke in counted.values()]
        named += [
            (counted[remark.about].device, remark.heads)
            for remark in self._remarks
            if remark.about in counted
        ]
        for device, heads in named:
            for actor, seq, digest in heads:
                kept.setdefault((device, actor), set()).add((seq, digest))
        return kept


def _standing(counted: Iterable[Record]) -> list[Record]:
    """Return the Adds, and the root, whose signers have a record that stands; the root comes first."""
    standing: list[Record] = []
    vouched: set[At] = set()
    waiting: dict[At, list[Record]] = {}
    for record in counted:
        body = record.body
        if isinstance(body, Add) and (body.by, body.by_epoch) not in vouched:
            waiting.setdefault((body.by, body.by_epoch), []).append(record)
            continue
        queue = [record]
        while queue:
            record = queue.pop()
            standing.append(record)
            if isinstance(record.body, Add | Found):
                at = (record.body.device, record.body.epoch)
                vouched.add(at)
                queue += waiting.pop(at, [])
    return standing
