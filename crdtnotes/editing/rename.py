"""Renaming a note, and the links that call it by its name.

Links by an alias stay as they are. A link that was a bare title stays one where the new title leads to
the note; elsewhere it becomes the whole name.
"""

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.markup.outline import Link
from crdtnotes.markup.resolve import relative_target
from crdtnotes.markup.rewrite import retarget
from crdtnotes.store.views.names import Resolver
from crdtnotes.store.writer import Writer


def rename(writer: Writer, uid: bytes, old: str, new: str) -> int:
    """Give a note a new name and rewrite the links to it; return how many notes were rewritten."""
    replica = writer.replica
    with writer.transaction():
        writer.settle_names()
        doc = replica.documents.open(uid)
        if doc is None:
            return 0
        calling = [
            (holder, holder_uid, name, replica.links.values_to(holder, doc.id))
            for holder, holder_uid, name in replica.links.holders(doc.id)
        ]
        writer.rename(uid, new)
        writer.settle_names()
        rewritten = 0
        for holder, holder_uid, name, values in calling:
            here = new if holder == doc.id else name
            resolver = Resolver(replica.conn)

            def renamed(
                link: Link,
                here: str = here,
                values: set[tuple[str, str]] = values,
                resolver: Resolver = resolver,
            ) -> str | None:
                if (link.kind, link.target) not in values or not _calls(link.target, old):
                    return None
                for target in _spellings(link.target, here, new):
                    if resolver.resolve(target, here) == doc.id:
                        return None if target == link.target else target
                return None

            text = replica.documents.text(holder_uid) or ""
            patches = retarget(text, renamed)
            if patches:
                apply_patches(writer, holder_uid, patches)
                rewritten += 1
        return rewritten


def apply_patches(writer: Writer, uid: bytes, patches: list[Patch]) -> None:
    """Make patches whose positions are all of the text as it is now."""
    doc = writer.replica.documents.open(uid)
    if doc is None:
        return
    text = doc.state.text
    # Anchors first: what is inserted must not move the places of what follows.
    anchored = [
        (text.before(patch.start), text.spans(patch.start, patch.removed), patch.inserted)
        for patch in patches
    ]
    with writer.transaction():
        for after, spans, inserted in anchored:
            writer.insert(uid, after, inserted)
            writer.delete(uid, spans)


def _calls(target: str, name: str) -> bool:
    """Whether a target is a way to write a name: the name, an ending of it, or its title."""
    key = name_key(target)
    if key.startswith(("./", "../")):
        return title_of(key) == title_of(name_key(name))
    return f"/{name_key(name)}".endswith(f"/{key}")


def _spellings(target: str, holder: str, new: str) -> list[str]:
    """Return how the new name might be written, in the manner of the old target first."""
    if target.startswith(("./", "../")):
        return [relative_target(new, holder), new]
    return [new] if "/" in target else [title_of(new), new]
