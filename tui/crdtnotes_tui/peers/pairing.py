"""Pairing and joining from within the editor, through the library's calls.

Their modules take a moment to load, so they are loaded only when a person pairs or joins.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING

from crdtnotes import Vault
from crdtnotes.errors import VaultExists
from crdtnotes.peering.addresses import Address
from crdtnotes.peering.codes import Code
from crdtnotes.peering.service import PeerService
from crdtnotes.progress import Progress
from crdtnotes_tui.vault.vault_thread import VaultThread

if TYPE_CHECKING:
    from crdtnotes.peering.join import AskJoiner, JoinedVault, Tell
    from crdtnotes.peering.pair import Ask, ChosenRole, NewDevice, ShowCodes


async def pair_device(service: PeerService, ask: "Ask", show: "ShowCodes", role: "ChosenRole") -> "NewDevice":
    """Let a device join this vault; see `crdtnotes.peering.pair.pair_device`."""
    module = await asyncio.to_thread(import_module, "crdtnotes.peering.pair")
    device: NewDevice = await module.pair_device(service, ask, show, role=role)
    await service.meet()
    return device


async def check_joinable(thread: VaultThread) -> None:
    """Raise VaultExists if joining another vault would lose anything of this one."""
    if not await thread.run(_is_untouched):
        raise VaultExists(
            "Joining needs an empty vault that was never paired, and this one has notes or devices: run "
            "`crdtnotes --vault NEW join CODE` for a new file."
        )


async def join_vault(
    thread: VaultThread,
    code: Code,
    address: Address | None,
    ask: "AskJoiner",
    progress: Progress,
    tell: "Tell",
    close: Callable[[], Awaitable[None]],
) -> "JoinedVault":
    """Join the vault of the device that shows `code`, in place of the open, empty one.

    `close` closes the open vault; it is awaited once the other side has agreed. For the other arguments see
    `crdtnotes.peering.join.join_vault`.
    """
    device = await thread.run(_device)
    module = await asyncio.to_thread(import_module, "crdtnotes.peering.join")
    joined: JoinedVault = await module.join_vault(
        code,
        address,
        thread.path,
        device,
        ask,
        progress=progress,
        tell=tell,
        before_making=close,
        identity=thread.identity,
    )
    return joined


def _is_untouched(vault: Vault) -> bool:
    return vault.is_untouched


def _device(vault: Vault) -> str:
    return vault.device
