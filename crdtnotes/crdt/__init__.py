"""The data types: pure, without I/O, clock or randomness; every mutation returns data.

``ids``        actors, counters and operation ids
``version``    version vectors: the changes that a replica has
``ops``        the operations that a change is made of
``note``       the state of one note, and the effect of each operation on it
``rga``        a text as a replicated growable array
``runs``       the data structures of an RGA
``births``     the births of a note, and the newlines between their texts
``values``     values behind delimiters, of which one stands
``authoring``  edits by position to the operations that say what their author meant
``orset``      a note's links as an observed-remove set
``tags``       sets of tags of an OR-set, as runs
``register``   a note's name as a last-writer-wins register
``diff``       the edits that turn one text into another
``rebase``     edits moved to a text that has changed meanwhile
``text``       one text by itself, with a clock and a queue of operations that arrived early
"""

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
