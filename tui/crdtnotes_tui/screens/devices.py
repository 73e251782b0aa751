"""The devices of the vault: who they are, what they may do, and how to add and to revoke one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from crdtnotes import Vault
from crdtnotes.errors import CrdtnotesError, KeysLocked
from crdtnotes.graph.labels import printable
from crdtnotes.peering.codes import Role
from crdtnotes.peering.devices import (
    Device,
    added_by,
    changes_awaited,
    device_log,
    devices_awaited,
    list_devices,
    resign_changes,
    revoke_device,
    set_role,
)
from crdtnotes.terminal.times import local_time
from crdtnotes_tui.peers.device_words import (
    MAY,
    DeviceLine,
    device_lines,
    in_order,
    log_lines,
    resigned_in_words,
    revoked_in_words,
)
from crdtnotes_tui.screens.choice import Choice, Offer
from crdtnotes_tui.screens.modal import Modal
from crdtnotes_tui.screens.report import Report
from crdtnotes_tui.screens.revoking import RevokeScreen
from crdtnotes_tui.vault.vault_thread import VaultThread

T = TypeVar("T")

Job = Callable[[], Awaitable[None]]

_KEYS = "p pair another   c role   x revoke   t stolen\nl log   w sign what waits   esc closes this"
REFRESH_SECONDS = 2.0
"""How often the open list is read again: what the devices lack changes without a notice."""

_NONE = "No device has been paired yet: p pairs one."


class DevicesScreen(Modal[None]):
    """Lists the devices of the vault; each action is one key."""

    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("p", "pair", "Pair another device"),
        Binding("c", "role", "Change the role"),
        Binding("x", "revoke(False)", "Revoke"),
        Binding("t", "revoke(True)", "It was stolen"),
        Binding("l", "log", "Who added and revoked whom"),
        Binding("w", "resign", "Sign what waits for a lost device"),
    ]

    def __init__(
        self,
        thread: VaultThread,
        is_connected: Callable[[bytes], bool],
        with_keys: Callable[[Job], Awaitable[None]],
        pair: Callable[[Role], None],
    ) -> None:
        """`with_keys` runs a job that signs, after asking for the passphrase if the keys are locked."""
        super().__init__()
        self._thread = thread
        self._is_connected = is_connected
        self._with_keys = with_keys
        self._pair = pair
        self._devices: Sequence[Device] = ()
        self._lines: Sequence[DeviceLine] = ()
        self._list = OptionList(id="device-list")

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="devices") as box:
            box.border_title = "Devices of this vault"
            yield self._list
            yield Static(id="devices-said", markup=False)
            yield Static(_KEYS, classes="keys-line", markup=False)

    def on_mount(self) -> None:
        """Keep it up to date."""
        self.set_interval(REFRESH_SECONDS, self.refresh_devices)

    def on_screen_resume(self) -> None:
        """Show the present state, at first and when a question above is closed."""
        self.refresh_devices()

    @work(exclusive=True, group="refresh")
    async def refresh_devices(self) -> None:
        """Show the present state; the highlight stays on its device."""
        try:
            self._devices = in_order(await self._thread.run(list_devices))
        except CrdtnotesError as error:
            self._say(str(error))
        self._show()

    def _show(self) -> None:
        lines = device_lines(self._devices, self._is_connected)
        if not self._list.is_attached or (lines == self._lines and self._list.option_count):
            return
        at = self._list.highlighted or 0
        self._lines = lines
        self._list.clear_options()
        self._list.add_options([Option(_content(one)) for one in lines])
        if lines:
            self._list.highlighted = min(at, len(lines) - 1)
        else:
            self._list.add_option(Option(_NONE, disabled=True))

    @property
    def _chosen(self) -> Device | None:
        at = self._list.highlighted
        return None if at is None or at >= len(self._devices) else self._devices[at]

    def _say(self, sentence: str) -> None:
        """Show a sentence below the list, "" for none."""
        said = self.query_one("#devices-said", Static)
        said.update(printable(sentence))
        said.display = bool(sentence)

    # -- running what was chosen

    def _ask(self, question: Screen[T | None], answered: Callable[[T], object]) -> None:
        def closed(answer: T | None) -> None:
            if answer is not None:
                answered(answer)

        self.app.push_screen(question, closed)

    @work(group="doing")
    async def _sign(self, job: Callable[[Vault], str]) -> None:
        """Run a job that signs something, and show the sentence that it returns."""

        async def run() -> None:
            try:
                self._say(await self._thread.run(job))
            except KeysLocked:
                raise
            except CrdtnotesError as error:
                self._say(str(error))
            self.refresh_devices()

        await self._with_keys(run)

    @work(group="doing")
    async def _read(self, job: Callable[[Vault], T], show: Callable[[T], None]) -> None:
        try:
            show(await self._thread.run(job))
        except CrdtnotesError as error:
            self._say(str(error))

    # -- actions

    def action_pair(self) -> None:
        """Ask for the new device's role, then show a code."""
        self._say("")
        question = "What may the new device do? Choose owner for a device of your own."
        self._ask(Choice(question, _roles()), self._pair)

    def action_role(self) -> None:
        """Ask for another role for the highlighted device."""
        device = self._chosen
        self._say("")
        if device is None:
            return
        if not device.active:
            self._say(f'"{device.name}" is revoked: pair it again to give it a role.')
            return

        def chosen(role: Role) -> None:
            def job(vault: Vault) -> str:
                set_role(vault, device.id, role)
                return f'"{device.name}" is {_a(role)} now.'

            self._sign(job)

        name, present = printable(device.name), device.role
        question = f'What may "{name}" do? It is {_a(present)} now. What it has written stays.'
        self._ask(Choice(question, sorted(_roles(), key=lambda one: one.value is not present)), chosen)

    def action_revoke(self, stolen: bool) -> None:
        """Ask whether to revoke the highlighted device."""
        device = self._chosen
        self._say("")
        if device is None:
            return
        if not device.active and not stolen:
            self._say(f'"{device.name}" is revoked already.')
            return

        def job(vault: Vault, also: list[bytes]) -> str:
            return revoked_in_words(revoke_device(vault, device.id, also, stolen=stolen))

        def ask(added: list[Device]) -> None:
            self._ask(
                RevokeScreen(device, added, stolen=stolen), lambda also: self._sign(partial(job, also=also))
            )

        self._read(lambda vault: added_by(vault, device.id), ask)

    def action_log(self) -> None:
        """Show who added, revoked or named whom."""
        self._say("")

        def show(lines: list[str]) -> None:
            self.app.push_screen(Report("Who added and revoked whom", lines or [_NONE]))

        self._read(lambda vault: log_lines(device_log(vault)), show)

    def action_resign(self) -> None:
        """Sign what waits for a device that is lost; ask before signing for one that may come back."""
        self._say("")

        def sign(silent: list[bytes]) -> None:
            self._sign(lambda vault: resigned_in_words(resign_changes(vault, silent)))

        def ask(found: tuple[int, list[Device]]) -> None:
            waiting, awaited = found
            if not waiting:
                self._say("Nothing waits for the signature of another device.")
            elif not awaited:
                sign([])
            else:
                self._ask(Choice(_about(waiting, awaited), _ways_to_sign(awaited)), sign)

        self._read(lambda vault: (changes_awaited(vault).waiting, devices_awaited(vault)), ask)


def _roles() -> list[Offer[Role]]:
    return [Offer(role.word[0], f"{role.word}: it {MAY[role]}", role) for role in reversed(Role)]


def _a(role: Role) -> str:
    return f"{'an' if role is Role.OWNER else 'a'} {role.word}"


def _about(waiting: int, awaited: Sequence[Device]) -> str:
    names = ", ".join(f'"{printable(one.name)}" ({_seen(one)})' for one in awaited)
    return (
        f"{waiting:,} {'change waits' if waiting == 1 else 'changes wait'} for signatures of other devices. "
        f"These may still come back: {names}. If you sign for one and it comes back, what it had written may "
        "appear twice. Sign on one device only."
    )


def _seen(device: Device) -> str:
    return "never connected here" if device.seen is None else f"last seen {local_time(device.seen)}"


def _ways_to_sign(awaited: Sequence[Device]) -> list[Offer[list[bytes]]]:
    names = ", ".join(f'"{one.name}"' for one in awaited)
    return [
        Offer("s", "Sign only for devices that are revoked or may only read", []),
        Offer("a", f"Sign for {names}, too", [one.id for one in awaited]),
    ]


def _content(line: DeviceLine) -> Content:
    return Content.assemble((line.name, "bold"), f"  {line.role}  {line.state}", f"\n  {line.below}")
