"""The whole state of one note, and the effect of each operation on it.

Rules
    - The text is an RGA, the links an OR-set, the name a last-writer-wins register.
    - A birth gives the first text's characters the ids `(1 … n, birth)` and its links the tags
      `(1 … count, birth)`. The same birth from several authors counts once; different births are all
      kept. Any rename wins over a birth's name.
    - A remove names the version that its author had seen. The note exists while it has an edit that no
      remover had seen; every change except a pure remove is an edit.
    - Changes are applied in causal order. The resulting state depends only on the set of changes.
"""

from collections.abc import Iterable
from typing import assert_never

from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Create, Delete, Insert, Link, Op, Patch, Remove, Rename, Unknown, Unlink
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.register import Register
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import InvalidChange


class NoteState:
    """One note's state.

    `births` maps each birth to the changes `{actor: seq}` that contain it; `edits` and `cover` are
    versions: the last edit by each actor, and everything that removers had seen. `newer` says that an
    operation of an unknown kind was applied.
    """

    __slots__ = ("births", "cover", "edits", "links", "name", "newer", "text")

    def __init__(self) -> None:
        self.text = Rga()
        self.links = OrSet()
        self.name = Register()
        self.births: dict[int, Version] = {}
        self.edits: Version = {}
        self.cover: Version = {}
        self.newer = False

    @property
    def exists(self) -> bool:
        """Whether the note has an edit that none of its removers had seen."""
        return any(seq > self.cover.get(actor, 0) for actor, seq in self.edits.items())

    def apply(self, actor: int, seq: int, ops: Iterable[Op]) -> list[Patch]:
        """Apply one change and return its effect on the text, as patches to be applied one after another.

        Raises MissingChanges or InvalidChange for a change that breaks the rules; the state is then
        inconsistent and must be discarded.
        """
        patches: list[Patch] = []
        edited = False
        for op in ops:
            if isinstance(op, Remove):
                join(self.cover, dict(op.cover))
                continue
            edited = True
            if isinstance(op, Create):
                patches += self._create(op, actor, seq)
            elif not self.births:
                raise InvalidChange("A change edits a note that was never created.")
            elif isinstance(op, Insert):
                patches += self.text.insert(op.id, op.after, op.text)
            elif isinstance(op, Delete):
                patches += self.text.delete(op.spans)
            elif isinstance(op, Link):
                self.links.add(op.element, op.id)
            elif isinstance(op, Unlink):
                self.links.remove(op.element, op.tags)
            elif isinstance(op, Rename):
                self.name.assign(op.id, op.name)
            elif isinstance(op, Unknown):
                self.newer = True
            else:
                assert_never(op)
        if edited:
            self.edits[actor] = max(seq, self.edits.get(actor, 0))
        return patches

    def _create(self, op: Create, actor: int, seq: int) -> list[Patch]:
        self.name.assign(ROOT, op.name)
        for kind, value, count in op.links:
            self.links.add((kind, value), OpId(1, op.birth), count)
        known = op.birth in self.births
        self.births.setdefault(op.birth, {}).setdefault(actor, seq)
        if known:
            return []
        return self.text.insert(OpId(1, op.birth), ROOT, op.text)
