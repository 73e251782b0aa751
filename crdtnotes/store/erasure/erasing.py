"""Erasing texts from a replica, and telling the other devices of a paired vault.

Rules
    - In a paired vault a device signs records (`trust/records.py`, Erase) that name the ids of what is
      erased, and the changes that bring them. They spread like all records about devices: before any change.
      Each replica that gets one rewrites its log and everything derived from it, in the same transaction.
    - The hash chain and the signatures over it stay. `erased` in the log leads from the hash of an erased
      change to the one that the change gave as its author wrote it, as the records say.
    - A replica that has a change as its author wrote it checks that a record erases nothing else in it, and
      refuses the record otherwise.
    - A change that arrives as its author wrote it is erased before it is stored. So is one that comes into
      another stream because a branch gives way.
    - If an erased change has a form here that no record names (two devices have erased different parts of it,
      or two have brought the same elements), this device signs a further record. So any other replica can
      check that form too.
    - A vault that was never paired has no records. There, the log is rewritten as that of a new vault.

Erasing is rare, so the whole log is rewritten, as for a fork. Deleted content is overwritten with zeros, and
then the file is rebuilt without free pages (`Replica.scrub`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from crdtnotes.changes.batch import Piece
from crdtnotes.changes.change import NO_HASH, Change, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.erasing import erase, erased_in
from crdtnotes.crdt.tags import Tags
from crdtnotes.errors import InvalidChange, LocalError, TooLarge
from crdtnotes.store.clock import claimed_now
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.known_files import KnownFiles
from crdtnotes.trust.membership import ErasedTexts
from crdtnotes.trust.records import MAX_PLACES, MAX_SPANS, Erase, Record


class _Logged(NamedTuple):
    """A change in the log, its bytes, and the hashes of its stream before it and after it."""

    change: Change
    data: bytes
    before: bytes
    tip: bytes


class _Form(NamedTuple):
    """An erased change, the hash that it gives, and the one that it gave as its author wrote it."""

    change: Change
    tip: bytes
    original: bytes


class Erasing:
    """Erases texts from a replica. Methods that write must be called inside a transaction."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._made: list[_Form] = []
        self._known: dict[bytes, ErasedTexts] = {}

    def begin(self) -> None:
        """Begin a transaction that receives changes, but no records."""
        self._made.clear()
        self._known = self._texts

    def concerns(self, changes: Iterable[Change]) -> bool:
        """Tell whether any of these changes belongs to a note from which something was erased."""
        return bool(self._known) and any(change.note in self._known for change in changes)

    @property
    def _texts(self) -> dict[bytes, ErasedTexts]:
        members = self._core.members
        return members.membership().erased if members.founded else {}

    # -- here

    def count(self, note: bytes, ids: Tags) -> int:
        """Return how many changes of a note hold texts with these ids."""
        return len(self._holding(note, ids))

    def erase(self, note: bytes, ids: Tags) -> None:
        """Erase the texts with these ids from a note of a paired vault.

        Raises TooLarge, KeysLocked, NotPermitted if this device may only read, or NotPaired if it does not
        belong to the vault.
        """
        self._core.members.check_writer(self._core.signer.identity)
        self._core.signer.sign_own(self._core.actor)
        self._tell(note, ids, self._holding(note, ids))
        self._made.clear()
        self._rewrite({note}, ())
        self.answer()

    def _holding(self, note: bytes, ids: Tags) -> list[_Logged]:
        return [
            one
            for one in self._logged()
            if one.change.note == note and erase(one.change, ids, named=True) is not one.change
        ]

    def _tell(self, note: bytes, ids: Tags, held: Sequence[_Logged]) -> None:
        """Sign the records that erase ids from a note whose changes `held` bring them."""
        every = Tags()
        known = self._texts.get(note)
        for actor, first, length in [*ids.runs(), *(known.ids.runs() if known else ())]:
            every.add(actor, first, first + length)
        forms: list[_Form] = []
        for one in held:
            form = erase(one.change, every, named=True, original=one.tip)
            forms.append(_Form(form, chain(one.before, encode(form)), one.tip))
        self._sign(note, every, forms)

    def _sign(self, note: bytes, ids: Tags, forms: Iterable[_Form]) -> None:
        """Sign the records that erase ids from these changes.

        `ids` are all that were ever erased from the note. One record has all of them that a change holds, so
        that the change's form follows from that record alone.
        """
        members, identity = self._core.members, self._core.signer.identity
        spans: dict[tuple[int, int, int], None] = {}
        places: list[tuple[bytes, bytes]] = []
        for form in forms:
            own = erased_in(form.change, ids).runs()
            if len(own) > MAX_SPANS:
                raise TooLarge(
                    f"This text occurs more than {MAX_SPANS:,} times in one edit; erase a longer one."
                )
            if places and (len(spans) + len(own) > MAX_SPANS or len(places) == MAX_PLACES):
                members.erase(identity, note, list(spans), places, claimed_now())
                spans, places = {}, []
            spans.update(dict.fromkeys(own))
            places.append((form.tip, form.original))
        if places:
            members.erase(identity, note, list(spans), places, claimed_now())

    # -- from others

    def hear(self, records: Iterable[Record]) -> None:
        """Erase what these records say, which are kept already; raises InvalidChange for a false one."""
        bodies = [record.body for record in records if isinstance(record.body, Erase)]
        if not bodies:
            return
        self._made.clear()
        self._core.log.erased.put(place for body in bodies for place in body.places)
        self._rewrite({body.note for body in bodies}, bodies)
        self.answer()

    def received(self, change: Change, data: bytes, piece: Piece) -> tuple[Change, bytes, Piece]:
        """Return the form in which a change is stored that comes next in its stream: `piece` contains it."""
        texts = self._known.get(change.note)
        if texts is None:
            return change, data, piece
        before = self._core.log.head(change.actor).hash
        tip = self._core.log.chain(before, change, data)
        erased = erase(change, texts.ids, named=tip in texts.places, original=tip)
        if erased is change:
            return change, data, piece
        data = encode(erased)
        self._keep(erased, chain(before, data), tip)
        return erased, data, data

    def moved(self, changes: Sequence[tuple[Change, bytes]]) -> Iterator[tuple[Change, bytes]]:
        """Return the forms in which changes are stored that move to other streams, in their order.

        Call it before the log is cleared; the log must advance to each before the next one is taken.
        """
        self.begin()
        if self.concerns(change for change, _ in changes):
            self.shred()
        return self._moved(changes)

    def _moved(self, changes: Iterable[tuple[Change, bytes]]) -> Iterator[tuple[Change, bytes]]:
        for change, data in changes:
            form, data, _ = self.received(change, data, data)
            yield form, data
        self.answer()

    def answer(self) -> None:
        """Sign records for the forms that came about here and that no record names, if we are a member."""
        texts = self._texts
        left: dict[bytes, list[_Form]] = {}
        for form in self._made:
            known = texts[form.change.note].places.get(form.original, ())
            if form.tip not in known:
                left.setdefault(form.change.note, []).append(form)
        self._made.clear()
        if not left:
            return
        try:
            own = self._core.signer.identity.id
        except LocalError:
            return
        if self._core.members.membership().may_write(own):
            for note, forms in left.items():
                with suppress(TooLarge):  # nobody can say that; the form is known here all the same
                    self._sign(note, texts[note].ids, forms)

    # -- the log

    def _logged(self) -> Iterator[_Logged]:
        """Yield the whole log in causal order."""
        log = self._core.log
        tips: dict[int, bytes] = {}
        for change, data in log.opened({}):
            before = tips.get(change.actor, NO_HASH)
            tip = tips[change.actor] = log.chain(before, change, data)
            yield _Logged(change, data, before, tip)

    def _keep(self, erased: Change, tip: bytes, original: bytes) -> None:
        """Store where the chain goes on after an erased change."""
        self._core.log.erased.put([(tip, original)])
        self._made.append(_Form(erased, tip, original))

    def _rewrite(self, notes: Collection[bytes], heard: Sequence[Erase]) -> None:
        """Erase from the log what the records say about these notes, and derive everything anew.

        `heard` are those of the records that are to be checked against what is here.
        """
        texts = self._texts
        claims: dict[bytes, list[tuple[bytes, Tags]]] = {}
        for body in heard:
            ids = body.ids
            for tip, original in body.places:
                claims.setdefault(original, []).append((tip, ids))
        changes: list[tuple[Change, bytes]] = []
        rewritten = False
        for one in self._logged():
            form, data = one.change, one.data
            if form.note in notes:
                texts_here = texts[form.note]
                named = one.tip in texts_here.places
                form = erase(one.change, texts_here.ids, named=named, original=one.tip)
                _check_claims(one, claims.get(one.tip, ()))
            if form is not one.change:
                rewritten = True
                data = encode(form)
                self._keep(form, chain(one.before, data), one.tip)
            changes.append((form, data))
        if rewritten:
            self.shred()
            KnownFiles(self._core).forget_texts(notes)
            self._write_anew(changes)

    def _write_anew(self, changes: Iterable[tuple[Change, bytes]]) -> None:
        core, derived = self._core, self._core.derived
        self.shred()
        core.log.clear()
        derived.clear()
        core.begin_rewrite()
        core.enter_anew(changes)
        # The hashes of all streams are what they were, and so are the signatures.
        core.log.grown.clear()

    def shred(self) -> None:
        """Let what is deleted from the file be overwritten, and drop what else holds parts of texts."""
        core = self._core
        core.conn.execute("PRAGMA secure_delete = ON")
        core.conn.execute("INSERT OR REPLACE INTO meta VALUES ('scrub', 1)")
        core.conn.execute("DELETE FROM elements")
        core.conn.execute("DELETE FROM proofs")
        core.log.dictionaries.clear()
        core.search.drop_prepared()


def _check_claims(one: _Logged, claims: Iterable[tuple[bytes, Tags]]) -> None:
    """Check that records erase nothing else in a change than they say, if it is here as it was written."""
    if one.change.is_erased:
        return
    for tip, ids in claims:
        wanted = erase(one.change, ids, named=True, original=one.tip)
        if tip != chain(one.before, encode(wanted)):
            raise InvalidChange(
                f"A device says that text was erased from change {one.change.seq} of "
                f"{one.change.actor:016x}, but names another change in its place."
            )
