"""Which records about devices are rooted: signed by devices that rooted records added, back to the founder.

Rules (docs/security.md, "Membership"):

1. The root is the founder's record whose digest every replica knows.
2. Another record is rooted once everything that it needs is rooted, in this order:
   - the record that added its signer at the epoch that it names, with whose key it is signed;
   - for an Add at epoch 2 or later, an Add of that device at the epoch before: epochs do not jump;
   - for a Revoke, an Add of that device at the epoch that it names;
   - for a Remark, the record that it is about, by the same signer.
3. An Add whose certificate `crdtnotes.trust.certificate` refuses is never rooted. No device adds itself.

So more records never make a rooted record unrooted, and the order of arrival does not matter. Each record is
looked at once or twice, however many there are.
"""

from collections.abc import Collection, Iterable
from itertools import compress

from crdtnotes.errors import DecodeError
from crdtnotes.trust.certificate import PublicKeys, keys_in, read_certificate
from crdtnotes.trust.records import Add, Found, Record, Remark, Revoke

At = tuple[bytes, int]
"""A device's id and one of its epochs."""


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
        self.founder: Found | None = None
        """The root's body."""
        self._waiting: dict[At | bytes, list[Record]] = {}
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
                # With a rooted signer, a record waits for an epoch.
                signed = [(one.body.by, one.body.by_epoch) in self.keys for one in waiting[needed]]
                queue += compress(waiting[needed], signed)
                waiting[needed] = [
                    one for one, known in zip(waiting[needed], signed, strict=True) if not known
                ]
        while queue:
            record = queue.pop()
            queue += waiting.pop(record.digest, [])
            if isinstance(record.body, Add):
                queue += waiting.pop((record.body.device, record.body.epoch), [])
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
            if isinstance(record.body, Add):
                added = self._keys_in(record, record.body)
                if added is None:
                    self._refused.append(record)
                    continue
                self.keys[record.body.device, record.body.epoch] = added
            self.records[record.digest] = record
            queue += self._waiting.pop(record.digest, [])
            if isinstance(record.body, Add):
                queue += self._waiting.pop((record.body.device, record.body.epoch), [])

    def _missing(self, record: Record) -> At | bytes | None:
        """Return the first thing that a record needs and that is not rooted yet."""
        body = record.body
        needed: list[At] = [(body.by, body.by_epoch)]
        if isinstance(body, Add) and body.epoch > 1:
            needed.append((body.device, body.epoch - 1))
        elif isinstance(body, Revoke):
            needed.append((body.device, body.epoch))
        for at in needed:
            if at not in self.keys:
                return at
        if isinstance(body, Remark) and body.about not in self.records:
            return body.about
        return None

    def _acceptable(self, record: Record) -> bool:
        """Check a record whose needs are rooted, except for an Add's certificate."""
        body = record.body
        if isinstance(body, Found) or body.vault != self._vault:
            return False
        if isinstance(body, Add) and body.by == body.device:
            return False
        if isinstance(body, Remark):
            about = self.records[body.about].body
            signer = (about.by, about.by_epoch)
            if not isinstance(about, Add | Revoke | Found) or signer != (body.by, body.by_epoch):
                return False
        return self._signed(record, self.keys[body.by, body.by_epoch])

    def _signed(self, record: Record, keys: PublicKeys) -> bool:
        return record.digest in self._checked or record.signed_by(keys.signing)

    def _keys_in(self, record: Record, body: Add | Found) -> PublicKeys | None:
        read = keys_in if record.digest in self._checked else read_certificate
        try:
            return read(body.certificate)
        except DecodeError:
            return None
