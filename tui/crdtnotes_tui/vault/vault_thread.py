"""The editor's vault on a thread of its own, so that the event loop never waits for it."""

from contextlib import suppress
from pathlib import Path

from crdtnotes.errors import StoreError
from crdtnotes.peering.open_vault import Listener, OpenVault


class VaultThread(OpenVault):
    """The editor's vault. If there is none and `new_device` is given, `start` creates one."""

    def __init__(self, path: Path, new_device: str | None = None) -> None:
        super().__init__(path, new_device=new_device)

    async def start(self, committed: Listener) -> None:
        """Open the vault; `committed` is called for every commit to its file, whoever made it.

        Raises a StoreError if it cannot be opened.
        """
        await self.open()
        self.subscribe(committed)

    async def stop(self) -> None:
        """Finish the running jobs and close the vault."""
        with suppress(StoreError):
            # Closing only stores derived data, which is rebuilt when the vault is opened again.
            await self.close()
