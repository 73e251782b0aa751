"""Vault: the interface that the command line, the editor, mirrors and scripts use, together with Note.

A vault is used from the thread that opened it. Other processes may have the same file open: every call
sees what they have committed.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import NoteExists, NoteNotFound
from crdtnotes.hex_ids import actor_of, id_of, vault_id_of
from crdtnotes.markup.names import clean_name, fits, name_key, title_of
from crdtnotes.note import Note
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.committed import Committed as Committed
from crdtnotes.store.committed import Origin as Origin
from crdtnotes.store.replica import Replica
from crdtnotes.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from os import PathLike
    from types import TracebackType
    from typing import Any, Self

    import networkx as nx

    from crdtnotes.crdt.ops import Patch
    from crdtnotes.editing.session import EditSession
    from crdtnotes.markup.tagtree import TagBranch
    from crdtnotes.results import Arrival, Choice, Dangling, Finding, Hit, NoteInfo, NoteNames, Received
    from crdtnotes.store.views.note_list import NoteFigures
    from crdtnotes.trust.identity import Identity

# Modules that few calls need are imported in those calls: most runs of the program read one note and exit.


class Vault:
    """One replica of a vault, open."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._writer = Writer(replica, lambda: time.time_ns() // 1_000_000)

    @classmethod
    def create(cls, path: str | PathLike[str], device: str = "laptop", vault: str | None = None) -> Vault:
        """Create a new vault, or an empty replica of the vault with the id `vault`.

        Raises VaultExists (a FileExistsError) if something is at the path, ReadOnly or StoreError.
        """
        return cls(Replica.create(Path(path), device, None if vault is None else vault_id_of(vault)))

    @classmethod
    def open(
        cls, path: str | PathLike[str], read_only: bool = False, identity: Identity | None = None
    ) -> Vault:
        """Open a replica; raises VaultNotFound, NotAVault, NewerVault, ReadOnly or Damaged.

        `identity` signs the changes written to a paired vault; by default the one in the user's data folder.
        """
        given = None if identity is None else lambda: identity
        return cls(Replica(Path(path), read_only=read_only, identity=given))

    def close(self) -> None:
        """Bring the derived data up to date and close the file."""
        self._replica.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- properties

    @property
    def path(self) -> Path:
        """The replica's file."""
        return self._replica.path

    @property
    def id(self) -> str:
        """The vault's id, 32 hex digits; the same on every replica."""
        return self._replica.vault_id.hex()

    @property
    def device(self) -> str:
        """This device's name."""
        return self._replica.device

    @property
    def actor(self) -> str:
        """The stream that this replica writes, 16 hex digits."""
        self._replica.refresh()
        return f"{self._replica.actor:016x}"

    @property
    def replica(self) -> Replica:
        """The underlying replica, for the code that synchronises it."""
        return self._replica

    @property
    def is_paired(self) -> bool:
        """Whether this vault was ever paired, so that all of its changes are signed."""
        with self._replica.reading():
            return self._replica.members.founded

    @property
    def may_write(self) -> bool:
        """Whether this device may change notes here: it may unless it is a reader of a paired vault.

        Raises BadIdentity in a paired vault that knows roles.
        """
        return not self._replica.devices.is_reader()

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing to lose: never paired, and no changes other than new daily notes.

        An editor creates a daily note in an empty vault. If its text has changed, the vault is not untouched.
        """
        if self._replica.members.root is not None:
            return False
        if sum(self.version.values()) != len(self):
            return False
        from crdtnotes.markup import templates

        return all(templates.is_fresh_day(one.name, self.note(one.name).text) for one in self.names())

    # -- notes

    def create_note(
        self,
        name: str,
        text: str = "",
        *,
        links: Mapping[tuple[str, str], int] | None = None,
        modified: int | None = None,
        keeps_links: bool = True,
    ) -> Note:
        """Create a note; raises NoteExists, InvalidName, InvalidText or TooLarge.

        `links` is the result of `markup.outline.occurrences` for the text, if the caller already has it.
        `modified` is when the text was written, in ms since 1970; a time in the future does not count.
        Links that led to another note and would lead to this one now are rewritten, so that they lead where
        they led; without `keeps_links` they are left alone.
        """
        key = name_key(name := clean_name(name))
        with self.transaction():
            taken = self._replica.row_by_key(key)
            if taken is not None:
                [name] = self._replica.notes.names_of([taken]) or [name]
            if taken is not None or key in self._writer.created:
                raise NoteExists(f"There is already a note {name!r}.")
            if not keeps_links:
                return Note(self._writer, self._writer.create(name, text, links, modified))
            from crdtnotes.editing.rename import create

            return Note(self._writer, create(self._writer, name, text, links, modified))

    def note(self, name: str) -> Note:
        """Return the note with this name, or the one that `[[name]]` resolves to; raises NoteNotFound."""
        if (uid := self._find(name)) is None:
            raise NoteNotFound(f"There is no note {name!r}.")
        return Note(self._writer, uid)

    def note_by_id(self, id: str) -> Note:
        """Return the note with this id, even if it was deleted; raises NoteNotFound."""
        uid = id_of(id) or b""
        with self._writer.reading() as replica:
            if not uid or replica.documents.open(uid) is None:
                raise NoteNotFound(f"There is no note with the id {id!r}.")
        return Note(self._writer, uid)

    def deleted(self, name: str) -> list[Note]:
        """Return the deleted notes whose last name was this, the latest first."""
        with self._writer.flushed() as replica:
            return [Note(self._writer, uid) for uid in replica.notes.deleted(name_key(name))]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __len__(self) -> int:
        with self._writer.flushed() as replica:
            return replica.notes.count()

    def _find(self, name: str) -> bytes | None:
        if not fits(name):
            return None
        with self._writer.flushed() as replica:
            row = replica.row_by_key(name_key(name))
            if row is None:
                row = replica.names.resolver().resolve(name, "")
            return None if row is None else replica.uid_of(row)

    def notes(self) -> Iterator[NoteInfo]:
        """Yield every note, sorted by name."""
        with self._writer.flushed() as replica:
            replica.flush_snapshots_if_possible()
            found = replica.notes.figures()
        yield from _infos(found)

    def latest(self) -> Note | None:
        """Return the most recently changed note, by its author's clock; None if there are no notes."""
        with self._writer.flushed() as replica:
            uid = replica.notes.latest()
        return None if uid is None else Note(self._writer, uid)

    def names(self) -> list[NoteNames]:
        """Return the names and aliases of each note, sorted by name."""
        from crdtnotes.results import NoteNames

        with self._writer.flushed() as replica:
            rows = replica.notes.rows()
            aliases = replica.names.aliases()
            former = replica.names.former()
            elsewhere = replica.derived.namesakes.elsewhere()
        return [
            NoteNames(
                row.name,
                row.modified,
                tuple(aliases.get(row.id, ())),
                tuple(former.get(row.id, ())),
                tuple(elsewhere.get(row.id, ())),
            )
            for row in rows
        ]

    def names_stamp(self) -> bytes:
        """Return a stamp that changes whenever `names` does, apart from `modified`; cheaper than `names`."""
        with self._writer.flushed() as replica:
            return replica.names.stamp()

    def today(self, day: date | None = None) -> Note:
        """Return the daily note for a date, by default today; create it from the template if needed.

        Its title is `YYYY-MM-DD`. Two replicas that create it independently create the same note.
        """
        from datetime import date

        from crdtnotes.markup import templates

        day = day or date.today()
        name = day.isoformat()
        with self.transaction():
            uid = self._find(name)
            if uid is not None:
                return Note(self._writer, uid)
            template = self._find(templates.DAILY)
            text = templates.DEFAULT_DAILY if template is None else Note(self._writer, template).text
            return self.create_note(name, templates.filled(text, name, day))

    def templates(self) -> list[str]:
        """Return the names of the template notes: those in the folder `templates`."""
        from crdtnotes.markup import templates

        with self._writer.flushed() as replica:
            return replica.notes.names_below(name_key(templates.FOLDER))

    def create_from(self, template: str, name: str, day: date | None = None) -> Note:
        """Create a note with a template's text, with `{{date}}` and `{{title}}` filled in.

        `template` is a note's name, with or without the `templates` folder; `day` is today by default. Raises
        NoteNotFound and the errors of `create_note`.
        """
        from datetime import date

        from crdtnotes.markup import templates

        with self.transaction():
            uid = self._find(f"{templates.FOLDER}/{template}") or self._find(template)
            if uid is None:
                raise NoteNotFound(f"There is no template {template!r}.")
            text = Note(self._writer, uid).text
            filled = templates.filled(text, title_of(clean_name(name)), day or date.today())
            return self.create_note(name, filled)

    def rename_folder(self, old: str, new: str) -> tuple[int, int]:
        """Give all notes below the folder `old` the folder `new`, in one step, and rewrite the links to them.

        Returns how many notes were renamed and how many rewritten. Raises NoteNotFound if there is no note
        below the folder, NoteExists if another note has one of the new names, or InvalidName.
        """
        from crdtnotes.editing.rename import rename_all

        folder = clean_name(old.rstrip("/"))
        place = clean_name(new.rstrip("/"))
        with self.transaction():
            self._writer.flush_draft()
            replica = self._replica
            rows: dict[int, tuple[str, str]] = {}
            for name in replica.notes.names_below(name_key(folder)):
                row = replica.row_by_key(name_key(name))
                if row is not None:
                    rest = name.split("/")[folder.count("/") + 1 :]
                    rows[row] = (name, clean_name("/".join([place, *rest])))
            if not rows:
                raise NoteNotFound(f"There is no folder {folder!r}.")
            for _, name in rows.values():
                taken = replica.row_by_key(name_key(name))
                if taken is not None and taken not in rows:
                    raise NoteExists(f"There is already a note {name!r}.")
            uids = {replica.uid_of(row): names for row, names in rows.items() if names[0] != names[1]}
            return len(uids), rename_all(self._writer, uids, [(folder, place)])

    # -- searching

    def search(self, query: str, limit: int = 20) -> list[Hit]:
        """Return the notes that contain every word of the query, best match first.

        A word also matches longer words that begin with it; "double quotes" mark a whole phrase; Chinese,
        Japanese and Korean match anywhere in a text.
        """
        with self._writer.flushed() as replica:
            if not replica.read_only:
                replica.flush_snapshots()
                replica.flush_index()
            return replica.search.find(query, max(0, limit))

    def prepare_search(self) -> bool:
        """Add some of the changed notes to the search index; return whether there may be more.

        `search` indexes all of them; a caller that cannot wait for that calls this repeatedly beforehand.
        """
        with self._writer.flushed() as replica:
            pending = replica.search.pending() and not replica.search.is_prepared
        if pending:
            with self.transaction():
                pending = replica.search.put_in_pending()
        return pending

    def tags(self) -> list[tuple[str, int]]:
        """Return every tag with the number of notes that have it."""
        with self._writer.flushed() as replica:
            return replica.links.tags()

    def tag_tree(self) -> list[TagBranch]:
        """Return every tag and every parent level of a tag, as a tree."""
        from crdtnotes.markup.tagtree import tag_tree

        with self._writer.flushed() as replica:
            return tag_tree(replica.links.tagged())

    def tagged(self, tag: str) -> list[str]:
        """Return the names of the notes that have a tag or one below it, sorted."""
        from crdtnotes.markup.tagtree import is_within

        with self._writer.flushed() as replica:
            notes = {note for one, note in replica.links.tagged() if is_within(one, tag)}
            return replica.notes.names_of(notes)

    def orphans(self) -> list[NoteInfo]:
        """Return the notes that neither link to another note nor are linked to by one."""
        with self._writer.flushed() as replica:
            replica.flush_snapshots_if_possible()
            return list(_infos(replica.notes.orphans()))

    def dangling(self) -> list[Dangling]:
        """Return the names of notes to write: link targets that match no note and are no file or address.

        A target that is a path from the note's folder, such as `../x`, counts as the whole path.
        """
        from crdtnotes.markup.files import can_be_note
        from crdtnotes.markup.resolve import meant_name
        from crdtnotes.results import Dangling

        with self._writer.flushed() as replica:
            found: dict[str, tuple[str, dict[str, None]]] = {}
            for target, holder in replica.links.dangling():
                if not can_be_note(target):
                    continue
                value = meant_name(target, holder)
                found.setdefault(name_key(value), (value, {}))[1][holder] = None
        return [Dangling(value, tuple(holders)) for value, holders in found.values()]

    def graph(self) -> nx.MultiDiGraph[str]:
        """Return the link graph.

        Nodes are note names, or the names that dangling links ask for (see `dangling`), with the attributes
        `title`, `exists` and `tags`; edges are keyed by their kind, with `kind` and `count`.
        """
        from crdtnotes.link_graph import link_graph

        with self._writer.flushed() as replica:
            return link_graph(replica.notes.names(), replica.links.tags_by_note(), replica.links.edges())

    # -- changes

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Commit several edits together: all of them or, after an exception, none."""
        with self._writer.transaction():
            yield self

    @property
    def version(self) -> dict[str, int]:
        """The changes that this replica has: `{actor: seq}`."""
        return {f"{actor:016x}": seq for actor, seq in sorted(self._replica.version().items())}

    @property
    def digest(self) -> str:
        """A hash that is equal if and only if two replicas have the same changes and show the same notes."""
        return self._replica.digest()

    def changes_since(self, version: Mapping[str, int]) -> Iterator[bytes]:
        """Yield batches of the changes beyond a version, in causal order; `{}` means all of them.

        Another replica of a paired vault accepts changes only through a sync or a bundle, which carry the
        signatures that cover them.
        """
        items = self._replica.changes_since({actor_of(actor): seq for actor, seq in version.items()})
        return (item for item in items if isinstance(item, bytes))

    def arrivals(self, version: Mapping[str, int]) -> list[Arrival]:
        """Return what others have changed beyond a version, latest first.

        If there are very many changes, only the last ones of each actor are examined. At most MOST_ARRIVALS
        are returned; deleted notes are left out.
        """
        from crdtnotes.store.activity import arrivals

        with self._writer.flushed() as replica:
            return arrivals(replica, {actor_of(actor): seq for actor, seq in version.items()})

    def apply(self, batch: bytes) -> Received:
        """Apply a batch from another replica of this vault; batches may come in any order and repeatedly.

        Raises a RemoteError, and changes nothing, if the bytes are invalid or the vault is paired.
        """
        return self._replica.receive([batch], wait=True)

    # -- what was written apart

    def review(
        self, note: str | None = None, *, with_seen: bool = False, progress: Progress = no_progress
    ) -> list[Finding]:
        """Return what people wrote apart and what met: in a note, in the order of its text, or everywhere.

        Notes with newer findings come first. What was marked as seen is left out, unless `with_seen`.
        `progress` counts notes. Raises NoteNotFound, or Damaged.
        """
        from crdtnotes.review import look

        with self._writer.flushed() as replica:
            if note is None:
                return look.review_all(replica, with_seen=with_seen, progress=progress)
            return look.review_note(replica, bytes.fromhex(self.note(note).id), with_seen=with_seen)

    def settle(self, finding: Finding, choice: Choice, session: EditSession | None = None) -> list[Patch]:
        """Make the edit of a finding's choice; a choice without an edit marks the finding as seen.

        In an editor's `session` of the note, an edit of the text can be undone; the result is its effect on
        the session's text, with others' edits. Raises OutOfRange if it is settled already or has no such
        choice, NoteExists for a name that is taken, or NoteNotFound.
        """
        from crdtnotes.review import look

        def rename(uid: bytes, name: str) -> None:
            Note(self._writer, uid).rename(name)

        in_text = look.settle(self._writer, finding, choice, rename, edit=session is None)
        if session is None or not in_text:
            return []
        return session.replace(lambda: look.edits(self._replica, finding, choice))

    def mark_seen(self, *findings: Finding) -> None:
        """Remember that the user of this replica has seen these findings; raises ReadOnly."""
        from crdtnotes.store.marks import mark

        mark(self._replica, [one.key for one in findings])

    # -- maintenance

    def status(self) -> dict[str, Any]:
        """Return the values that `crdtnotes status --json` prints."""
        from crdtnotes.crdt import COMPILED

        version = self.version
        return {
            "vault": self.id,
            "device": self.device,
            "actor": self.actor,
            "path": str(self.path),
            "version": version,
            "changes": sum(version.values()),
            "unsigned": self._replica.signatures.unsigned_count(),
            "unsigned_own": self._replica.signatures.unsigned_own(),
            "digest": self.digest,
            "notes": len(self),
            "engine": "compiled" if COMPILED else "plain",
            "peers": self._replica.peers(),
        }

    def remember_peer(self, device: str, address: str | None) -> None:
        """Record that this replica is in sync with a peer now, and the address at which it was reached.

        None keeps the known address; pass it if the peer dialled us.
        """
        if address is None:
            address = dict(self.peers()).get(device, "")
        self._replica.record_peer(device, address, time.time_ns() // 1_000_000)

    def peers(self) -> list[tuple[str, str]]:
        """Return the peers that this replica was in sync with, latest first, as `(device, address)`."""
        with self._writer.reading() as replica:
            return [(str(peer["device"]), str(peer["address"])) for peer in replica.peers()]

    def check(self, progress: Progress = no_progress) -> list[str]:
        """Return the problems found in the replica, one sentence each; empty if there are none.

        `progress` counts the changes that were checked.
        """
        from crdtnotes.store.upkeep.check import problems

        return list(problems(self._replica, progress))

    def compact(self, progress: Progress = no_progress) -> None:
        """Make the file as small as possible; `progress` counts changes.

        It can be interrupted at any time, and needs as much free disk space as the file takes.
        """
        self._replica.compact(progress)

    def backup(self, path: str | PathLike[str]) -> None:
        """Copy the replica to a new file, which writes as a new actor once it is opened."""
        from crdtnotes.store.upkeep.backup import backup

        self._replica.flush_snapshots()
        backup(self._replica, Path(path))


def _infos(found: Iterable[NoteFigures]) -> Iterator[NoteInfo]:
    """Yield the notes of a listing as NoteInfo."""
    from crdtnotes.results import NoteInfo

    for name, *figures in found:
        yield NoteInfo(name, title_of(name), *figures)
