"""Renaming a note, and rewriting the links that use its name.

Links by an alias stay as they are. Links by the present name and by former ones follow: a former name leads
to the note only until somebody makes a new note of that name. A link that was only the title stays so if the
new title leads to the note; otherwise it becomes the full name.

In the renamed note, a target that is a path from its folder goes on naming the same path, whether or not a
note is there: somebody else may just have made it. It is set even if it does not change, because somebody
else may move the note at the same time, and the targets have to fit the name that wins.
"""

from crdtnotes.crdt.ids import OpId
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.markup.outline import Link
from crdtnotes.markup.resolve import moved_target, relative_target
from crdtnotes.markup.rewrite import retarget
from crdtnotes.markup.values import Edit
from crdtnotes.store.views.documents import Document
from crdtnotes.store.views.names import Resolver
from crdtnotes.store.writer import Writer


def rename(writer: Writer, uid: bytes, old: str, new: str) -> int:
    """Give a note a new name and rewrite the links to it; return how many notes were rewritten."""
    replica = writer.replica
    with writer.transaction():
        writer.flush_draft()
        doc = replica.documents.open(uid)
        if doc is None:
            return 0
        aliases = {name_key(value) for value in replica.names.aliases_of(doc.id)}
        names = [old, *(name for name in sorted(doc.state.name.past) if name_key(name) not in aliases)]
        calling = [
            (holder, holder_uid, name, replica.links.values_to(holder, doc.id))
            for holder, holder_uid, name in replica.links.holders(doc.id)
        ]
        paths = {
            (kind, target)
            for kind, target, *_ in replica.links.of_note(doc.id)
            if target.startswith(("./", "../"))
        } - replica.links.values_to(doc.id, doc.id)
        # The links choose the winner that the name chooses, should somebody else rename the note too.
        rank = writer.rename(uid, new)
        writer.flush_draft()
        rewritten = {doc.id} if _keep_paths(writer, doc, old, new, rank, paths) else set()
        for holder, holder_uid, name, values in calling:
            here = new if holder == doc.id else name
            resolver = replica.names.resolver()

            def renamed(
                link: Link,
                here: str = here,
                values: set[tuple[str, str]] = values,
                resolver: Resolver = resolver,
            ) -> str | None:
                if (link.kind, link.target) not in values or name_key(link.target) in aliases:
                    return None
                if not any(_spells(link.target, former) for former in names):
                    return None
                for target in _spellings(link.target, here, new):
                    if resolver.resolve(target, here) == doc.id:
                        return None if target == link.target else target
                return None

            text = replica.documents.text(holder_uid) or ""
            patches = retarget(text, renamed)
            if patches:
                writer.replace(holder_uid, [Edit(patch, is_value=True) for patch in patches[::-1]], rank)
                rewritten.add(holder)
        return len(rewritten)


def _keep_paths(
    writer: Writer, doc: Document, old: str, new: str, rank: OpId, paths: set[tuple[str, str]]
) -> bool:
    """Set the relative targets in the renamed note, so that they name the same paths; say if any changed.

    `paths` are the links with such a target that do not lead to the note itself.
    """
    if not paths:
        return False
    text = str(doc.state.text)
    patches = retarget(
        text, lambda link: moved_target(link.target, old, new) if (link.kind, link.target) in paths else None
    )
    if patches:
        writer.replace(doc.uid, [Edit(patch, is_value=True) for patch in patches[::-1]], rank)
    return any(text[start : start + removed] != target for start, removed, target in patches)


def _spells(target: str, name: str) -> bool:
    """Whether a link target spells a name: the whole name, an ending of it, or its title."""
    key = name_key(target)
    if key.startswith(("./", "../")):
        return title_of(key) == title_of(name_key(name))
    return f"/{name_key(name)}".endswith(f"/{key}")


def _spellings(target: str, holder: str, new: str) -> list[str]:
    """Return the possible spellings of the new name; the one in the style of the old target comes first."""
    if target.startswith(("./", "../")):
        return [relative_target(new, holder), new]
    return [new] if "/" in target else [title_of(new), new]
