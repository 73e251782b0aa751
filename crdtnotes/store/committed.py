"""The effects of a commit, reported once after it, so that readers need not search for changes.

Rules
    - The replica makes one `Committed` for each transaction of its own, after COMMIT, and one whenever it
      notices that other processes have committed since it last looked.
    - It names everything that a reader outside the store can see: notes, names, devices. A commit that
      changed none of these (the search index, a snapshot, a contact) is `derived_only`: no reader has to act.
    - `notes` is None if the log was rewritten, or if too many notes changed to list them: any may differ.
"""

from enum import Enum
from typing import NamedTuple


class Origin(Enum):
    """Where a commit came from."""

    LOCAL = "local"
    """This process wrote it: an edit, or maintenance of the file."""
    PEER = "peer"
    """This process received it from another replica."""
    PROCESS = "process"
    """Another process wrote it to the same file."""


class Committed(NamedTuple):
    """One commit, or the commits of other processes since the last refresh.

    `notes` are the 16-byte ids of the notes that got changes, None if any note may have got some.
    `names_changed`: the names that lead to some note may have changed (its name, an alias, a former name,
    whether it exists). `links_changed`: some note's link set may have changed. `members_changed`: the members
    of the vault may have changed. `learned`: signatures may have come for changes that were here.
    """

    origin: Origin
    notes: frozenset[bytes] | None = frozenset()
    names_changed: bool = False
    links_changed: bool = False
    members_changed: bool = False
    learned: bool = False

    @property
    def derived_only(self) -> bool:
        """Whether nothing changed that is visible outside the store."""
        return (
            self.notes is not None
            and not self.notes
            and not (self.names_changed or self.members_changed or self.learned)
        )

    def touches(self, note: bytes) -> bool:
        """Return whether a note may have been changed."""
        return self.notes is None or note in self.notes
