"""Where the command line comes in."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import LocalError
from crdtnotes_tui.options import ServeAt, StartOptions

if TYPE_CHECKING:
    from crdtnotes_tui.app import NotesApp

FRAMES = "120"
"""Frames a second at the most; a key waits for the next one."""

SWITCH_SECONDS = 0.0005
"""For how long the replica's thread may keep the screen from being drawn."""


def run(
    path: Path,
    name: str | None,
    new_device: str | None,
    serve_at: ServeAt | None = None,
) -> None:
    """Run the editor on the vault at `path` until its person leaves.

    `name` is the note to begin with; where there is no vault, `new_device` makes one. With
    `serve_at`, a host and a port, peers can come to the editor.

    Raises LocalError where the vault or the note cannot be opened, or where what was typed last could not be
    stored, and SystemExit after a bug, which Textual has shown then.
    """
    app = editor(StartOptions(path, name, new_device, serve_at))
    app.run()
    if app.failure:
        raise LocalError(app.failure)
    if app.return_code:
        raise SystemExit(app.return_code)


def editor(options: StartOptions) -> "NotesApp":
    """Return the editor, and make this process one that serves it well."""
    # What is loaded from here to the first note on the screen stays: going through it for garbage would take
    # a quarter of the start. `MainScreen` begins with that again.
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", FRAMES)
    from crdtnotes_tui.app import NotesApp  # Textual reads its settings when it is imported
    from crdtnotes_tui.settings import Settings
    from crdtnotes_tui.terminal_keys import know_more_keys

    know_more_keys()
    sys.setswitchinterval(SWITCH_SECONDS)
    return NotesApp(options, Settings.of_user())
