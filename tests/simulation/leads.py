"""What links mean: after syncs a link leads to the note that it led to before, unless names say otherwise.

Links are names (docs/crdt.md, "Name: a register"). So a link may change its meaning where
    - the note that it led to was deleted, or other names lead to it now;
    - the note that it leads to now is new, or other names lead to it now, or the note that has the link got
      another name, from which another note is nearer: a *capture*, which a sync may bring;
    - both notes have one name. But a link that a rename wrote keeps its note there, nearly always;
    - the target is a path from the folder of the note that has it, as `./A`, and that note is in another
      folder now. A rename sets the paths that it finds there, so that they lead where they led; this is
      checked when somebody renames (`check_moved`). But it cannot know of a path that somebody else writes
      there meanwhile, and a path means just one name.
All else is a failure.
"""

from collections import Counter
from collections.abc import Mapping, Set
from typing import NamedTuple

from crdtnotes.markup.names import folder_of
from crdtnotes.vault import Vault
from tests.simulation.oracles import require

Link = tuple[bytes, str]
"""The id of the note that has the link, and what is written in it."""


class Leads(NamedTuple):
    """Where the links of a replica lead, and by which names its notes are found. Notes are ids."""

    targets: dict[Link, bytes | None]
    """The note to which each link leads; None if there is none."""
    names: dict[bytes, frozenset[tuple[str, int]]]
    """The names that lead to each existing note, each with its kind."""
    bases: dict[bytes, str]
    """The name in the register of each existing note."""


def leads(vault: Vault) -> Leads:
    """Return where all links lead that a replica has."""
    conn = vault.replica.conn
    with vault.replica.reading():
        targets = conn.execute(
            """SELECT holders.uid, value, targets.uid FROM links JOIN elements ON elements.id = element
               JOIN notes holders ON holders.id = note LEFT JOIN notes targets ON targets.id = target
               WHERE title_key IS NOT NULL"""
        ).fetchall()
        bases = conn.execute("SELECT uid, base_key FROM notes WHERE name IS NOT NULL").fetchall()
        ways = conn.execute(
            "SELECT uid, names.key, rank FROM names JOIN notes ON id = note WHERE name IS NOT NULL"
        ).fetchall()
    names: dict[bytes, set[tuple[str, int]]] = {}
    for uid, key, rank in ways:
        names.setdefault(uid, set()).add((key, rank))
    return Leads(
        {(holder, value): target for holder, value, target in targets},
        {uid: frozenset(keys) for uid, keys in names.items()},
        dict(bases),
    )


def check_meaning(before: Leads, after: Leads) -> Counter[str]:
    """Check that links mean what they meant before syncs; return what was seen, counted."""
    seen: Counter[str] = Counter()
    for link, meant in before.targets.items():
        if meant is None or link not in after.targets:
            continue
        seen["links before syncs"] += 1
        means = after.targets[link]
        if means == meant:
            continue
        notes = [note for note in (meant, means, link[0]) if note is not None]
        if all(before.names.get(note) == after.names.get(note) for note in notes):
            require(
                means is not None and after.bases[means] == after.bases[meant],
                f"syncs changed what [[{link[1]}]] means, but no names",
            )
            seen["links of namesakes that changed"] += 1
        elif before.names[meant] == after.names.get(meant):
            if _is_path(link) and _folder(before, link[0]) != _folder(after, link[0]):
                seen["paths written while their note was moved"] += 1
                continue
            require(means is not None, f"[[{link[1]}]] leads nowhere, but its note is there as before")
            seen["links captured"] += 1
        else:
            seen["links to notes that were renamed or deleted"] += 1
    return seen


def check_moved(note: bytes, before: Leads, after: Leads) -> None:
    """Check that the paths in a note lead where they led before somebody renamed it."""
    led, lead = (
        {target for link, target in view.targets.items() if link[0] == note and _is_path(link) and target}
        for view in (before, after)
    )
    require(led <= lead, "a path in a note that was renamed does not lead where it led")


def _is_path(link: Link) -> bool:
    return link[1].startswith(("./", "../"))


def _folder(view: Leads, note: bytes) -> str | None:
    return folder_of(view.bases[note]) if note in view.bases else None


def check_renamed(written: Mapping[Link, Set[tuple[bytes, str]]], after: Leads) -> Counter[str]:
    """Count the links that renames wrote, and those that do not lead to the note that was renamed.

    `written` has the note, and the name that it got, for each link; those whose note has got another name
    since, or was deleted, and those that renames of several notes wrote, are not counted.
    """
    seen: Counter[str] = Counter()
    for link, notes in written.items():
        [(note, name), *others] = notes
        if not others and link in after.targets and after.bases.get(note) == name:
            seen["links that renames wrote"] += 1
            seen["links that renames wrote and that lead elsewhere"] += after.targets[link] != note
    return seen
