"""A replica that rubbish is sent to: what is refused leaves it as it was; what it took in is taken back."""

from pathlib import Path

from crdtnotes.trust.identity import Identity
from crdtnotes.vault import Vault
from tests.vaults import fast, state


class Target:
    """The replica at `path`, open. `checked`: of so many that took something in, one is checked through."""

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
        assert state(self._vault) == self._state, "what was refused has left something"
        assert self._vault.check() == []

    def _renew(self) -> None:
        """Go back to the replica as it was, now and then after a close look at what it became."""
        self.taken_in += 1
        if self.taken_in % self._checked == 0:
            problems = self._vault.check()
            assert not problems, problems
        self._vault.close()
        self._path.write_bytes(self._pristine)
        self._open()
