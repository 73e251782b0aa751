"""The note to open when many notes came in at once."""

from collections.abc import Collection, Iterable

from crdtnotes import NoteInfo
from crdtnotes.markup.names import name_key

FRONT = ("readme", "index", "home", "首页", "主页", "目录", "索引")
"""Titles of notes that lead to the others, the best first."""


def landing_note(notes: Iterable[NoteInfo], among: Collection[str]) -> str | None:
    """Return the note to open of those named in `among`; None if none of them is there.

    This is a README, an index or a home page, in the topmost folder that has one, and otherwise the note with
    the most links to it.
    """
    there = [one for one in notes if one.name in among]

    def order(note: NoteInfo) -> tuple[int, int, int, int, str]:
        key, depth = name_key(note.title), note.name.count("/")
        if key in FRONT:
            return (0, depth, FRONT.index(key), 0, note.name)
        return (1, 0, 0, -note.backlinks, f"{depth:04} {note.name}")

    return min(there, key=order).name if there else None
