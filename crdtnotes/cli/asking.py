"""A question on the terminal, while other work goes on."""

import asyncio
import sys


async def ask_on_terminal(question: str) -> bool:
    """Ask a yes-or-no question on the terminal without blocking the event loop."""
    _forget_what_was_typed()
    print(f"{question} [y/N] ", end="", flush=True, file=sys.stderr)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not answer.done():
            answer.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except NotImplementedError:
        # On Windows the event loop cannot watch a console.
        return _is_yes(await asyncio.to_thread(sys.stdin.readline))
    try:
        return _is_yes(await answer)
    except asyncio.CancelledError:
        # The answer is no longer needed; begin a new line for the next output.
        print(file=sys.stderr)
        raise
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _forget_what_was_typed() -> None:
    """Discard typed input, so that an answer to an earlier question does not count for the next one."""
    if sys.stdin.isatty() and sys.platform != "win32":
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes", "是", "好")
