"""The editor without a terminal: what it paints, and when. It runs as a separate process."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from crdtnotes_tui.launch import editor
from crdtnotes_tui.options import StartOptions
from crdtnotes_tui.panels.notes_tree import NotesTree

if TYPE_CHECKING:
    from crdtnotes_tui.app import NotesApp

SIZE = (120, 40)


async def keys(path: Path, name: str, count: int) -> dict[str, list[float]]:
    """Return the seconds from each key to its paint, with the caret in the middle of the note.

    "worked" are the CPU seconds of the screen's thread meanwhile.
    """
    app = editor(StartOptions(path, name))
    async with app.run_test(size=SIZE) as pilot:
        painted = asyncio.Event()
        display = app._display

        def displayed(screen: Any, renderable: Any) -> None:
            display(screen, renderable)
            painted.set()

        while app.main.editor.buffer is None:
            await asyncio.sleep(0.001)
        app.main.editor.caret_to(len(app.main.editor.text) // 2)
        await pilot.pause()
        app._display = displayed  # type: ignore[method-assign]
        random = Random(7)
        seconds, worked = [], []
        for number in range(count):
            await asyncio.sleep(random.uniform(0.03, 0.08))
            painted.clear()
            begin, working = time.perf_counter(), time.thread_time()
            _press(app, "abcde中"[number % 6])
            await painted.wait()
            seconds.append(time.perf_counter() - begin)
            worked.append(time.thread_time() - working)
        await app.put_away()
    return {"keys": seconds, "worked": worked}


async def around(path: Path, name: str) -> dict[str, tuple[float, float]]:
    """Return, for each way to navigate, the seconds from the key to the paint of the result.

    The second figure is the CPU seconds of all threads: the time it takes on an idle machine.
    """
    from textual.widgets import Input, OptionList

    app = editor(StartOptions(path, name))
    took: dict[str, tuple[float, float]] = {}
    painted = asyncio.Event()
    display = app._display

    def displayed(screen: Any, renderable: Any) -> None:
        display(screen, renderable)
        painted.set()

    async def until(what: str, holds: Callable[[], bool]) -> None:
        begin, worked = time.perf_counter(), time.process_time()
        while not holds():
            await painted.wait()
            painted.clear()
        took[what] = time.perf_counter() - begin, time.process_time() - worked

    def answered() -> bool:
        found = app.screen.query(OptionList)
        return app.screen is not app.main and bool(found) and found.first(OptionList).option_count > 0

    def is_open(name: str) -> bool:
        buffer = app.main.editor.buffer
        return buffer is not None and buffer.name == name

    async with app.run_test(size=SIZE) as pilot:
        while not app.main.editor.catalogue.notes:
            await asyncio.sleep(0.001)
        await app.main.workspace.thread.run(lambda vault: vault.search("warm up"))
        kept = app.main.workspace.cache
        while not all(kept.is_fresh(job) for job in kept.jobs):
            await asyncio.sleep(0.01)
        await pilot.pause()
        app._display = displayed  # type: ignore[method-assign]
        for what, key, query in (("switcher", "ctrl+o", "a"), ("search", "ctrl+g", "系统")):
            _press_key(app, key)
            await until(f"{what} opens", lambda: bool(app.screen.query("#question")))
            await pilot.pause()
            app.screen.query_one(OptionList).clear_options()
            app.screen.query_one("#question", Input).value = query
            await until(f"{what} answers", answered)
            await pilot.press("escape")
        lists = ("tags", "alt+t"), ("notes without links", "alt+o"), ("dangling links", "alt+d")
        for times in ("", ", asked for the first time"):
            for what, key in lists:
                _press_key(app, key)
                await until(what + times, answered)
                await pilot.press("escape")
            kept.forget()
        _press_key(app, "ctrl+t")
        await until("today's note, made", lambda: is_open(date.today().isoformat()))
        await pilot.pause()
        _press_key(app, "alt+left")
        await until("back", lambda: is_open(name))
        await pilot.pause()
        _press_key(app, "ctrl+l")
        await until("tree of notes", lambda: len(app.main.query_one(NotesTree).root.children) > 0)
        await pilot.pause()
        await app.put_away()
    return took


def type_along(path: Path, name: str) -> None:
    """Type into the same note until standard input ends."""
    from crdtnotes import Vault

    random = Random(3)
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    with Vault.open(path) as vault:
        note = vault.note(name)
        while not ended.wait(random.uniform(0.05, 0.15)):
            note.insert(len(note.text) // 3, "x")


def _press(app: "NotesApp", character: str) -> None:
    from textual import events

    driver = app._driver
    if driver is None:
        raise RuntimeError("the app is not running")
    driver.send_message(events.Key(character, character))


def _press_key(app: "NotesApp", key: str) -> None:
    from textual import events

    driver = app._driver
    if driver is None:
        raise RuntimeError("the app is not running")
    driver.send_message(events.Key(key, None))


def main(command: str, path: str, name: str, *rest: str) -> None:
    """Run one command and print its result."""
    if command == "keys":
        print(json.dumps(asyncio.run(keys(Path(path), name, int(rest[0])))))
    elif command == "around":
        print(json.dumps(asyncio.run(around(Path(path), name))))
    elif command == "type":
        type_along(Path(path), name)
    else:
        raise SystemExit(f"there is no command {command!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
