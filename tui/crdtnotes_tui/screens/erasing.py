"""What erasing promises and what it does not, asked before it is done."""

from crdtnotes.erasing import OUT_OF_REACH
from crdtnotes.graph.labels import printable
from crdtnotes_tui.screens.choice import Offer

SHOWN = 60
"""Characters of the text to erase that the question shows."""

ERASE_OFFERS = (
    Offer("n", "Leave everything as it is", False),
    Offer("y", "Erase it for good", True),
)


def erase_question(name: str, text: str | None, *, paired: bool) -> str:
    """Return the question whether to erase a text from a note, or for None the whole note.

    `paired` says whether the vault has other devices, which then erase it, too.
    """
    what = f"the note “{printable(name)}”"
    if text is not None:
        shown = printable(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
        what = f"“{shown}”, wherever “{printable(name)}” holds it or ever held it"
    where = (
        "here and on each other device once it has synced."
        if paired
        else "here. This vault then becomes a new one: copies of it cannot sync with it any more."
    )
    return (
        f"Erase {what}?\nIt goes for good, with its history, {where} This cannot be undone.\n{OUT_OF_REACH}"
    )
