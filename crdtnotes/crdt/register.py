"""A last-writer-wins register (Shapiro et al. 2011), ordered by operation id, never by wall time."""

from crdtnotes.crdt.ids import ROOT, OpId


class Register:
    """Holds the value that was assigned with the greatest id, and remembers every value it was given.

    Two assignments may bear the same id only where both are births (id `ROOT`); the greater value
    wins then, so that the order of arrival never matters.
    """

    __slots__ = ("id", "past", "value")

    def __init__(self) -> None:
        self.id: OpId = ROOT
        self.value = ""
        self.past: set[str] = set()

    def assign(self, id: OpId, value: str) -> None:
        """Take in an assignment, in whatever order it comes."""
        self.past.add(value)
        if (id, value) > (self.id, self.value):
            self.id, self.value = id, value
