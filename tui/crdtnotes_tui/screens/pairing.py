"""Screens for pairing: showing a code, giving one, and where peers can connect."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Label, Static
from textual.worker import Worker

from crdtnotes.errors import CrdtnotesError
from crdtnotes.peering.addresses import PAIRING_PORT, Address
from crdtnotes.peering.codes import Code, Role, read_code, role_called, shown, written
from crdtnotes.progress import Progress
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.screens.modal import Modal
from crdtnotes_tui.text.qr_code import qr_code

if TYPE_CHECKING:
    from crdtnotes.peering.join import AskJoiner, JoinedVault, Tell
    from crdtnotes.peering.pair import Ask, ChosenRole, NewDevice, ShowCodes

Pair = Callable[["Ask", "ShowCodes", "ChosenRole"], Awaitable["NewDevice"]]

Join = Callable[[Code, Address | None, "AskJoiner", Progress, "Tell"], Awaitable["JoinedVault"]]
"""Called with the code, the address if one was given, and three functions: one asks the person, one takes the
progress, the last a sentence about what is being waited for.
"""


class Question:
    """A question on a screen: it is asked, and a key answers it."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[bool] | None = None

    async def answered(self) -> bool:
        """Wait for the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    def answer(self, yes: bool) -> None:
        """Answer the question, if there is one."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(yes)


class PairScreen(Modal["NewDevice | CrdtnotesError | None"]):
    """Shows a code and asks whether the device that knows it may join; dismissed with that device, with what
    went wrong, or None.
    """

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Stop pairing"),
        Binding("y", "answer(True)", "Yes, it is mine", show=False),
        Binding("w", "answer(True, 'writer')", "Yes, it may read and write", show=False),
        Binding("r", "answer(True, 'reader')", "Yes, it may only read", show=False),
        Binding("n", "answer(False)", "No", show=False),
    ]

    def __init__(self, pair: Pair, role: Role | None = None) -> None:
        """`role` is the new device's; for None, the person says it with the answer."""
        super().__init__()
        self._pair = pair
        self._question = Question()
        self._wanted = self._role = role

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="pairing"):
            yield Static("Opening a port for the other device …", id="pairing-text", markup=False)
            yield Static(id="pairing-code")

    def on_mount(self) -> None:
        """Begin."""
        self._run()

    @work(exclusive=True)
    async def _run(self) -> None:
        try:
            self.dismiss(await self._pair(self._ask, self._show, lambda: self._role))
        except CrdtnotesError as error:
            self.dismiss(error)

    def _show(self, words: Code, scanned: Code) -> None:
        self._say(
            "On the other device, within five minutes, press F7 J in an empty vault, or run:\n\n"
            f"    crdtnotes join {written(words)}\n\n"
            f"If it does not find this device, add the address: {scanned.address}\n"
            "Or scan this and give it to `crdtnotes join`. Esc stops pairing.",
            qr_code(written(scanned)),
        )

    async def _ask(self, name: str, device: bytes, digits: str) -> bool:
        if self._wanted is None:
            answers = (
                "If it is yours, y lets it join as an owner, like this one. If not, w lets it only read and "
                "write, r only read. n refuses it."
            )
        else:
            an = "an" if self._wanted is Role.OWNER else "a"
            answers = f"y lets it join as {an} {self._wanted.word}, n refuses it."
        self._say(
            f'"{name}" knows the code. Both devices now show\n\n    {digits}\n\n'
            f"Does the other one show the same digits? {answers}\n"
            f"Its id is {shown(device)}"
        )
        try:
            if not await self._question.answered():
                return False
        except asyncio.CancelledError:
            self._say("The other device went away. The code is still good there. Esc stops pairing.")
            raise
        self._say(f'"{name}" joins this vault …')
        return True

    def action_answer(self, yes: bool, role: str = "") -> None:
        """Answer the question, if there is one; `role` is the new device's, "" for an owner.

        A role that was chosen before stays.
        """
        if self._wanted is None:
            self._role = role_called(role) if role else None
        self._question.answer(yes)

    def _say(self, text: str, code: Text | None = None) -> None:
        if self.is_mounted:
            self.query_one("#pairing-text", Static).update(text)
            self.query_one("#pairing-code", Static).update(code or "")


class JoinScreen(Modal["JoinedVault | CrdtnotesError | None"]):
    """Asks for a code and joins; dismissed with what was joined, with what went wrong, or None."""

    BINDINGS = [
        Binding("escape", "stop", "Stop joining"),
        Binding("y", "answer(True)", "Yes, the same digits", show=False),
        Binding("n", "answer(False)", "No", show=False),
    ]

    def __init__(self, join: Join) -> None:
        super().__init__()
        self._join = join
        self._question = Question()
        self._joining: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="joining"):
            yield Label("The code of the other device (F7 P there, or `crdtnotes pair`)", markup=False)
            yield LineInput(placeholder="4821-otter-violin-maple", id="code")
            yield Label("Its address, if it is not found in the local network", markup=False)
            yield LineInput(placeholder="192.168.1.20:4822", id="address")
            yield Static(id="joining-text", markup=False)

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Join with what was typed, or say what is wrong with it."""
        code, address = (self.query_one(f"#{id}", LineInput) for id in ("code", "address"))
        try:
            known = read_code(code.value)
            place = Address.typed(address.value, PAIRING_PORT) if address.value.strip() else None
        except CrdtnotesError as error:
            self._say(str(error))
            return
        for line in (code, address):
            line.disabled = True
        self._joining = self._run(known, place)

    def action_stop(self) -> None:
        """Stop joining; what is under way is wound up first."""
        if self._joining is None:
            self.dismiss(None)
        else:
            self._joining.cancel()

    @work(exclusive=True)
    async def _run(self, code: Code, address: Address | None) -> None:
        result: JoinedVault | CrdtnotesError | None = None
        try:
            result = await self._join(code, address, self._ask, self._progress, self._say)
        except CrdtnotesError as error:
            result = error
        finally:
            self.dismiss(result)

    async def _ask(self, host: str, digits: str) -> bool:
        self._say(
            f'"{host}" knows the code. Both devices now show\n\n    {digits}\n\n'
            "Does the other one show the same digits? y joins it, n refuses."
        )
        return await self._question.answered()

    def action_answer(self, yes: bool) -> None:
        """Answer the question, if there is one."""
        self._question.answer(yes)

    def _progress(self, done: int, total: int) -> None:
        self._say(f"Fetching notes: {done:,} of {total:,} changes")

    def _say(self, sentence: str) -> None:
        if self.is_mounted:
            self.query_one("#joining-text", Static).update(sentence)


class ServingScreen(Modal[bool | None]):
    """Shows where peers can connect; dismissed with whether that is to end."""

    BINDINGS = [
        Binding("escape,enter", "dismiss(False)", "Close"),
        Binding("s", "dismiss(True)", "Let nobody connect any more", show=False),
    ]

    def __init__(self, address: Address, *, paired: bool) -> None:
        super().__init__()
        self._address = address
        self._paired = paired

    def compose(self) -> ComposeResult:
        """Lay it out."""
        peers = "This vault's devices" if self._paired else "Your own programs on this machine"
        with Vertical(id="serving"):
            yield Static(
                f"{peers} can connect to this editor at\n\n    {self._address}\n\n"
                "s lets nobody connect any more, Esc closes this.",
                markup=False,
            )
