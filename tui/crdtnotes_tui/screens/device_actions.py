"""Opens the list of the vault's devices, and keeps it up to date while it is open."""

from functools import partial

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.screens.devices import DevicesScreen
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.peer_actions import TO_SIGN, PeerActions
from crdtnotes_tui.vault.vault_thread import VaultThread


class DeviceActions(ScreenPart):
    """Shows the devices of the vault."""

    BINDINGS = (Binding("f6", "devices", "Devices of this vault", id="devices"),)

    def __init__(
        self, screen: Screen[None], thread: VaultThread, collaboration: Collaboration, peers: PeerActions
    ) -> None:
        super().__init__(screen)
        self._thread = thread
        self._collaboration = collaboration
        self._peers = peers

    def action_devices(self) -> None:
        """Show the devices."""
        self.app.push_screen(
            DevicesScreen(
                self._thread,
                self._collaboration.connections.connected,
                partial(self._peers.with_keys, reason=TO_SIGN),
                self._peers.pair,
            )
        )

    def changed(self) -> None:
        """Show the present devices and who is connected, if they are shown."""
        if self._screen.is_mounted and isinstance(self.app.screen, DevicesScreen):
            self.app.screen.refresh_devices()
