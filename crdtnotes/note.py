"""Note: one note of an open vault, as scripts, the command line and the editor use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdtnotes.crdt.authoring import birth_behind
from crdtnotes.errors import NeedsUpdate, NoteExists, NoteNotFound, OutOfRange
from crdtnotes.markup.names import clean_name, name_key, title_of

if TYPE_CHECKING:
    from crdtnotes.crdt.ops import Span
    from crdtnotes.crdt.rga import Rga
    from crdtnotes.editing.session import EditSession
    from crdtnotes.results import Backlink, Link, Mention, Neighbour
    from crdtnotes.store.views.documents import Document
    from crdtnotes.store.views.note_list import NoteRow
    from crdtnotes.store.writer import Writer

# Modules that few calls need are imported in those calls: most runs of the program read one note and exit.


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
        """The name that is shown for the note; raises NoteNotFound once it is deleted."""
        return self._shown().name

    @property
    def title(self) -> str:
        """The last part of the name."""
        return title_of(self.name)

    @property
    def modified(self) -> int:
        """When it was last changed: wall time in ms since 1970, by the author's clock if that is credible."""
        return self._shown().modified

    @property
    def text(self) -> str:
        """The note's text."""
        with self._writer.flushed() as replica:
            self._shown()
            return replica.documents.text(self._uid) or ""

    @property
    def digest(self) -> str:
        """A short name for the note's text as it is now; see `text_with`."""
        from crdtnotes.store.past_texts import digest_of

        return digest_of(self.text)

    def text_with(self, digest: str) -> str | None:
        """Return the text with this digest that the note has or had; None if it never had such a text."""
        from crdtnotes.store.past_texts import find_digest

        with self._writer.flushed() as replica:
            return find_digest(replica, self._uid, digest)

    def _shown(self) -> NoteRow:
        """Return the note's row in the note list; raises NoteNotFound once it is deleted."""
        with self._writer.flushed() as replica:
            row = replica.notes.find(self._uid)
        if row is None:
            raise NoteNotFound("This note has been deleted.")
        return row

    def _seen(self) -> Document:
        """Return the note as this process last saw it; positions that a caller passes refer to this state."""
        drafted = self._writer.drafted(self._uid)
        if drafted is not None:
            return drafted
        self._shown()
        doc = self._writer.replica.documents.seen(self._uid)
        if doc is None:
            raise NoteNotFound("This note has been deleted.")
        return doc

    # -- editing

    def open(self) -> EditSession:
        """Open the note in an editor: a session that keeps its own view of the text and can undo."""
        from crdtnotes.editing.session import EditSession

        self._shown()
        return EditSession(self._writer, self._uid)

    def insert(self, index: int, text: str) -> None:
        """Insert text before a position; raises OutOfRange unless 0 ≤ index ≤ length."""
        doc = self._seen()
        if not 0 <= index <= len(doc.state.text):
            raise OutOfRange(f"There is no position {index}: the note has {len(doc.state.text)} characters.")
        after = doc.state.text.before(index)
        self._writer.insert(self._uid, after, text, birth_behind(doc.state, after))

    def delete(self, index: int, length: int) -> None:
        """Delete `length` characters from a position on; raises OutOfRange if there are fewer."""
        self._writer.delete(self._uid, self._seen().state.text.spans(index, length))

    def write(self, text: str, base: str | None = None) -> None:
        """Change the text to `text` by the smallest edit, so that concurrent changes by others are kept.

        If `text` was made from an earlier state of the note, pass that state as `base`: then only the
        differences between `base` and `text` are applied, and text written since then is kept as well. Of
        two values for one box or field that of `text` stands; one that was set since then goes with its line.
        """
        from crdtnotes.crdt.diff import edits
        from crdtnotes.markup.values import rebase_values, with_values

        with self._writer.transaction():
            now = self.text
            if base is None or base == now:
                patches = edits(now, text)
            else:
                meanwhile = edits(base, now)
                # An edit that is the same counts once, whoever makes it.
                theirs = set(meanwhile)
                mine = [patch for patch in edits(base, text) if patch not in theirs]
                patches = rebase_values(base, mine, meanwhile)
            if patches:
                self._seen()
                # From the last to the first; of an insert and a delete at one place, first the delete.
                patches.sort(key=lambda patch: (patch.start, patch.removed), reverse=True)
                self._writer.replace(self._uid, with_values(now, patches))

    def append(self, text: str) -> None:
        """Add lines at the end; they begin on a new line, and each ends as the note's last line does."""
        with self._writer.transaction():
            old = self.text
            lead = "\n" if old and not old.endswith("\n") else ""
            lines = lead + text + ("" if text.endswith("\n") else "\n")
            if old[: old.rfind("\n") + 1].endswith("\r\n"):
                lines = lines.replace("\r\n", "\n").replace("\n", "\r\n")
            self.insert(len(old), lines)

    def rename(self, name: str) -> int:
        """Give the note a new name and rewrite the links to it; return how many notes were rewritten.

        Its own links are rewritten where they would lead elsewhere from its new folder, and so are links that
        led to another note and would lead to this one now.

        The old name stays an alias. Raises NoteExists, InvalidName or NoteNotFound.
        """
        from crdtnotes.editing.rename import rename

        name = clean_name(name)
        with self._writer.transaction():
            shown = self._shown()
            taken = self._writer.replica.row_by_key(name_key(name))
            if taken is not None and taken != shown.id:
                [there] = self._writer.replica.notes.names_of([taken]) or [name]
                raise NoteExists(f"There is already a note {there!r}.")
            if name == shown.name == shown.base:
                return 0
            return rename(self._writer, self._uid, shown.name, name)

    def remove(self) -> None:
        """Delete the note. A concurrent edit on another replica brings it back with its whole text."""
        with self._writer.transaction():
            self._shown()
            self._writer.remove(self._uid)
            self._writer.flush_draft()

    def erase(self, text: str | None = None) -> int:
        """Erase the whole note, or each occurrence of `text` in what it ever held; it cannot be undone.

        The text goes from this replica's history and file, and from those of each other device as soon as it
        hears of it; the note's name and links count as its text. Without `text` the note is deleted, too. If
        the vault was never paired, it becomes a new vault, which no copy of the old one can sync with.
        Returns how many changes held some of it. Raises NoteNotFound, NeedsUpdate or TooLarge; in a paired
        vault also KeysLocked, NotPaired, or NotPermitted if this device is a reader.
        """
        from crdtnotes.store.erasure.find import ids_of_all, ids_of_text

        if text == "":
            return 0
        replica = self._writer.replica
        with self._writer.transaction():
            doc = replica.documents.open(self._uid)
            if doc is None:
                raise NoteNotFound("This note is not here any more.")
            if doc.state.newer:
                raise NeedsUpdate("This note was edited with a newer crdtnotes; update this one to erase it.")
            if doc.state.exists and text is None:
                # If an edit elsewhere brings the note back, nothing of this is shown.
                self._writer.delete(self._uid, doc.state.text.spans(0, len(doc.state.text)))
                self.remove()
            elif doc.state.exists and text is not None:
                while spans := _occurrences(doc.state.text, text):
                    self._writer.delete(self._uid, spans)
            self._writer.flush_draft()
            changes = (change for _, change in replica.log.of_note(doc.id, self._uid, 0))
            ids = ids_of_all(changes) if text is None else ids_of_text(changes, text)
            erased = replica.erase(self._uid, ids)
        replica.scrub_if_possible()
        return erased

    def restore(self) -> None:
        """Bring the note back after a delete, as it was; does nothing if the note is not deleted."""
        with self._writer.transaction():
            doc = self._writer.replica.documents.open(self._uid)
            if doc is None:
                raise NoteNotFound("This note is not here any more.")
            if not doc.state.exists:
                self._writer.rename(self._uid, doc.state.name.value)
                self._writer.flush_draft()

    # -- links

    def links(self) -> list[Link]:
        """Return the note's links, one for each kind and target."""
        from crdtnotes.results import Link

        with self._writer.flushed() as replica:
            rows = replica.links.of_note(self._shown().id)
        return [Link(value, note, kind, count) for kind, value, count, note in rows]

    def backlinks(self) -> list[Backlink]:
        """Return the places in other notes that link here, with their lines."""
        from crdtnotes.markup.outline import outline
        from crdtnotes.results import Backlink

        result: list[Backlink] = []
        with self._writer.flushed() as replica:
            row = self._shown().id
            for holder, uid, name in replica.links.holders(row):
                values = replica.links.values_to(holder, row)
                text = replica.documents.text(uid) or ""
                lines = text.split("\n")
                found = dict.fromkeys(
                    Backlink(name, link.line + 1, lines[link.line].strip(), link.kind)
                    for link in outline(text).links
                    if (link.kind, link.target) in values
                )
                # After a merge the set may contain a link whose text is gone, and relations have no text.
                result += found or [Backlink(name, 1, "", kind) for kind, _ in sorted(values)]
        return result

    def neighbours(self) -> list[Neighbour]:
        """Return the note's neighbours in the link graph, by name; the cost depends only on their number."""
        from crdtnotes.markup.files import can_be_note
        from crdtnotes.markup.resolve import meant_name
        from crdtnotes.results import Neighbour

        ties: dict[tuple[str, bool], list[tuple[bool, str, int]]] = {}
        with self._writer.flushed() as replica:
            row, name, *_ = self._shown()
            dangling: dict[str, str] = {}
            for kind, value, count, target in replica.links.of_note(row):
                if target is None and not can_be_note(value):
                    continue
                meant = meant_name(value, name)
                other = target or dangling.setdefault(name_key(meant), meant)
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

    def mentions(self, limit: int | None = None) -> list[Mention]:
        """Return the lines of other notes that contain this note's title or an alias outside of links.

        They are sorted by note and line, at most `limit` of them. Names in letters match whole words, CJK
        names match anywhere.
        """
        from itertools import groupby
        from operator import attrgetter

        from crdtnotes.markup.mentions import Names, linked, mentions
        from crdtnotes.results import Mention

        result: list[Mention] = []
        with self._writer.flushed() as replica:
            if not replica.read_only:
                replica.flush_snapshots()
                replica.flush_index()
            row, own, *_ = self._shown()
            written_as = [title_of(own), *replica.names.aliases_of(row)]
            names = Names(written_as)
            resolver = replica.names.resolver()
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
                    result.append(Mention(holder, line + 1, context, written, first.start, link))
                if limit is not None and len(result) >= limit:
                    return result[:limit]
        return result


def _occurrences(shown: Rga, text: str) -> list[Span]:
    """Return the elements of all occurrences of a text; where some overlap, of the first."""
    spans: list[Span] = []
    now, at = str(shown), 0
    while (at := now.find(text, at)) >= 0:
        spans += shown.spans(at, len(text))
        at += len(text)
    return spans
