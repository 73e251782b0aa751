"""crdtnotes: a local-first knowledge base of wiki-link Markdown notes that syncs peer to peer."""

from crdtnotes.note import Note
from crdtnotes.vault import NoteInfo, Vault

__version__ = "0.1.0"

__all__ = ["Note", "NoteInfo", "Vault", "__version__"]
