"""A last-writer-wins register (Shapiro et al. 2011), ordered by operation id, never by wall time."""

from crdtnotes.crdt.ids import ROOT, OpId


class Register:
    """Holds the value that was assigned with the greatest id, and remembers every value ever assigned.

    Two assignments can have the same id only if both come from births (id `ROOT`); then the greater
    value wins, so the order of arrival never matters.
    """

    __slots__ = ("id", "past", "value")

    def __init__(self) -> None:
        self.id: OpId = ROOT
        self.value = ""
        self.past: set[str] = set()

    def assign(self, id: OpId, value: str) -> None:
        """Apply an assignment; assignments may come in any order."""
        self.past.add(value)
        if (id, value) > (self.id, self.value):
            self.id, self.value = id, value
