"""Asks before a device is revoked, and which of the devices that it has added go with it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable
from crdtnotes.peering.devices import Device, short_id
from crdtnotes_tui.screens.modal import Modal

_KEEPS = (
    "From now on it gets nothing, and nothing is accepted from it. It keeps the notes that it has. Only "
    "pairing it again brings it back."
)


class RevokeScreen(Modal[list[bytes] | None]):
    """Asks whether to revoke a device; the result is the ids of the devices to revoke with it, or None."""

    BINDINGS = [
        Binding("escape,n", "dismiss(None)", "Leave it as it is"),
        Binding("y", "revoke", "Revoke it", show=False),
        Binding("space", "tick", "Tick", show=False),
        Binding("a", "all", "Tick all", show=False),
        Binding("down", "move(1)", "Next", show=False),
        Binding("up", "move(-1)", "Previous", show=False),
    ]

    def __init__(self, device: Device, added: Sequence[Device], *, stolen: bool) -> None:
        """`added` are the active devices that belong only because `device` has added them.

        If it was `stolen` they all go; otherwise the person ticks those that do.
        """
        super().__init__()
        self._device = device
        self._added = added
        self._stolen = stolen
        self._offered = [] if stolen else [one for one in added if not one.own]
        self._ticked: set[bytes] = set()
        self._list = OptionList(id="revoked-too")

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="revoking") as scroll:
            scroll.can_focus = not self._offered
            yield Static(self._question(), markup=False)
            if self._offered:
                self._list.can_focus = False
                yield self._list
            yield Static(self._keys(), classes="keys-line", markup=False)

    def on_mount(self) -> None:
        """List the devices that may go, too."""
        self._list.add_options([Option(Content(self._line(one))) for one in self._offered])
        self._list.highlighted = 0 if self._offered else None

    def _line(self, device: Device) -> str:
        tick = "x" if device.id in self._ticked else " "
        return f"[{tick}] {printable(device.name)} ({short_id(device.id)})"

    def _question(self) -> str:
        device = self._device
        own = " This is the device you are using." if device.own else ""
        said = [f'Revoke "{printable(device.name)}" ({short_id(device.id)})?{own}', _KEEPS]
        if self._stolen and self._added:
            names = ", ".join(f'"{printable(one.name)}"' for one in self._added)
            said.append(f"It was stolen: what it has added goes too, unless others have added it: {names}.")
        elif self._stolen:
            said.append("It was stolen: what it has added would go too, but it has added nothing.")
        elif self._offered:
            said.append("It has added these devices, itself or through others. Tick those to revoke, too:")
        return "\n".join(said)

    def _keys(self) -> str:
        tick = "space ticks, a ticks all, " if self._offered else ""
        return f"{tick}y revokes, n leaves everything as it is"

    def action_move(self, by: int) -> None:
        """Move the highlight."""
        if self._offered:
            self._list.highlighted = min(max(0, (self._list.highlighted or 0) + by), len(self._offered) - 1)

    def action_tick(self) -> None:
        """Tick the highlighted device, or untick it."""
        if self._offered:
            self._tick({self._offered[self._list.highlighted or 0].id} ^ self._ticked)

    def action_all(self) -> None:
        """Tick all devices, or none if all are ticked."""
        every = {one.id for one in self._offered}
        self._tick(set() if self._ticked == every else every)

    def _tick(self, ticked: set[bytes]) -> None:
        self._ticked = ticked
        for at, one in enumerate(self._offered):
            self._list.replace_option_prompt_at_index(at, Content(self._line(one)))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tick the device that was clicked, or untick it."""
        self._tick({self._offered[event.option_index].id} ^ self._ticked)

    def action_revoke(self) -> None:
        """Revoke the device and those that are ticked."""
        self.dismiss([one.id for one in self._offered if one.id in self._ticked])
