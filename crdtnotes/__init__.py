"""crdtnotes: a local-first knowledge base of wiki-link Markdown notes that syncs peer to peer.

Everything that a script needs is here; docs/api.md describes it. Each name is loaded when it is first used.

``cli``         the command line
``peering``     cloning, pairing, joining and staying in sync, for the command line and the editor
``sync``        exchanging changes with peers
``graph``       the link graph: parts of it, export formats, drawing
``mirror``      folders of Markdown files: import and export
``repair``      a damaged vault rebuilt from what can be read and what a peer has
``vault``       a vault for scripts, the command line and the editor
``note``        one note of a vault
``results``     the values that vaults and notes return
``link_graph``  the link graph as networkx has it
``hex_ids``     ids as callers write them
``editing``     editors' views of notes, undo, renaming
``review``      what was written apart and met, and the edits that settle it
``erasing``     erasing a text wherever this device keeps it
``own_keys``    this device's own keys: are they locked, and unlocking them
``store``       the replica: the log of changes in SQLite, and all that follows from it
``trust``       devices, members, signatures, pairing
``helpers``     other processes that take work off this one
``markup``      Markdown, wiki-links and names as text
``changes``     changes and messages to bytes and back
``crdt``        the data types
``demo_vault``  the notes that `crdtnotes demo` begins with
``own_files``   opening files where others may have put something else
``unsaved``     files with texts that an editor could not store
``terminal``    texts on their way to a terminal
``errors``      the exceptions, each message one sentence for a person
``progress``    how long work reports how far it is
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.crdt import Patch
    from crdtnotes.editing import EditSession, Grouped
    from crdtnotes.errors import (
        BadIdentity,
        Busy,
        CrdtnotesError,
        Damaged,
        DecodeError,
        DiskFull,
        Fork,
        InvalidChange,
        InvalidName,
        InvalidText,
        KeysLocked,
        LocalError,
        MissingChanges,
        NeedsUpdate,
        NewerVault,
        NotAMember,
        NotAVault,
        NoteExists,
        NoteNotFound,
        NotLetIn,
        NotLoopback,
        NotPaired,
        NotPermitted,
        NotSigned,
        OutOfRange,
        PairingFailed,
        PortTaken,
        ProtocolError,
        ReadOnly,
        RemoteError,
        StoreError,
        TooLarge,
        Unreachable,
        VaultExists,
        VaultNotFound,
        VersionMismatch,
        WrongPassphrase,
        WrongVault,
    )
    from crdtnotes.markup.tagtree import TagBranch
    from crdtnotes.note import Note
    from crdtnotes.results import (
        FINDING_KINDS,
        MOST_ARRIVALS,
        Arrival,
        Backlink,
        Choice,
        Dangling,
        Finding,
        Hit,
        Link,
        Mention,
        Neighbour,
        NoteInfo,
        NoteNames,
        Received,
        Side,
    )
    from crdtnotes.store.committed import Committed, Origin
    from crdtnotes.vault import Vault

__version__ = "0.1.0"

__all__ = [
    "FINDING_KINDS",
    "MOST_ARRIVALS",
    "Arrival",
    "Backlink",
    "BadIdentity",
    "Busy",
    "Choice",
    "Committed",
    "CrdtnotesError",
    "Damaged",
    "Dangling",
    "DecodeError",
    "DiskFull",
    "EditSession",
    "Finding",
    "Fork",
    "Grouped",
    "Hit",
    "InvalidChange",
    "InvalidName",
    "InvalidText",
    "KeysLocked",
    "Link",
    "LocalError",
    "Mention",
    "MissingChanges",
    "NeedsUpdate",
    "Neighbour",
    "NewerVault",
    "NotAMember",
    "NotAVault",
    "NotLetIn",
    "NotLoopback",
    "NotPaired",
    "NotPermitted",
    "NotSigned",
    "Note",
    "NoteExists",
    "NoteInfo",
    "NoteNames",
    "NoteNotFound",
    "Origin",
    "OutOfRange",
    "PairingFailed",
    "Patch",
    "PortTaken",
    "ProtocolError",
    "ReadOnly",
    "Received",
    "RemoteError",
    "Side",
    "StoreError",
    "TagBranch",
    "TooLarge",
    "Unreachable",
    "Vault",
    "VaultExists",
    "VaultNotFound",
    "VersionMismatch",
    "WrongPassphrase",
    "WrongVault",
    "__version__",
]

_HOMES = {
    "Committed": "crdtnotes.store.committed",
    "Grouped": "crdtnotes.editing",
    "Origin": "crdtnotes.store.committed",
    "EditSession": "crdtnotes.editing",
    "Note": "crdtnotes.note",
    "Patch": "crdtnotes.crdt",
    "TagBranch": "crdtnotes.markup.tagtree",
    "Vault": "crdtnotes.vault",
}
# The modules of the names that come neither from `errors` nor from `results`.


def _home_of(name: str) -> str:
    """Return the module that an exported name comes from."""
    from crdtnotes import errors

    return _HOMES.get(name) or ("crdtnotes.errors" if hasattr(errors, name) else "crdtnotes.results")


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for: `crdtnotes --help` and `crdtnotes.sync.net.address` need no database."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_home_of(name)), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
