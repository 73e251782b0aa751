"""The commands of the palette, in the app's own order: Textual's provider sorts them by name."""

from textual.command import DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider


class NotesCommands(SystemCommandsProvider):
    """Offers the commands of the app, before anything is typed in the order in which it yields them."""

    async def discover(self) -> Hits:
        """Yield all commands."""
        for one in self.app.get_system_commands(self.screen):
            if one.discover:
                yield DiscoveryHit(one.title, one.callback, help=one.help)
