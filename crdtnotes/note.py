"""Note: one note of an open vault, as scripts, the command line and the editor handle it."""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.rebase import rebase
from crdtnotes.editing.rename import apply_patches, rename
from crdtnotes.editing.session import EditSession
from crdtnotes.errors import NoteExists, NoteNotFound, OutOfRange
from crdtnotes.markup.mentions import Names, linked, mentions
from crdtnotes.markup.names import clean_name, name_key, title_of
from crdtnotes.markup.outline import outline
from crdtnotes.store.views.documents import Document
from crdtnotes.store.views.names import Resolver
from crdtnotes.store.writer import Writer


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """A link of a note: its target as written, the name of the note it leads to (None if it dangles)."""

    target: str
    note: str | None
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Backlink:
    """A place where another note links here: that note's name, the 1-based line and its text."""

    note: str
    line: int
    context: str
    kind: str


@dataclass(frozen=True, slots=True)
class MentionInfo:
    """A line of another note that names this one without a link: that note, the 1-based line, its text.

    `written` is the name as it stands there, from code point `start` of the text on; `link` is the link that
    would take its place.
    """

    note: str
    line: int
    context: str
    written: str
    start: int
    link: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What this note is linked with: a note, or the target of a dangling link.

    `kinds` are the kinds of the links between them, `count` how many there are.
    """

    name: str
    exists: bool
    incoming: bool
    outgoing: bool
    kinds: tuple[str, ...]
    count: int


class Note:
    """A note of an open vault. Positions and lengths are code points."""

    def __init__(self, writer: Writer, uid: bytes) -> None:
        self._writer = writer
        self._uid = uid

    def __repr__(self) -> str:
        return f"<Note {self.id}>"

    @property
    def id(self) -> str:
        """The note's id, 32 hex digits; the same on every replica."""
        return self._uid.hex()

    @property
    def name(self) -> str:
        """The name that the note shows; raises NoteNotFound once it is deleted."""
        return str(self._column("name"))

    @property
    def title(self) -> str:
        """The last part of the name."""
        return title_of(self.name)

    @property
    def modified(self) -> int:
        """When it was last changed: wall time in ms since 1970, by the author's clock."""
        return int(self._column("modified"))

    @property
    def text(self) -> str:
        """The note's text."""
        with self._writer.reading() as replica:
            self._row()
            return replica.documents.text(self._uid) or ""

    def _row(self) -> int:
        return int(self._column("id"))

    def _column(self, column: str) -> Any:
        with self._writer.reading() as replica:
            row = replica.conn.execute(
                f"SELECT {column} FROM notes WHERE uid = ? AND name IS NOT NULL", (self._uid,)
            ).fetchone()
        if row is None:
            raise NoteNotFound("This note has been deleted.")
        return row[0]

    def _seen(self) -> Document:
        """Return the note as this process last saw it: what positions from outside refer to."""
        drafted = self._writer.drafted(self._uid)
        if drafted is not None:
            return drafted
        self._row()
        doc = self._writer.replica.documents.seen(self._uid)
        if doc is None:
            raise NoteNotFound("This note has been deleted.")
        return doc

    # -- editing

    def open(self) -> EditSession:
        """Open the note in an editor: a session that keeps its own view of the text and can undo."""
        self._row()
        return EditSession(self._writer, self._uid)

    def insert(self, index: int, text: str) -> None:
        """Insert text before a position; raises OutOfRange unless 0 ≤ index ≤ length."""
        doc = self._seen()
        if not 0 <= index <= len(doc.state.text):
            raise OutOfRange(f"There is no position {index}: the note has {len(doc.state.text)} characters.")
        self._writer.insert(self._uid, doc.state.text.before(index), text)

    def delete(self, index: int, length: int) -> None:
        """Delete characters; raises OutOfRange where there are fewer."""
        self._writer.delete(self._uid, self._seen().state.text.spans(index, length))

    def write(self, text: str, base: str | None = None) -> None:
        """Make the text this one by the smallest edit, so that what others change meanwhile stays.

        Where `text` was made from an earlier state of the note, give that as `base`: then only what
        differs between those two is changed, and what was written since stays as well.
        """
        with self._writer.transaction():
            now = self.text
            if base is None or base == now:
                patches = edits(now, text)
            else:
                patches = rebase(edits(base, text), edits(base, now))
            if patches:
                self._seen()
                apply_patches(self._writer, self._uid, patches)

    def append(self, text: str) -> None:
        """Add lines at the end, beginning on a line of their own and ended by a newline."""
        with self._writer.transaction():
            old = self.text
            lead = "\n" if old and not old.endswith("\n") else ""
            self.insert(len(old), lead + text + ("" if text.endswith("\n") else "\n"))

    def rename(self, name: str) -> int:
        """Give the note a new name and rewrite the links to it; return how many notes were rewritten.

        The old name stays an alias. Raises NoteExists, InvalidName or NoteNotFound.
        """
        name = clean_name(name)
        with self._writer.transaction():
            row, old = self._row(), self.name
            taken = self._writer.replica.row_by_key(name_key(name))
            if taken not in (None, row):
                raise NoteExists(f"There is already a note {name!r}.")
            if name == old == self._column("base"):
                return 0
            return rename(self._writer, self._uid, old, name)

    def remove(self) -> None:
        """Delete the note. An edit that someone makes meanwhile elsewhere brings it back, whole."""
        with self._writer.transaction():
            self._row()
            self._writer.remove(self._uid)
            self._writer.update_names()

    def restore(self) -> None:
        """Bring the note back after a delete, as it was; a note that is there is left alone."""
        with self._writer.transaction():
            doc = self._writer.replica.documents.open(self._uid)
            if doc is None:
                raise NoteNotFound("This note is not here any more.")
            if not doc.state.exists:
                self._writer.rename(self._uid, doc.state.name.value)
                self._writer.update_names()

    # -- links

    def links(self) -> list[LinkInfo]:
        """Return the note's links, one for each kind and target."""
        with self._writer.reading() as replica:
            rows = replica.links.of_note(self._row())
        return [LinkInfo(value, note, kind, count) for kind, value, count, note in rows]

    def backlinks(self) -> list[Backlink]:
        """Return the places in other notes that link here, with their lines."""
        result: list[Backlink] = []
        with self._writer.reading() as replica:
            row = self._row()
            for holder, uid, name in replica.links.holders(row):
                values = replica.links.values_to(holder, row)
                text = replica.documents.text(uid) or ""
                lines = text.split("\n")
                found = dict.fromkeys(
                    Backlink(name, link.line + 1, lines[link.line].strip(), link.kind)
                    for link in outline(text).links
                    if (link.kind, link.target) in values
                )
                # A merge may have left a link in the set whose text is gone, and relations have none.
                result += found or [Backlink(name, 1, "", kind) for kind, _ in sorted(values)]
        return result

    def neighbours(self) -> list[Neighbour]:
        """Return what this note is linked with, either way, by name; costs what there is to answer."""
        ties: dict[tuple[str, bool], list[tuple[bool, str, int]]] = {}
        with self._writer.reading() as replica:
            row, name = self._row(), self.name
            dangling: dict[str, str] = {}
            for kind, value, count, target in replica.links.of_note(row):
                other = target or dangling.setdefault(name_key(value), value)
                ties.setdefault((other, target is not None), []).append((True, kind, count))
            for source, kind, count in replica.links.to_note(row):
                ties.setdefault((source, True), []).append((False, kind, count))
        return [
            Neighbour(
                other,
                exists,
                any(not out for out, _, _ in found),
                any(out for out, _, _ in found),
                tuple(sorted({kind for _, kind, _ in found})),
                sum(count for _, _, count in found),
            )
            for (other, exists), found in sorted(ties.items())
            if not (exists and other == name)
        ]

    def mentions(self, limit: int | None = None) -> list[MentionInfo]:
        """Return the lines of other notes that hold this note's title or an alias outside links.

        At most `limit` of them, by note and line. Names in letters are found as whole words, CJK anywhere.
        """
        result: list[MentionInfo] = []
        with self._writer.reading() as replica:
            if not replica.read_only:
                replica.flush_snapshots()
                replica.flush_index()
            row, own = self._row(), self.name
            written_as = [title_of(own), *replica.names.aliases_of(row)]
            names = Names(written_as)
            resolver = Resolver(replica.conn)
            for holder, text in replica.search.naming(written_as):
                if holder == own:
                    continue
                lines = text.split("\n")
                for line, found in groupby(mentions(text, names), key=attrgetter("line")):
                    first = next(found)
                    written = text[first.start : first.end]
                    ways = (written, title_of(own))
                    target = next((way for way in ways if resolver.resolve(way, holder) == row), own)
                    link = linked(written, target, cell=first.cell)
                    context = lines[line].strip()
                    result.append(MentionInfo(holder, line + 1, context, written, first.start, link))
                if limit is not None and len(result) >= limit:
                    return result[:limit]
        return result
