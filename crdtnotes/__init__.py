"""crdtnotes: a local-first knowledge base of wiki-link Markdown notes that syncs peer to peer."""

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
