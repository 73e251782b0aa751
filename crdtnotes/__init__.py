"""crdtnotes: a local-first knowledge base of wiki-link Markdown notes that syncs peer to peer.

``cli``         the command line
``sync``        exchanging changes with peers
``graph``       the link graph: parts of it, export formats, drawing
``mirror``      folders of Markdown files: import and export
``repair``      a damaged vault rebuilt from what can be read and what a peer has
``vault``       a vault for scripts, the command line and the editor
``note``        one note of a vault
``editing``     editors' views of notes, undo, renaming
``store``       the replica: the log of changes in SQLite, and all that follows from it
``trust``       devices, members, signatures, pairing
``helpers``     other processes that take work off this one
``markup``      Markdown, wiki-links and names as text
``changes``     changes and messages to bytes and back
``crdt``        the data types
``demo_vault``  the notes that `crdtnotes demo` begins with
``errors``      the exceptions, each message one sentence for a person
``progress``    how long work reports how far it is
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.note import Note
    from crdtnotes.vault import NoteInfo, Vault

__version__ = "0.1.0"

__all__ = ["Note", "NoteInfo", "Vault", "__version__"]

_HOMES = {"Note": "crdtnotes.note", "NoteInfo": "crdtnotes.vault", "Vault": "crdtnotes.vault"}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for: `crdtnotes --help` and `crdtnotes.sync.net.address` need no database."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
