"""The vault, on a thread of its own, so that the event loop never waits for it."""

from contextlib import suppress
from pathlib import Path

from crdtnotes.errors import StoreError
from crdtnotes.peering.open_vault import Listener, OpenVault


class VaultThread(OpenVault):
    """The editor's vault. If there is none and `new_device` is given, starting makes one."""

    def __init__(self, path: Path, new_device: str | None = None) -> None:
        super().__init__(path, new_device=new_device)

    async def start(self, committed: Listener) -> None:
        """Open the vault; `committed` hears of every commit to its file, whoever made it.

        Raises a StoreError when it cannot be opened.
        """
        await self.open()
        self.subscribe(committed)

    async def stop(self) -> None:
        """Finish the jobs under way and close the vault."""
        with suppress(StoreError):
            # Closing stores only derived data, which is made again at the next opening.
            await self.close()
