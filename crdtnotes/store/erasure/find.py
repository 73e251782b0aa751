"""Finding a text in everything that a note ever held."""

from collections.abc import Iterable

from crdtnotes.changes.change import Change
from crdtnotes.changes.erasing import ids_in, labels_of
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create, Op, Patch, next_counter, runs_of
from crdtnotes.crdt.tags import Tags


def ids_of_all(changes: Iterable[Change]) -> Tags:
    """Return the ids of all texts, names and links in a note's changes."""
    found = Tags()
    for change in changes:
        for actor, first, length in ids_in(change).runs():
            found.add(actor, first, first + length)
    return found


def ids_of_text(changes: Iterable[Change], text: str) -> Tags:
    """Return the ids of each occurrence of a text in a note, in all that it showed after any of its changes.

    `changes` are all changes of the note, in causal order. What was typed in pieces, or became this text when
    something in between was deleted, counts too; so do names, and targets of links in whatever case.
    """
    search = _Search(text)
    for change in changes:
        counter = change.start
        for op in change.ops:
            search.look_at(change, op, counter)
            counter = next_counter(counter, op)
    return search.found


class _Search:
    """Replays a note and looks at what each operation changes."""

    def __init__(self, text: str) -> None:
        self._wanted = text
        self._folded = text.casefold()
        self._state = NoteState()
        self._shown = ""
        self.found = Tags()

    def look_at(self, change: Change, op: Op, counter: int) -> None:
        """Apply an operation, whose own counter is `counter`, and look for the text around it."""
        # The links of a birth have no ids: they go with its text.
        labels = [op.name] if isinstance(op, Create) else labels_of(op)
        if any(self._folded in label.casefold() for label in labels):
            self.found.add(change.actor, counter, counter + 1)
        self._look_into(op)
        patches = self._state.apply(change.actor, change.seq, counter, (op,))
        for start, removed, inserted in patches:
            self._shown = self._shown[:start] + inserted + self._shown[start + removed :]
        if patches:
            self._look_around(patches)

    def _look_into(self, op: Op) -> None:
        """Look at the text that an operation brings: it may never have been shown, or not in one piece."""
        pieces = runs_of(op)
        for start, end in self._occurrences("".join([text for _, _, text in pieces])):
            at = 0
            for actor, first, text in pieces:
                begin, until = max(start, at), min(end, at + len(text))
                if begin < until:
                    self.found.add(actor, first + begin - at, first + until - at)
                at += len(text)

    def _look_around(self, patches: list[Patch]) -> None:
        begin, end = 0, len(self._shown)
        if len(patches) == 1:
            [(start, _, inserted)] = patches
            begin = max(0, start - len(self._wanted) + 1)
            end = start + len(inserted) + len(self._wanted) - 1
        for start, until in self._occurrences(self._shown[begin:end]):
            for actor, first, length in self._state.text.spans(begin + start, until - start):
                self.found.add(actor, first, first + length)

    def _occurrences(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield where the wanted text begins and ends, also where occurrences overlap."""
        at = text.find(self._wanted)
        while at >= 0:
            yield at, at + len(self._wanted)
            at = text.find(self._wanted, at + 1)
