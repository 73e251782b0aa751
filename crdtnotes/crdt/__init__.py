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

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtnotes.crdt.ids import OpId
    from crdtnotes.crdt.note import NoteState
    from crdtnotes.crdt.ops import Delete, Insert, Op, Patch, Span
    from crdtnotes.crdt.orset import OrSet
    from crdtnotes.crdt.register import Register
    from crdtnotes.crdt.rga import Rga
    from crdtnotes.crdt.text import Text

    COMPILED: bool
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

_HOMES = {
    "Delete": "crdtnotes.crdt.ops",
    "Insert": "crdtnotes.crdt.ops",
    "NoteState": "crdtnotes.crdt.note",
    "Op": "crdtnotes.crdt.ops",
    "OpId": "crdtnotes.crdt.ids",
    "OrSet": "crdtnotes.crdt.orset",
    "Patch": "crdtnotes.crdt.ops",
    "Register": "crdtnotes.crdt.register",
    "Rga": "crdtnotes.crdt.rga",
    "Span": "crdtnotes.crdt.ops",
    "Text": "crdtnotes.crdt.text",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for: to show a note takes the operations alone."""
        if name == "COMPILED":
            from crdtnotes.crdt import rga

            found: object = not (rga.__file__ or "").endswith(".py")
        elif name in _HOMES:
            found = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found
