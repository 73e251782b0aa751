"""What was erased in a world, and the check that it is gone from each file in the end.

A text may be written again by somebody who had not heard of the erasure, or who moved a line: that is new
text, under other ids. So a mark is looked for in the bytes of files only if no change in the log holds it,
and otherwise the ids of the changes that hold it must not be erased ones.
"""

from collections.abc import Iterable

from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Create, runs_of
from crdtnotes.store.replica import Replica
from tests.simulation.machine import Machine
from tests.simulation.oracles import require


class Erasures:
    """The marks that were erased."""

    def __init__(self) -> None:
        self.marks: set[str] = set()

    def check(self, machines: Iterable[Machine]) -> int:
        """Check that the erased texts are in no file; return how many were erased and not written again."""
        if not self.marks:
            return 0
        gone = 0
        for machine in machines:
            changes = list(_changes(machine.replica))
            written = "".join(_texts(changes))
            data = machine.disk.read()
            for mark in self.marks:
                if mark not in written:
                    gone += 1
                    require(
                        mark.encode() not in data,
                        f"an erased text is still in the file of machine {machine.number}",
                    )
            self._check_ids(machine, changes)
        return gone

    def _check_ids(self, machine: Machine, changes: list[Change]) -> None:
        """Check that changes hold an erased text only where it was written again."""
        erased = machine.replica.members.membership().erased
        for change in changes:
            if change.note not in erased:
                continue
            ids = set(erased[change.note].ids)
            for op in change.ops:
                for actor, first, text in runs_of(op):
                    held = {OpId(at, actor) for at, one in enumerate(text, first) if one in self.marks}
                    require(not held & ids, f"machine {machine.number} keeps an erased text in its log")


def _changes(replica: Replica) -> Iterable[Change]:
    for item in replica.changes_since({}):
        if not isinstance(item, Heads):
            for data in changes_in(item):
                yield decode(data)


def _texts(changes: Iterable[Change]) -> Iterable[str]:
    for change in changes:
        for op in change.ops:
            if isinstance(op, Create):
                yield op.name
            for _, _, text in runs_of(op):
                yield text
