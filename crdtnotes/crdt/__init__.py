"""The data types: pure, without I/O, clock or randomness; every mutation returns data."""

from crdtnotes.crdt import rga as _rga
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Delete, Insert, Op, Patch, Span
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.register import Register
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.text import Text

COMPILED = not (_rga.__file__ or "").endswith(".py")
"""Whether this is the compiled form of the data types; both behave the same."""

__all__ = [
    "COMPILED",
    "Delete",
    "Insert",
    "NoteState",
    "Op",
    "OpId",
    "OrSet",
    "Patch",
    "Register",
    "Rga",
    "Span",
    "Text",
]
