"""Giving notes other names, and new notes names that links use, so that links go on leading where they led.

Links by an alias stay as they are. Links by the present name and by former ones follow: a former name leads
to the note only until somebody makes a new note of that name. A link that was only the title stays so if the
new title leads to the note; otherwise it becomes the full name. A path from the holder's folder stays one.

Two more kinds of links are rewritten: those that the moved note itself holds, where they are relative or lead
elsewhere from its new folder; and those of other notes that the new name would take over. A path from the
moved note's folder goes on naming the same path, whether or not a note is there: somebody else may just have
made it. It is set even if it does not change, because somebody else may move the note at the same time, and
the paths have to fit the name that wins.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Element
from crdtnotes.markup.names import folder_of, name_key, title_of
from crdtnotes.markup.outline import Link
from crdtnotes.markup.resolve import meant_name, relative_target
from crdtnotes.markup.rewrite import retarget
from crdtnotes.markup.values import Edit
from crdtnotes.store.views.names import Resolver
from crdtnotes.store.writer import Writer

_RELATIVE = ("./", "../")


class _Moved(NamedTuple):
    """A note that gets a new name; `names` are its old one and those that it had before, except aliases."""

    old: str
    new: str
    names: list[str]
    aliases: frozenset[str]


class _Holder(NamedTuple):
    """A note with links that may have to be rewritten: where each of its links led before."""

    uid: bytes
    name: str
    led: dict[Element, int | None]


def rename(writer: Writer, uid: bytes, old: str, new: str) -> int:
    """Give a note a new name and rewrite the links to it; return how many notes were rewritten."""
    return rename_all(writer, {uid: (old, new)})


def rename_all(
    writer: Writer, names: Mapping[bytes, tuple[str, str]], folders: Sequence[tuple[str, str]] = ()
) -> int:
    """Give notes new names, by id as `(old, new)`, as `rename` does.

    `folders` are those that get another name with all their notes, as `(old, new)`.
    """
    replica = writer.replica
    with writer.transaction():
        writer.flush_draft()
        moved: dict[int, _Moved] = {}
        uids: dict[int, bytes] = {}
        for uid, (old, new) in names.items():
            doc = replica.documents.open(uid)
            if doc is None:
                continue
            aliases = frozenset(name_key(value) for value in replica.names.aliases_of(doc.id))
            past = (name for name in sorted(doc.state.name.past) if name_key(name) not in aliases)
            moved[doc.id] = _Moved(old, new, [old, *past], aliases)
            uids[doc.id] = uid
        titles = {title_of(name_key(note.new)) for note in moved.values()}
        leaving = (
            id
            for id, note in moved.items()
            if folder_of(note.old) != folder_of(note.new)
            or any(target.startswith(_RELATIVE) for _, target, *_ in replica.links.of_note(id))
        )
        linking = (holder for id in moved for holder, _, _ in replica.links.holders(id))
        holders = _holders(writer, [*leaving, *linking, *replica.links.holders_by_title(titles)])
        # The links choose the winner that the name chooses, should somebody else rename the note too.
        ranks = {id: writer.rename(uid, moved[id].new) for id, uid in uids.items()}
        writer.flush_draft()
        return _rewrite(writer, holders, moved, ranks, folders)


def create(
    writer: Writer,
    name: str,
    text: str,
    found: Mapping[Element, int] | None = None,
    modified: int | None = None,
) -> bytes:
    """Create a note, and rewrite the links of other notes that its name would take over; return its id."""
    with writer.transaction():
        holders = _holders(writer, writer.replica.links.holders_by_title({title_of(name_key(name))}))
        uid = writer.create(name, text, found, modified)
        if holders:
            writer.flush_draft()
            _rewrite(writer, holders, {}, {}, ())
        return uid


def _holders(writer: Writer, ids: Iterable[int]) -> dict[int, _Holder]:
    replica = writer.replica
    found: dict[int, _Holder] = {}
    for id in dict.fromkeys(ids):
        uid = replica.uid_of(id)
        [name] = replica.notes.names_of([id]) or [""]
        if name:
            found[id] = _Holder(uid, name, replica.links.targets_of(id))
    return found


def _rewrite(
    writer: Writer,
    holders: Mapping[int, _Holder],
    moved: Mapping[int, _Moved],
    ranks: Mapping[int, Id],
    folders: Sequence[tuple[str, str]],
) -> int:
    """Rewrite the links of the holders that lead elsewhere now; return how many notes were changed."""
    replica = writer.replica
    resolver = replica.names.resolver()
    rewritten = 0
    for id, holder in holders.items():
        leads = replica.links.targets_of(id)
        here = moved[id].new if id in moved else holder.name
        choice = _Choice(writer, resolver, moved, id, holder, here, leads, folders)
        text = replica.documents.text(holder.uid) or ""
        patches = retarget(text, choice.target)
        if not patches:
            continue
        rewritten += any(text[start : start + removed] != new for start, removed, new in patches)
        runs: list[tuple[Id | None, list[Edit]]] = []
        for patch in patches[::-1]:
            if patch.start in choice.notes:
                rank = ranks.get(choice.notes[patch.start])
            else:  # quotes that a new target needs belong to the edit of that target
                rank = runs[-1][0] if runs else choice.rank(ranks)
            if not runs or runs[-1][0] != rank:
                runs.append((rank, []))
            runs[-1][1].append(Edit(patch, is_value=patch.removed > 0))
        for rank, edits in runs:
            writer.replace(holder.uid, edits, rank)
    return rewritten


class _Choice:
    """Chooses the new targets of the links of one note.

    `notes` has the note to which each changed link leads, by the position of its target; 0 is none.
    """

    def __init__(
        self,
        writer: Writer,
        resolver: Resolver,
        moved: Mapping[int, _Moved],
        id: int,
        holder: _Holder,
        here: str,
        leads: Mapping[Element, int | None],
        folders: Sequence[tuple[str, str]],
    ) -> None:
        self._writer = writer
        self._resolver = resolver
        self._moved = moved
        self._id = id
        self._holder = holder
        self._here = here
        self._leads = leads
        self._folders = folders
        self.notes: dict[int, int] = {}

    def rank(self, ranks: Mapping[int, Id]) -> Id | None:
        """Return the rank of the last link that was changed."""
        return ranks.get(self.notes[max(self.notes)]) if self.notes else None

    def target(self, link: Link) -> str | None:
        """Return a target for a link, which may be the one that it has, or None to leave it alone."""
        element = (link.kind, link.target)
        if element not in self._holder.led:
            return None  # the link set lags behind the text
        led = self._holder.led[element]
        chosen = self._chosen(link, element, led)
        if self._id in self._moved and led != self._id and link.target.startswith(_RELATIVE):
            # Such a path has to fit the name that wins, should somebody else move the note too.
            self.notes[link.target_start] = self._id
            return chosen or link.target
        return chosen

    def _chosen(self, link: Link, element: Element, led: int | None) -> str | None:
        """Return a new target for a link, or None if the present one will do."""
        if led is None:
            return self._dangling(link)
        if led in self._moved:
            return self._following(link, led)
        if self._leads.get(element) == led or not self._is_by_present_name(link.target, led):
            return None
        [name] = self._writer.replica.notes.names_of([led]) or [""]
        return self._spelled(link, led, name) if name else None

    def _following(self, link: Link, led: int) -> str | None:
        note = self._moved[led]
        if name_key(link.target) in note.aliases:
            return None
        if not any(_spells(link.target, former) for former in note.names):
            return None
        if _ends_with(link.target, note.new) and self._resolver.resolve(link.target, self._here) == led:
            return None
        return self._spelled(link, led, note.new)

    def _spelled(self, link: Link, led: int, name: str) -> str | None:
        for target in _spellings(link.target, self._here, name):
            if self._resolver.resolve(target, self._here) == led:
                self.notes[link.target_start] = led
                return None if target == link.target else target
        return None

    def _dangling(self, link: Link) -> str | None:
        """A relative target that leads nowhere goes on naming the same path."""
        if self._here == self._holder.name or not link.target.startswith(_RELATIVE):
            return None
        path = self._folder(meant_name(link.target, self._holder.name))
        self.notes[link.target_start] = 0
        return None if path.startswith(_RELATIVE) else relative_target(path, self._here)

    def _folder(self, path: str) -> str:
        """The path that a path is after the folder was renamed that it is in."""
        for old, new in self._folders:
            if name_key(path).startswith(f"{name_key(old)}/"):
                return "/".join([new, *path.split("/")[old.count("/") + 1 :]])
        return path

    def _is_by_present_name(self, target: str, led: int) -> bool:
        """Whether a link leads to a note by its name or an alias, and not by a name that it once had."""
        replica = self._writer.replica
        ways = [*replica.notes.names_of([led]), *replica.names.aliases_of(led)]
        return any(_spells(target, way) for way in ways)


def _spells(target: str, name: str) -> bool:
    """Whether a link target spells a name: the whole name, an ending of it, or its title."""
    key = name_key(target)
    if key.startswith(_RELATIVE):
        return title_of(key) == title_of(name_key(name))
    return f"/{name_key(name)}".endswith(f"/{key.lstrip('/')}")


def _ends_with(target: str, name: str) -> bool:
    """Whether a link target is a name or an ending of it, letter by letter."""
    if target.startswith(_RELATIVE):
        return title_of(target) == title_of(name)
    return f"/{name}".endswith(f"/{target.lstrip('/')}")


def _spellings(target: str, holder: str, new: str) -> list[str]:
    """Return the possible spellings of the new name; the one in the style of the old target comes first."""
    if target.startswith(_RELATIVE):
        return [relative_target(new, holder), new]
    if target.startswith("/"):
        return [f"/{new}"]
    return [new, f"/{new}"] if "/" in target else [title_of(new), new, f"/{new}"]
