"""Which records about devices are rooted: signed by devices that rooted records added, back to the founder.

Rules (docs/security.md, "Membership"):

1. The root is the founder's record whose digest every replica knows.
2. Another record is rooted once everything that it needs is rooted, in this order:
   - a record that added its signer at the epoch that it names, with whose key it is signed: as an owner for
     an Add, a Grant and a Revoke, as a writer or an owner for a Keep;
   - for an Add or a Grant at epoch 2 or later, one of that device at the epoch before: epochs do not jump;
   - for a Revoke, an Add or a Grant of that device at the epoch that it names, for a Keep at epoch 1;
   - for a Remark, the record that it is about, by the same signer.
3. An Add or a Grant whose certificate `crdtnotes.trust.certificate` refuses is never rooted. No device adds
   itself or changes its own role.

So more records never make a rooted record unrooted, and the order of arrival does not matter. Each record is
looked at once or twice, however many there are.
"""

from collections.abc import Collection, Iterable
from itertools import compress

from crdtnotes.errors import DecodeError
from crdtnotes.trust.certificate import PublicKeys, keys_in, read_certificate
from crdtnotes.trust.records import Add, Erase, Found, Grant, Keep, Record, Remark, Revoke
from crdtnotes.trust.roles import Role

At = tuple[bytes, int]
"""A device's id and one of its epochs."""

_Need = tuple[bytes, int, Role]
# That a rooted record gave a device at an epoch this role or more.


class RootedRecords:
    """The rooted ones among the records of a vault, with the root that has the digest `root`.

    `checked` holds the digests of records whose signatures were checked before.
    """

    def __init__(
        self, vault: bytes, root: bytes | None, records: Iterable[Record], checked: Collection[bytes] = ()
    ) -> None:
        self._vault = vault
        self._checked = checked
        self.records: dict[bytes, Record] = {}
        """The rooted records, by digest, each after those that it needs."""
        self.keys: dict[At, PublicKeys] = {}
        """The keys of each device at each epoch at which it was added."""
        self.roles: dict[At, Role] = {}
        """The highest role that a rooted record gave each device at each epoch."""
        self.founder: Found | None = None
        """The root's body."""
        self._waiting: dict[_Need | bytes, list[Record]] = {}
        given = {record.digest: record for record in records}
        founder = None if root is None else given.pop(root, None)
        self._refused: list[Record] = []
        self._lost = list(given.values())
        # Records that break a rule which every version had, or whose signature is wrong.
        if founder is None or not isinstance(founder.body, Found) or founder.body.vault != vault:
            return
        keys = self._keys_in(founder, founder.body)
        if keys is None or not self._signed(founder, keys):
            return
        self._lost = []
        self.founder = founder.body
        self.keys[founder.body.device, 1] = keys
        self.roles[founder.body.device, 1] = Role.OWNER
        self.records[founder.digest] = founder
        for record in given.values():
            self._settle(record)

    def unexplained(self) -> list[Record]:
        """Return the records that are not rooted although no rule forbids it: others that they need are lost.

        A record is forbidden by its certificate, by its epoch, or because it needs such a record. Earlier
        versions of crdtnotes kept these.
        """
        waiting = dict(self._waiting)
        queue = list(self._refused)
        for needed in list(waiting):
            if isinstance(needed, tuple):
                # With a rooted signer that has the role, a record waits for an epoch.
                signed = [self._has(_signer(one)) for one in waiting[needed]]
                queue += compress(waiting[needed], signed)
                waiting[needed] = [
                    one for one, known in zip(waiting[needed], signed, strict=True) if not known
                ]
        while queue:
            record = queue.pop()
            queue += waiting.pop(record.digest, [])
            if isinstance(record.body, Add | Grant):
                for role in Role:
                    queue += waiting.pop((record.body.device, record.body.epoch, role), [])
        return self._lost + [record for records in waiting.values() for record in records]

    def _settle(self, record: Record) -> None:
        """Root a record, and what waits for it, or let it wait for what it needs."""
        queue = [record]
        while queue:
            record = queue.pop()
            needed = self._missing(record)
            if needed is not None:
                self._waiting.setdefault(needed, []).append(record)
                continue
            if not self._acceptable(record):
                self._lost.append(record)
                continue
            body = record.body
            if isinstance(body, Add | Grant):
                added = self._keys_in(record, body)
                if added is None:
                    self._refused.append(record)
                    continue
                at = (body.device, body.epoch)
                self.keys[at] = added
                self.roles[at] = max(body.role, self.roles.get(at, body.role))
            self.records[record.digest] = record
            queue += self._waiting.pop(record.digest, [])
            if isinstance(body, Add | Grant):
                for role in Role:
                    if role <= body.role:
                        queue += self._waiting.pop((body.device, body.epoch, role), [])

    def _has(self, need: _Need) -> bool:
        id, epoch, role = need
        return self.roles.get((id, epoch), 0) >= role

    def _missing(self, record: Record) -> _Need | bytes | None:
        """Return the first thing that a record needs and that is not rooted yet."""
        body = record.body
        needed = [_signer(record)]
        if isinstance(body, Add | Grant) and body.epoch > 1:
            needed.append((body.device, body.epoch - 1, Role.READER))
        elif isinstance(body, Revoke):
            needed.append((body.device, body.epoch, Role.READER))
        elif isinstance(body, Keep):
            needed.append((body.device, 1, Role.READER))
        for need in needed:
            if not self._has(need):
                return need
        if isinstance(body, Remark) and body.about not in self.records:
            return body.about
        return None

    def _acceptable(self, record: Record) -> bool:
        """Check a record whose needs are rooted, except for a certificate."""
        body = record.body
        if isinstance(body, Found) or body.vault != self._vault:
            return False
        if isinstance(body, Add | Grant) and body.by == body.device:
            return False
        if isinstance(body, Remark):
            about = self.records[body.about].body
            signer = (about.by, about.by_epoch)
            if not isinstance(about, Add | Revoke | Found | Grant) or signer != (body.by, body.by_epoch):
                return False
        return self._signed(record, self.keys[body.by, body.by_epoch])

    def _signed(self, record: Record, keys: PublicKeys) -> bool:
        return record.digest in self._checked or record.signed_by(keys.signing)

    def _keys_in(self, record: Record, body: Add | Found | Grant) -> PublicKeys | None:
        read = keys_in if record.digest in self._checked else read_certificate
        try:
            return read(body.certificate)
        except DecodeError:
            return None


def _signer(record: Record) -> _Need:
    """Return what a record needs of its signer."""
    body = record.body
    role = Role.READER
    if isinstance(body, Add | Grant | Revoke):
        role = Role.OWNER
    elif isinstance(body, Keep | Erase):
        role = Role.WRITER
    return body.by, body.by_epoch, role
