"""What a commit did, told once after it: nobody has to look for what has changed.

Rules
    - The replica makes one `Committed` for each transaction of its own, after COMMIT, and one whenever it
      notices that other processes have committed since it last looked.
    - It names everything that a reader outside of the store can see: notes, names, devices. A commit that
      changed none of these (the search index, a snapshot, a contact) is `derived_only`: nobody has to act.
    - `notes` is None where the log was written anew, or too much has come to list it: any note may differ.
"""

from dataclasses import dataclass
from enum import Enum


class Origin(Enum):
    """Where a commit came from."""

    LOCAL = "local"
    """This process wrote it: an edit, or care for the file."""
    PEER = "peer"
    """This process took it in from another replica."""
    PROCESS = "process"
    """Another process wrote it to the same file."""


@dataclass(frozen=True, slots=True)
class Committed:
    """One commit, or those of other processes since the last look.

    `notes` are the 16-byte ids of the notes that got changes, None where any note may have. `names_changed`:
    what leads to some note may have changed (its name, an alias, a former name, whether it exists).
    `links_changed`: some note's link set may have. `members_changed`: who belongs to the vault may have.
    `learned`: signatures of changes that were here before have come.
    """

    origin: Origin
    notes: frozenset[bytes] | None = frozenset()
    names_changed: bool = False
    links_changed: bool = False
    members_changed: bool = False
    learned: bool = False

    @property
    def derived_only(self) -> bool:
        """Whether nothing moved that is visible outside of the store."""
        return (
            self.notes is not None
            and not self.notes
            and not (self.names_changed or self.members_changed or self.learned)
        )

    def touches(self, note: bytes) -> bool:
        """Tell whether a note may have got changes."""
        return self.notes is None or note in self.notes
