"""crdtnotes: a local-first knowledge base of wiki-link Markdown notes that syncs peer to peer.

Everything that a script needs is here; docs/api.md describes it. Each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.crdt import Patch
    from crdtnotes.editing import Edit, EditSession
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
        LocalError,
        MissingChanges,
        NewerVault,
        NotAMember,
        NotAVault,
        NoteExists,
        NoteNotFound,
        NotLetIn,
        NotLoopback,
        NotPaired,
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
        WrongVault,
    )
    from crdtnotes.markup.tagtree import TagBranch
    from crdtnotes.note import Note
    from crdtnotes.results import (
        MOST_ARRIVALS,
        Arrival,
        Backlink,
        Dangling,
        Hit,
        Link,
        Mention,
        Neighbour,
        NoteInfo,
        NoteNames,
        Received,
    )
    from crdtnotes.vault import Vault

__version__ = "0.1.0"

__all__ = [
    "MOST_ARRIVALS",
    "Arrival",
    "Backlink",
    "BadIdentity",
    "Busy",
    "CrdtnotesError",
    "Damaged",
    "Dangling",
    "DecodeError",
    "DiskFull",
    "Edit",
    "EditSession",
    "Fork",
    "Hit",
    "InvalidChange",
    "InvalidName",
    "InvalidText",
    "Link",
    "LocalError",
    "Mention",
    "MissingChanges",
    "Neighbour",
    "NewerVault",
    "NotAMember",
    "NotAVault",
    "NotLetIn",
    "NotLoopback",
    "NotPaired",
    "NotSigned",
    "Note",
    "NoteExists",
    "NoteInfo",
    "NoteNames",
    "NoteNotFound",
    "OutOfRange",
    "PairingFailed",
    "Patch",
    "PortTaken",
    "ProtocolError",
    "ReadOnly",
    "Received",
    "RemoteError",
    "StoreError",
    "TagBranch",
    "TooLarge",
    "Unreachable",
    "Vault",
    "VaultExists",
    "VaultNotFound",
    "VersionMismatch",
    "WrongVault",
    "__version__",
]

_HOMES = {
    "Edit": "crdtnotes.editing",
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
