"""The devices that this replica knows: the records about them.

Records are kept only if they are rooted (crdtnotes/trust/rooted.py), however many there are: a revocation
must never find the room taken. Their signatures are checked when they arrive, and again by `crdtnotes check`;
in between, the stored digest of each shows whether the file has changed. Records that only an earlier version
of crdtnotes accepted stay in the file, but count nowhere and are not passed on. A vault that was never paired
has no records: the first one is made when its device first pairs.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from crdtnotes.changes.derived import to_wire
from crdtnotes.errors import Damaged, DecodeError, LocalError, NotPaired, NotPermitted, TooLarge
from crdtnotes.store.signing.contacts import Contacts
from crdtnotes.store.signing.founding import DAMAGED, Founding
from crdtnotes.trust import device_id
from crdtnotes.trust.membership import MAX_ADDS, Member, Membership
from crdtnotes.trust.records import (
    MAX_ADOPTED,
    MAX_HEADS,
    MAX_KEPT,
    Add,
    Erase,
    Found,
    Grant,
    Keep,
    Name,
    Record,
    Revoke,
    decode_record,
    printable_name,
    remarks,
    sign_record,
)
from crdtnotes.trust.roles import Role

if TYPE_CHECKING:
    from crdtnotes.trust.identity import Identity

MAY_ONLY_READ = (
    "This device may only read this vault; an owner of it can let it write: crdtnotes role DEVICE writer"
)

_NO_RECORDS = bytes(16)


class Members:
    """The devices of a replica. Methods that write must be called inside a transaction of the replica."""

    def __init__(self, conn: sqlite3.Connection, founding: Founding) -> None:
        self._conn = conn
        self.contacts = Contacts(conn)
        self._founding = founding
        self._state: tuple[bytes | None, int] | None = None
        self._membership = Membership(founding.vault, None, ())
        self._digest = _NO_RECORDS
        self._records: list[bytes] | None = None
        self.changed = False
        """Whether records were added or removed since the caller last reset this."""

    # -- records

    @property
    def root(self) -> bytes | None:
        """The digest of the founder's record, None before the first pairing."""
        return self._founding.root

    @property
    def vault(self) -> bytes:
        """The vault's id."""
        return self._founding.vault

    @property
    def founded(self) -> bool:
        """Whether this replica's vault was ever paired, so that all changes must be signed."""
        return self._founding.founded

    def membership(self) -> Membership:
        """Return the devices of the vault, according to the records that are here now."""
        self._refresh()
        return self._membership

    def name(self, device: bytes) -> str:
        """Return the name of a device, or the beginning of its id if it is not known."""
        member = self.membership().members.get(device)
        return device_id.short(device) if member is None else member.name

    def digest(self) -> bytes:
        """Return a hash (16 bytes) of the set of records; zeros for none."""
        self._refresh()
        return self._digest

    def records(self) -> list[bytes]:
        """Return all records, each after those that it needs."""
        self._refresh()
        if self._records is None:
            self._records = [record.data for record in self._membership.rooted.values()]
        return self._records

    def take(self, datas: Iterable[bytes]) -> list[Record]:
        """Keep the records that are rooted and new; returns them. Raises DecodeError for an invalid one.

        A replica without a root keeps none: it gets its root by pairing only (`adopt`, `found`).
        """
        given = [decode_record(data) for data in datas]
        before = self.membership()
        fresh = [record for record in given if record.digest not in before.rooted]
        if not fresh:
            return []
        after = Membership(self.vault, self.root, [*before.rooted.values(), *fresh], before.rooted.keys())
        new = [record for digest, record in after.rooted.items() if digest not in before.rooted]
        self._keep(new)
        if after.rooted:
            self._set_state(after)
        return new

    def _check_adopted(self, membership: Membership) -> None:
        """Check that the founder has signed for all streams here, except those whose author is known."""
        for actor, seq, digest in self._conn.execute(
            "SELECT actor, seq, hash FROM actors WHERE seq AND actor NOT IN (SELECT actor FROM authors)"
        ):
            end, tip = membership.adopted.get(actor, (0, b""))
            if seq > end or (seq == end and digest != tip):
                raise LocalError(
                    "This replica holds changes from before its vault was paired that the other device did "
                    "not have then, so nobody can sign them: export its notes (crdtnotes export), "
                    "join with a new replica, and import them there."
                )

    def adopt(self, root: bytes, datas: Iterable[bytes]) -> list[Record]:
        """Take the root and the records of the device that this one was paired with; return the new ones.

        A root that is here already is kept. Raises DecodeError if the records do not include the root.
        """
        joins = self.root is None
        if joins:
            self._set_root(root)
        new = self.take(datas)
        if joins:
            membership = self.membership()
            if not membership.rooted:
                raise DecodeError("The records about devices do not include the one of the founder.")
            self._check_adopted(membership)
        return new

    def restore(self, root: bytes, records: Iterable[Record]) -> None:
        """Take those records of this replica's damaged file that are rooted."""
        self._set_root(root)
        self._keep(Membership(self.vault, root, records).rooted.values())

    def found(
        self, identity: Identity, name: str, heads: Mapping[int, tuple[int, bytes]], now: int = 0
    ) -> None:
        """Make this device the founder, which signs for all streams up to `heads`.

        `now` is the wall time in ms. Raises TooLarge if there are too many streams.
        """
        if len(heads) > MAX_ADOPTED:
            raise TooLarge(
                f"A vault with more than {MAX_ADOPTED} streams of changes cannot be paired; "
                "`crdtnotes revoke --all-others` makes a new vault of its notes, with one stream."
            )
        streams = tuple((actor, seq, digest) for actor, (seq, digest) in sorted(heads.items()))
        founder = Found(self.vault, identity.certificate, printable_name(name), streams)
        record = sign_record(founder, identity)
        self._set_root(record.digest)
        self._keep([record, *remarks(identity, record, now)])
        self.introduce(identity, name, now)

    def admit(
        self, identity: Identity, certificate: bytes, name: str, now: int = 0, *, role: Role | None = None
    ) -> None:
        """Add a device, signed by this one, at the wall time `now` in ms.

        Without a `role`, a new device becomes an owner, and a member keeps its role. Raises NotPaired if this
        device does not belong to the vault, NotPermitted if it may not do this, TooLarge if it has added too
        many.
        """
        own = self._owner(identity)
        added = device_id.device_id(certificate)
        if self.membership().is_active(added):
            if role is not None:
                self.set_role(identity, added, role, now)
        elif role in (None, Role.OWNER):
            members = self.membership()
            self._check_adds(own)
            add = Add(
                self.vault, certificate, printable_name(name), members.next_epoch(added), own.id, own.epoch
            )
            record = sign_record(add, identity)
            self._keep([record, *remarks(identity, record, now)])
        else:
            self._grant(identity, own, certificate, printable_name(name), role, now)

    def set_role(self, identity: Identity, device: bytes, role: Role, now: int = 0) -> None:
        """Give a device another role, signed by this one; what it has signed, and its changes here, stay.

        Raises NotPaired if either of the two does not belong to the vault, NotPermitted if this device may
        not do this.
        """
        own = self._owner(identity)
        members = self.membership()
        member = members.active.get(device)
        if member is None:
            raise NotPaired("That device does not belong to the vault (any more).")
        if member.role is role:
            return
        if not members.may_set_role(own.id, device, role):
            raise NotPermitted(
                "A device cannot change its own role; another owner can."
                if device == own.id
                else "Only an owner that has been one for longer can take rights from an owner; to take them "
                "from this device, revoke it and pair it again (crdtnotes revoke, crdtnotes pair)."
            )
        self._grant(identity, own, member.certificate, member.name, role, now)

    def _grant(
        self, identity: Identity, own: Member, certificate: bytes, name: str, role: Role, now: int
    ) -> None:
        """Keep a Grant; Remarks name the streams and records for which it has no room."""
        self._check_adds(own)
        members = self.membership()
        device = device_id.device_id(certificate)
        heads: list[tuple[int, int, bytes]] = []
        signed: list[bytes] = []
        if role is not Role.OWNER:
            signed = members.signed_by(device)
        if role is Role.READER and device in members.members:
            heads = sorted(self._streams_of(members.members[device].keys.signing))
        grant = Grant(
            self.vault,
            certificate,
            name,
            members.next_epoch(device),
            role,
            own.id,
            own.epoch,
            tuple(heads[:MAX_HEADS]),
            tuple(signed[:MAX_KEPT]),
        )
        record = sign_record(grant, identity)
        self._keep([record, *remarks(identity, record, now, heads[MAX_HEADS:], signed[MAX_KEPT:])])

    def _check_adds(self, own: Member) -> None:
        if self.membership().adds_by(own.id, own.epoch) >= MAX_ADDS:
            raise TooLarge(
                f"This device has already added {MAX_ADDS} devices; pair further ones with another device."
            )

    def check_owner(self, identity: Identity) -> None:
        """Raise NotPermitted or NotPaired if this device may not add others."""
        self._owner(identity)

    def check_writer(self, identity: Identity) -> None:
        """Raise NotPermitted or NotPaired if this device may not write."""
        if not self._own(identity).writes:
            raise NotPermitted(MAY_ONLY_READ)

    def writing_keys(self) -> list[bytes]:
        """Return the signing keys of the devices that may write now."""
        members = self.membership()
        return [member.keys.signing for member in members.active.values() if member.writes]

    def role(self, device: bytes) -> Role | None:
        """Return the role of a device, None if it does not belong to the vault."""
        member = self.membership().active.get(device)
        return None if member is None else member.role

    def uses_roles(self) -> bool:
        """Tell whether there are records about roles."""
        return self.membership().uses_roles

    def erase(
        self,
        identity: Identity,
        note: bytes,
        spans: Sequence[tuple[int, int, int]],
        places: Sequence[tuple[bytes, bytes]],
        now: int,
    ) -> None:
        """Say that texts are erased from a note; for `spans` and `places` see `records.Erase`.

        Raises NotPaired if this device does not belong to the vault, NotPermitted if it is a reader.
        """
        self.check_writer(identity)
        own = self._own(identity)
        wire = tuple((to_wire(actor), first, length) for actor, first, length in spans)
        body = Erase(self.vault, own.id, own.epoch, now, note, wire, tuple(places))
        self._keep([sign_record(body, identity)])

    def is_introduced(self, device: bytes) -> bool:
        """Tell whether a device has said what it is called, or cannot, because it is no member."""
        members = self.membership()
        return not members.is_active(device) or members.own_name(device) is not None

    def introduce(self, identity: Identity, name: str, now: int) -> None:
        """Say what this device is called, unless it has said just that before, or is no member."""
        members = self.membership()
        own = members.active.get(identity.id)
        number, before = members.own_name(identity.id) or (0, "")
        if own is None or before == printable_name(name):
            return
        body = Name(self.vault, own.id, own.epoch, number + 1, now, printable_name(name))
        self._keep([sign_record(body, identity)])

    def revoke(self, identity: Identity, device: bytes, now: int = 0, *, keep_added: bool = True) -> None:
        """Remove a device from the vault, signed by this one; the changes of it that are here stay.

        With `keep_added`, so do the devices that it has added. Raises NotPaired if either of the two does not
        belong to the vault, NotPermitted if this device is no owner. (Without `keep_added`, the device may
        have been revoked before.)
        """
        own = self._owner(identity)
        member = self.membership().members.get(device)
        if member is None or (keep_added and not member.active):
            raise NotPaired("That device does not belong to the vault (any more).")
        self._revoke(identity, own, device, self._streams_of(member.keys.signing), now, keep_added=keep_added)

    def answer_for_gone(self, own_identity: Callable[[], Identity], now: int = 0) -> None:
        """Write records that keep the changes of revoked devices and readers which none keeps yet.

        These changes came before this replica heard that their authors may not write any more, and later
        changes here depend on them: if other replicas refused them, replicas would diverge. A reader has no
        changes of its own, and may not keep any.
        """
        members = self.membership()
        beyond = {
            device: streams
            for device, key in members.gone()
            if (
                streams := [
                    (actor, seq, digest)
                    for actor, seq, digest in self._streams_of(key)
                    if not members.may_have_written(key, actor, seq, digest)
                ]
            )
        }
        if not beyond:
            return
        identity = own_identity()
        own = members.active.get(identity.id)
        if own is None or not own.writes:
            return
        for device, streams in beyond.items():
            if own.owns and not members.is_active(device):
                self._revoke(identity, own, device, streams, now)
            elif device != own.id:
                heads = sorted(streams)
                pieces = [heads[begin : begin + MAX_HEADS] for begin in range(0, len(heads), MAX_HEADS)]
                self._keep(
                    sign_record(Keep(self.vault, device, own.id, own.epoch, tuple(piece)), identity)
                    for piece in pieces
                )

    def _revoke(
        self,
        identity: Identity,
        own: Member,
        device: bytes,
        streams: Iterable[tuple[int, int, bytes]],
        now: int,
        *,
        keep_added: bool = True,
    ) -> None:
        """Keep a Revoke of a device; Remarks name the streams and records for which it has no room."""
        members = self.membership()
        signed = members.signed_by(device) if keep_added else []
        heads = sorted(streams)
        revoke = Revoke(
            self.vault,
            device,
            members.next_epoch(device) - 1,
            own.id,
            own.epoch,
            tuple(heads[:MAX_HEADS]),
            tuple(signed[:MAX_KEPT]),
        )
        record = sign_record(revoke, identity)
        self._keep([record, *remarks(identity, record, now, heads[MAX_HEADS:], signed[MAX_KEPT:])])

    def _streams_of(self, signing_key: bytes) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the heads here of a device's streams."""
        return list(
            self._conn.execute(
                """SELECT actors.actor, seq, hash FROM authors JOIN actors ON actors.actor = authors.actor
                   WHERE key = ? AND seq""",
                (signing_key,),
            )
        )

    def leave(self) -> None:
        """Delete all records and contacts: no device belongs to the vault any more."""
        for table in ("members", "contacts", "addresses"):
            self._conn.execute(f"DELETE FROM {table}")
        self._conn.execute("DELETE FROM meta WHERE key = 'root'")
        self.changed = True
        self.forget()

    def _own(self, identity: Identity) -> Member:
        own = self.membership().active.get(identity.id)
        if own is None:
            raise NotPaired("This device does not belong to the vault; pair it with a device that does.")
        return own

    def _owner(self, identity: Identity) -> Member:
        own = self._own(identity)
        if not own.owns:
            raise NotPermitted(
                f"This device is a {own.role.word} of the vault: only owners add and revoke devices and "
                "change their roles."
            )
        return own

    def _set_root(self, digest: bytes) -> None:
        self._founding.set_root(digest)
        self.changed = True

    def _keep(self, records: Iterable[Record]) -> None:
        self._conn.executemany(
            "INSERT OR IGNORE INTO members (digest, record) VALUES (?, ?)",
            [(record.digest, record.data) for record in records],
        )
        self.changed = True

    def _refresh(self) -> None:
        if (self.root, self._founding.last_record()) != self._state:
            self._set_state(self._read(checked=True))

    def check(self) -> None:
        """Check the signatures of all records again; raises Damaged if one is missing or wrong."""
        self._read(checked=False)

    def _read(self, *, checked: bool) -> Membership:
        """Return the membership by the records in the file; their signatures are checked unless `checked`.

        Raises Damaged. Ignoring a damaged record might let a revoked device in.
        """
        rows = self._conn.execute("SELECT digest, record FROM members ORDER BY id").fetchall()
        try:
            records = [decode_record(data) for _, data in rows]
        except (DecodeError, TypeError) as error:
            raise Damaged(DAMAGED) from error
        digests = [record.digest for record in records]
        if digests != [digest for digest, _ in rows]:
            raise Damaged(DAMAGED)
        membership = Membership(self.vault, self.root, records, frozenset(digests) if checked else ())
        if membership.unexplained():
            raise Damaged(DAMAGED)
        return membership

    def _set_state(self, membership: Membership) -> None:
        self._membership = membership
        digests = sorted(membership.rooted)
        self._digest = hashlib.sha256(b"".join(digests)).digest()[:16] if digests else _NO_RECORDS
        self._records = None
        self._state = (self.root, self._founding.last_record())

    def forget(self, vault: bytes | None = None) -> None:
        """Read everything again: a transaction was rolled back, or the vault has this new id."""
        self._state = None
        self._founding.forget()
        self._founding.vault = vault or self._founding.vault
