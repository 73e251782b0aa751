"""Parts of the main screen. Each one owns some bindings and the actions that they run."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.panels.messages import Failed, Worked

T = TypeVar("T")


class ScreenPart:
    """Bindings, and for each of them the method `action_...` that it names.

    The main screen has the `screen_bindings` of all parts among its own. It passes their actions on to
    `run_action`.
    """

    BINDINGS: ClassVar[Sequence[Binding]] = ()

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen

    @classmethod
    def screen_bindings(cls) -> list[Binding]:
        """Return the bindings as the main screen has them: with actions that lead back to this part."""
        return [replace(one, action=f"part('{cls.__name__}', '{one.action}')") for one in cls.BINDINGS]

    def run_action(self, name: str) -> None:
        """Run the action of one of the bindings."""
        getattr(self, f"action_{name}")()

    # -- what actions need of the screen

    @property
    def app(self) -> App[Any]:
        """The application."""
        return self._screen.app

    def ask(self, question: Screen[T | None], answered: Callable[[T], object]) -> None:
        """Push a screen that asks something; `answered` gets the result unless the person cancels."""

        def closed(answer: T | None) -> None:
            if answer is not None:
                answered(answer)

        self.app.push_screen(question, closed)

    def post_message(self, message: Message) -> None:
        """Post a message to the screen, `GoTo` or `Failed` for example."""
        self._screen.post_message(message)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
    ) -> None:
        """Show a notification."""
        self._screen.notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def run(self, job: Callable[[], Awaitable[object]], *, asked: bool = True) -> None:
        """Run a job that waits for the vault or for peers; show the sentence of a CrdtnotesError.

        If the person has `asked` for it and it works, an earlier error is hidden.
        """
        self._screen.run_worker(self._errors_shown(job, asked=asked), group="doing")

    async def _errors_shown(self, job: Callable[[], Awaitable[object]], *, asked: bool) -> None:
        begun = time.monotonic()
        try:
            await job()
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
        else:
            if asked:
                self.post_message(Worked(begun))
