"""Vault, and with it Note: the one door through which the command line, the editor, mirrors and scripts come.

A vault is used from the thread that opened it. Other processes may have the same file open: every call
sees what they have committed.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.crdt import COMPILED
from crdtnotes.crdt.ids import BIRTH
from crdtnotes.errors import NoteExists, NoteNotFound, OutOfRange
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

    from crdtnotes.markup.tagtree import TagBranch
    from crdtnotes.results import Arrival, Dangling, Hit, NoteInfo, NoteNames, Received
    from crdtnotes.store.views.note_list import NoteFigures
    from crdtnotes.trust.identity import Identity

# What only some calls need is imported there: most starts of the program read one note and end.

_HEX = re.compile("[0-9a-fA-F]+")

_DEFAULT_DAILY = "# {{date}}\n\n"


class Vault:
    """One replica of a vault, open."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._writer = Writer(replica, lambda: time.time_ns() // 1_000_000)

    @classmethod
    def create(cls, path: str | PathLike[str], device: str = "laptop", vault: str | None = None) -> Vault:
        """Make a new vault, or an empty replica of the vault with that id.

        Raises VaultExists (a FileExistsError) when something is at the path, ReadOnly or StoreError.
        """
        return cls(Replica.create(Path(path), device, None if vault is None else _vault_id(vault)))

    @classmethod
    def open(
        cls, path: str | PathLike[str], read_only: bool = False, identity: Identity | None = None
    ) -> Vault:
        """Open a replica; raises VaultNotFound, NotAVault, NewerVault, ReadOnly or Damaged.

        `identity` signs what is written to a paired vault, by default that in the user's data folder.
        """
        given = None if identity is None else lambda: identity
        return cls(Replica(Path(path), read_only=read_only, identity=given))

    def close(self) -> None:
        """Store what lags behind and close the file."""
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

    # -- what it is

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
        """What this device is called."""
        return self._replica.device

    @property
    def actor(self) -> str:
        """The stream that this replica writes, 16 hex digits."""
        self._replica.refresh()
        return f"{self._replica.actor:016x}"

    @property
    def replica(self) -> Replica:
        """The replica below, for what synchronises it."""
        return self._replica

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing to lose: never paired, and no changes but those that make notes of dates.

        An editor makes such a note in an empty vault. One whose text was changed counts as touched.
        """
        if self._replica.members.root is not None:
            return False
        if sum(self.version.values()) != len(self):
            return False
        return all(_is_fresh_day(one.name, self.note(one.name).text) for one in self.names())

    # -- notes

    def create_note(
        self, name: str, text: str = "", *, links: Mapping[tuple[str, str], int] | None = None
    ) -> Note:
        """Create a note; raises NoteExists, InvalidName, InvalidText or TooLarge.

        `links` says what `markup.outline.occurrences` finds in the text, where the caller has looked already.
        """
        name = clean_name(name)
        with self.transaction():
            key = name_key(name)
            taken = self._replica.row_by_key(key)
            if taken is not None or key in self._writer.created:
                raise NoteExists(f"There is already a note {name!r}.")
            return Note(self._writer, self._writer.create(name, text, links))

    def note(self, name: str) -> Note:
        """Return the note of this name, or what `[[name]]` would resolve to; raises NoteNotFound."""
        uid = self._find(name)
        if uid is None:
            raise NoteNotFound(f"There is no note {name!r}.")
        return Note(self._writer, uid)

    def note_by_id(self, id: str) -> Note:
        """Return the note with this id, also one that was deleted; raises NoteNotFound."""
        uid = bytes.fromhex(id) if len(id) == 32 and _HEX.fullmatch(id) else b""
        with self._writer.reading() as replica:
            if not uid or replica.documents.open(uid) is None:
                raise NoteNotFound(f"There is no note with the id {id!r}.")
        return Note(self._writer, uid)

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
        """Yield every note, in the order of names."""
        with self._writer.flushed() as replica:
            replica.flush_snapshots_if_possible()
            found = replica.notes.figures()
        yield from _infos(found)

    def latest(self) -> Note | None:
        """Return the note that changed last, by its author's clock; None where there are no notes."""
        with self._writer.flushed() as replica:
            uid = replica.notes.latest()
        return None if uid is None else Note(self._writer, uid)

    def names(self) -> list[NoteNames]:
        """Return what leads to each note, in the order of names."""
        from crdtnotes.results import NoteNames

        with self._writer.flushed() as replica:
            rows = replica.notes.rows()
            aliases = replica.names.aliases()
            former = replica.names.former()
        return [
            NoteNames(row.name, row.modified, tuple(aliases.get(row.id, ())), tuple(former.get(row.id, ())))
            for row in rows
        ]

    def names_stamp(self) -> bytes:
        """Return what differs whenever what `names` returns does, but for `modified`; it takes much less."""
        with self._writer.flushed() as replica:
            return replica.names.stamp()

    def today(self, day: date | None = None) -> Note:
        """Return the note of a date, by default the local one, creating it from the template.

        Its title is `YYYY-MM-DD`. Two replicas that create it apart create the same note.
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
            text = _DEFAULT_DAILY if template is None else Note(self._writer, template).text
            return self.create_note(name, templates.filled(text, name, day))

    def templates(self) -> list[str]:
        """Return the names of the notes that are templates: those in the folder `templates`."""
        from crdtnotes.markup import templates

        with self._writer.flushed() as replica:
            return replica.notes.names_below(name_key(templates.FOLDER))

    def create_from(self, template: str, name: str, day: date | None = None) -> Note:
        """Create a note with a template's text, `{{date}}` and `{{title}}` filled in; the date is today's.

        `template` is a note's name, with or without the folder of templates. Raises NoteNotFound, and what
        `create_note` raises.
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

    # -- finding

    def search(self, query: str, limit: int = 20) -> list[Hit]:
        """Return the notes that hold every word of the query, the best first.

        A word also finds longer words that begin with it; "double quotes" make a whole phrase; Chinese,
        Japanese and Korean are found anywhere in a text.
        """
        with self._writer.flushed() as replica:
            if not replica.read_only:
                replica.flush_snapshots()
                replica.flush_index()
            return replica.search.find(query, max(0, limit))

    def prepare_search(self) -> bool:
        """Put some of the notes that changed into the search index; return whether there may be more.

        `search` does all of it; who cannot wait does this bit by bit before.
        """
        with self._writer.flushed() as replica:
            pending = replica.search.pending() and not replica.search.is_prepared
        if pending:
            with self.transaction():
                pending = replica.search.put_in_pending()
        return pending

    def tags(self) -> list[tuple[str, int]]:
        """Return every tag with the number of notes that bear it."""
        with self._writer.flushed() as replica:
            return replica.links.tags()

    def tag_tree(self) -> list[TagBranch]:
        """Return every tag and every level above one, as a tree that is read downwards."""
        from crdtnotes.markup.tagtree import tag_tree

        with self._writer.flushed() as replica:
            return tag_tree(replica.links.tagged())

    def tagged(self, tag: str) -> list[str]:
        """Return the notes that bear a tag or one below it, by name."""
        from crdtnotes.markup.tagtree import is_within

        with self._writer.flushed() as replica:
            notes = {note for one, note in replica.links.tagged() if is_within(one, tag)}
            return replica.notes.names_of(notes)

    def orphans(self) -> list[NoteInfo]:
        """Return the notes that neither link to another note nor are linked to."""
        with self._writer.flushed() as replica:
            replica.flush_snapshots_if_possible()
            return list(_infos(replica.notes.orphans()))

    def dangling(self) -> list[Dangling]:
        """Return the targets that no note answers to."""
        from crdtnotes.results import Dangling

        with self._writer.flushed() as replica:
            found: dict[str, tuple[str, dict[str, None]]] = {}
            for value, holder in replica.links.dangling():
                found.setdefault(name_key(value), (value, {}))[1][holder] = None
        return [Dangling(value, tuple(holders)) for value, holders in found.values()]

    def graph(self) -> nx.MultiDiGraph[str]:
        """Return the link graph.

        Nodes are names, or the targets of dangling links as first written, with `title`, `exists` and
        `tags`; edges are keyed by their kind, with `kind` and `count`.
        """
        import networkx as nx  # takes longer to load than any other call here takes to run

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        with self._writer.flushed() as replica:
            tags = replica.links.tags_by_note()
            names = replica.notes.names()
            edges = replica.links.edges()
        for name in names:
            graph.add_node(name, title=title_of(name), exists=True, tags=tags.get(name, []))
        dangling: dict[str, str] = {}
        for source, kind, value, count, target in edges:
            if target is None:
                target = dangling.setdefault(name_key(value), value)
                if target not in graph:
                    graph.add_node(target, title=title_of(target), exists=False, tags=[])
            if graph.has_edge(source, target, kind):
                graph.edges[source, target, kind]["count"] += count
            else:
                graph.add_edge(source, target, kind, kind=kind, count=count)
        return graph

    # -- changes

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Make several edits one commit: all of them or, after an exception, none."""
        with self._writer.transaction():
            yield self

    @property
    def version(self) -> dict[str, int]:
        """Which changes are here: `{actor: seq}`."""
        return {f"{actor:016x}": seq for actor, seq in sorted(self._replica.version().items())}

    @property
    def digest(self) -> str:
        """Equal exactly when two replicas hold the same changes and show the same notes."""
        return self._replica.digest()

    def changes_since(self, version: Mapping[str, int]) -> Iterator[bytes]:
        """Yield batches of the changes beyond a version, in causal order; `{}` means all of them.

        Another replica of a paired vault takes changes only through a sync or a bundle, which carry the
        signatures that cover them.
        """
        items = self._replica.changes_since({_actor(actor): seq for actor, seq in version.items()})
        return (item for item in items if isinstance(item, bytes))

    def arrivals(self, version: Mapping[str, int]) -> list[Arrival]:
        """Return what others have changed beyond a version, the latest first.

        Of very much only the last changes of each actor are looked at, and only the latest MOST_ARRIVALS are
        returned; notes that are gone are left out.
        """
        from crdtnotes.store.activity import arrivals

        with self._writer.flushed() as replica:
            return arrivals(replica, {_actor(actor): seq for actor, seq in version.items()})

    def apply(self, batch: bytes) -> Received:
        """Take in a batch from another replica of this vault, in any order, any number of times.

        Raises a RemoteError, and changes nothing, when the bytes are wrong or the vault is a paired one.
        """
        return self._replica.receive([batch], wait=True)

    # -- care

    def status(self) -> dict[str, Any]:
        """Return what `crdtnotes status --json` prints."""
        version = self.version
        return {
            "vault": self.id,
            "device": self.device,
            "actor": self.actor,
            "path": str(self.path),
            "version": version,
            "changes": sum(version.values()),
            "unsigned": self._replica.signatures.unsigned_count(),
            "digest": self.digest,
            "notes": len(self),
            "engine": "compiled" if COMPILED else "plain",
            "peers": self._replica.peers(),
        }

    def remember_peer(self, device: str, address: str | None) -> None:
        """Remember that this replica is in sync with a peer now, and where it was reached.

        None keeps the address that is known: this time the peer came by itself.
        """
        if address is None:
            address = dict(self.peers()).get(device, "")
        self._replica.record_peer(device, address, time.time_ns() // 1_000_000)

    def peers(self) -> list[tuple[str, str]]:
        """Return the peers that this replica was in sync with, the latest first, as `(device, address)`."""
        with self._writer.reading() as replica:
            return [(str(peer["device"]), str(peer["address"])) for peer in replica.peers()]

    def check(self, progress: Progress = no_progress) -> list[str]:
        """Return what is wrong with the replica, a sentence each; nothing when all is well.

        `progress` counts the changes that were checked.
        """
        from crdtnotes.store.upkeep.check import problems

        return list(problems(self._replica, progress))

    def compact(self, progress: Progress = no_progress) -> None:
        """Make the file as small as it can be; `progress` counts changes.

        It can be interrupted at any moment, and needs as much free room as the file takes.
        """
        self._replica.compact(progress)

    def backup(self, path: str | PathLike[str]) -> None:
        """Copy the replica to a new file, which writes as an actor of its own when it is opened."""
        from crdtnotes.store.upkeep.backup import backup

        self._replica.flush_snapshots()
        backup(self._replica, Path(path))


def _infos(found: Iterable[NoteFigures]) -> Iterator[NoteInfo]:
    """Return the notes of a listing as they are shown."""
    from crdtnotes.results import NoteInfo

    for name, *figures in found:
        yield NoteInfo(name, title_of(name), *figures)


def _is_fresh_day(name: str, text: str) -> bool:
    """Return whether a note is that of a date, with the text that `Vault.today` gives it."""
    from datetime import date

    try:
        day = date.fromisoformat(name)
    except ValueError:
        return False
    from crdtnotes.markup import templates

    return text == templates.filled(_DEFAULT_DAILY, name, day)


def _actor(text: str) -> int:
    """Return the actor that 16 hex digits stand for."""
    actor = int(text, 16) if _HEX.fullmatch(text) else 0
    if not 0 < actor < BIRTH:
        raise OutOfRange(f"{text!r} is not an actor.")
    return actor


def _vault_id(text: str) -> bytes:
    """Return the id that 32 hex digits stand for."""
    if len(text) != 32 or not _HEX.fullmatch(text):
        raise OutOfRange(f"{text!r} is not the id of a vault: that has 32 hex digits.")
    return bytes.fromhex(text)
