"""The ways in which the system asks the editor to end: by a signal, or by closing its terminal."""

import asyncio
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

SIGNALS = ("SIGTERM", "SIGHUP")


@contextmanager
def asked_to_end(callback: Callable[[], None]) -> Iterator[None]:
    """In this context, call `callback` on the running loop at each signal and when the terminal hangs up."""
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                with suppress(NotImplementedError):  # Windows
                    loop.add_signal_handler(number, callback)
                    stack.callback(loop.remove_signal_handler, number)
        if sys.__stdin__ is not None and sys.__stdin__.isatty():
            stack.enter_context(_watched(sys.__stdin__.fileno(), callback))
        yield


@contextmanager
def _watched(terminal: int, callback: Callable[[], None]) -> Iterator[None]:
    """Call `callback` once when the terminal hangs up.

    A process that is not controlled by the terminal gets no signal when it hangs up. Systems other than Linux
    rely on the signal.
    """
    if sys.platform != "linux":
        yield
        return
    loop = asyncio.get_running_loop()
    # With an empty event mask, epoll reports only a hangup, so that the loop does not wake for each key.
    with select.epoll() as watch:
        watch.register(terminal, 0)

        def hung_up() -> None:
            loop.remove_reader(watch.fileno())
            callback()

        loop.add_reader(watch.fileno(), hung_up)
        try:
            yield
        finally:
            loop.remove_reader(watch.fileno())
