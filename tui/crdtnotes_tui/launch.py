"""The entry point that the command line calls."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import LocalError
from crdtnotes_tui.options import ServeAt, StartOptions

if TYPE_CHECKING:
    from crdtnotes_tui.app import NotesApp

MAX_FRAMES_PER_SECOND = "120"
"""The screen is painted at most this often, which bounds how long a key waits to be seen."""

SWITCH_SECONDS = 0.0005
"""How long the vault's thread may hold the interpreter while the screen waits to be painted."""


def run(
    path: Path,
    name: str | None,
    new_device: str | None,
    serve_at: ServeAt | None = None,
) -> None:
    """Run the editor on the vault at `path` until the person leaves.

    `name` is the first note to open. If there is no vault, `new_device` is the name of the device that
    creates it. `serve_at` is the host and port at which peers can connect.

    Raises LocalError if the vault or the note cannot be opened, or if the last edits could not be stored.
    Raises SystemExit after a bug, whose traceback Textual has then printed.
    """
    app = editor(StartOptions(path, name, new_device, serve_at))
    app.run()
    if app.failure:
        raise LocalError(app.failure)
    if app.return_code:
        raise SystemExit(app.return_code)


def editor(options: StartOptions) -> "NotesApp":
    """Return the editor, after tuning this process for it."""
    # Modules and objects that are loaded until the first note is painted stay in memory. Looking for garbage
    # among them would take a quarter of the start. `MainScreen` enables the collector again.
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", MAX_FRAMES_PER_SECOND)
    from crdtnotes_tui.app import NotesApp  # Textual reads TEXTUAL_FPS when it is imported
    from crdtnotes_tui.key_map import user_key_map
    from crdtnotes_tui.settings import Settings
    from crdtnotes_tui.terminal_keys import know_more_keys

    know_more_keys()
    sys.setswitchinterval(SWITCH_SECONDS)
    return NotesApp(options, Settings.of_user(), user_key_map())
