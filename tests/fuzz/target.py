"""A replica that gets invalid input: refused input must leave it unchanged; accepted input is undone."""

from pathlib import Path

from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault
from tests.vaults import fast, state

LINKS_OF_ITS_AUTHOR = "are not those in its text"
"""What `check` says of a valid change whose links do not fit its text: only its author could have known."""


class Target:
    """The open replica at `path`. One in `checked` replicas that accepted something is checked completely."""

    def __init__(self, path: Path, checked: int, identity: Identity | None = None) -> None:
        self._path = path
        self._checked = checked
        self._identity = identity
        self._pristine = path.read_bytes()
        self.taken_in = 0
        self._open()

    def _open(self) -> None:
        self._vault = fast(Vault.open(self._path, identity=self._identity))
        self._state = state(self._vault)
        self._heads = self._vault.replica.heads()

    def close(self) -> None:
        self._vault.close()

    def is_untouched(self) -> None:
        assert state(self._vault) == self._state, "refused input has changed the replica"
        assert self._vault.check() == []

    def _renew(self) -> None:
        """Restore the replica's original state; now and then check the replica completely before that."""
        self.taken_in += 1
        if self.taken_in % self._checked == 0:
            problems = [one for one in self._vault.check() if LINKS_OF_ITS_AUTHOR not in one]
            assert not problems, problems
        self._vault.close()
        self._path.write_bytes(self._pristine)
        self._open()
