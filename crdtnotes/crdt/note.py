"""The whole state of one note, and the effect of each operation on it.

Rules
    - The text is an RGA, the links an OR-set, the name a last-writer-wins register.
    - A birth gives the first text's characters the ids `(1 … n, birth)` and its links the tags
      `(1 … count, birth)`. The same birth from several authors counts once; different births are all
      kept, and `births.py` puts newlines between them. Any rename wins over a birth's name.
    - Same and Set give their characters ids with derived actors too, so the same edit by several authors
      counts once. `values.py` has the rules of what was set.
    - A remove names the version that its author had seen. The note exists while it has an edit that no
      remover had seen; every change is an edit, except a pure remove and one that begins with a Follow.
    - From an operation of an unknown kind on, the note keeps the state that it has, because what follows may
      build on that operation. Only whether the note exists is still followed.
    - Changes are applied in causal order. The resulting state depends only on the set of changes.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from crdtnotes.crdt.births import SEAM, Births, seam_actor
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Follow,
    Insert,
    Link,
    Op,
    Patch,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
    next_counter,
)
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.register import Register
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.values import Values
from crdtnotes.crdt.version import Version, join
from crdtnotes.errors import InvalidChange

_NEVER_CREATED = "A change edits a note that was never created."


class NoteState:
    """One note's state.

    `derived` maps each derived actor (of a birth, a piece of a Same, a value) to the first change by each
    author that brings its elements, `{author: seq}`; many share one, so none is changed in place. `births`
    tells which of them are births. `edits` and `cover` are versions: the last edit by each actor, and
    everything that removers had seen. `follows` is the version of the changes that follow from edits of other
    notes. `unknown` has the first change by each author that holds an operation of an unknown kind,
    `{author: seq}`.
    """

    __slots__ = (
        "_brought",
        "births",
        "cover",
        "derived",
        "edits",
        "follows",
        "links",
        "name",
        "text",
        "unknown",
        "values",
    )

    def __init__(self, text: Rga | None = None) -> None:
        self.text = Rga() if text is None else text
        self.links = OrSet()
        self.name = Register()
        self.values = Values(self.text)
        self.births = Births()
        self.derived: dict[int, Version] = {}
        self._brought: Version = {}
        self.edits: Version = {}
        self.follows: Version = {}
        self.cover: Version = {}
        self.unknown: Version = {}

    @property
    def newer(self) -> bool:
        """Whether the note has operations that only a newer crdtnotes knows."""
        return bool(self.unknown)

    @property
    def exists(self) -> bool:
        """Whether the note has an edit that none of its removers had seen."""
        return any(seq > self.cover.get(actor, 0) for actor, seq in self.edits.items())

    @property
    def writes(self) -> Mapping[int, int]:
        """The last change by each author that may have changed what the note shows, `{author: seq}`."""
        if not self.follows:
            return self.edits
        writes = dict(self.edits)
        join(writes, self.follows)
        return writes

    @property
    def only_born(self) -> bool:
        """Whether text and links are those of one birth, whoever brought it and whatever the note's name."""
        if len(self.derived) != 1:
            return False
        [birth] = self.derived
        return all(actor == birth and text for actor, _, _, text in self.text.runs()) and all(
            not removed and all(actor == birth for actor, _, _ in alive)
            for _, alive, removed in self.links.export()
        )

    def apply(self, actor: int, seq: int, start: int, ops: Sequence[Op]) -> list[Patch]:
        """Apply one change and return its effect on the text, as patches to be applied one after another.

        `start` is the counter of its first operation. Raises MissingChanges or InvalidChange for a change
        that breaks the rules; the state is then inconsistent and must be discarded.
        """
        patches: list[Patch] = []
        edited = False
        counter, counted = start, 0
        for number, op in enumerate(ops):
            if isinstance(op, Remove):
                join(self.cover, dict(op.cover))
                continue
            edited = True
            if isinstance(op, Follow):
                if not self.derived:
                    raise InvalidChange(_NEVER_CREATED)
                self.follows[actor] = max(seq, self.follows.get(actor, 0))
                continue
            if self.unknown:
                if isinstance(op, Unknown):
                    self.unknown.setdefault(actor, seq)
                continue
            if isinstance(op, Create):
                patches += self._create(op, actor, seq)
            elif not self.derived:
                raise InvalidChange(_NEVER_CREATED)
            elif isinstance(op, Insert):
                patches += self.text.insert(op.id, op.after, op.text)
            elif isinstance(op, Delete):
                if not self.values.cells:
                    patches += self.text.delete(op.spans)
                    continue
                # Only values ask for the id of a Delete, and few notes have any.
                while counted < number:
                    counter = next_counter(counter, ops[counted])
                    counted += 1
                patches += self.values.delete((counter, actor), op.spans)
            else:
                patches += self._apply_rarer(op, actor, seq)
        if edited and self.follows.get(actor) != seq:
            self.edits[actor] = max(seq, self.edits.get(actor, 0))
        return patches

    def _apply_rarer(
        self, op: Same | Set | Before | Rename | Link | Unlink | Unknown, actor: int, seq: int
    ) -> list[Patch]:
        if isinstance(op, Same):
            return self._same(op, actor, seq)
        if isinstance(op, Set):
            self._bring(op.value, actor, seq)
            return self.values.set(op.after, op.base + 1, op.value, op.text, op.rank, op.spans)
        if isinstance(op, Before):
            return self.text.insert_before(op.id, op.before, op.text)
        if isinstance(op, Link):
            self.links.add(op.element, op.id)
        elif isinstance(op, Unlink):
            self.links.remove(op.element, op.tags)
        elif isinstance(op, Rename):
            self.name.assign(op.id, op.name)
        elif isinstance(op, Unknown):
            self.unknown.setdefault(actor, seq)
        else:
            assert_never(op)
        return []

    def _create(self, op: Create, actor: int, seq: int) -> list[Patch]:
        self.name.assign(ROOT, op.name)
        for kind, value, count in op.links:
            self.links.add((kind, value), OpId(1, op.birth), count)
        self._bring(op.birth, actor, seq)
        if op.birth in self.births:
            return []
        patches = self.text.insert(OpId(1, op.birth), ROOT, op.text)
        last = self.births.add(op.birth, op.text)
        if last is not None:
            counter, birth = last
            patches += self.text.insert((counter, seam_actor(birth)), last, SEAM)
        return patches

    def _same(self, op: Same, actor: int, seq: int) -> list[Patch]:
        patches: list[Patch] = []
        after = op.after
        for piece, counter, text in op.runs:
            self._bring(piece, actor, seq)
            patches += self.text.insert((counter, piece), after, text)
            after = (counter + len(text) - 1, piece)
        return patches

    def _bring(self, derived: int, actor: int, seq: int) -> None:
        """Note that a change brings a derived actor's elements."""
        known = self.derived.get(derived)
        if known is None:
            # A change brings thousands of derived actors, so all of them share one version.
            if self._brought.get(actor) != seq:
                self._brought = {actor: seq}
            self.derived[derived] = self._brought
        elif actor not in known:
            self.derived[derived] = {**known, actor: seq}
