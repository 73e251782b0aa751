"""The command line: `crdtnotes [--vault FILE] COMMAND`.

``app``           the program: its options, its commands and its error messages
``ending``        its exit codes, and Ctrl-C at any moment
``opening``       the vault that a command works on
``output``        tables on a terminal, tab-separated lines in a pipe, JSON
``arguments``     arguments that several commands take
``texts``         texts from standard input and from files
``progress_bar``  a bar for long work, on a terminal
``running``       asynchronous work that Ctrl-C ends
``asking``        a question on the terminal
``last_shown``    which text of a note was last shown
``unlocking``     the passphrase of this device's keys, for commands that need them

The commands, by family:

``starting``  making a vault, cloning a peer's
``notes``     one note: make, read, change, rename, delete
``erasing``   erasing a note or a text for good
``finding``   listing and finding notes
``review``    what was written apart and met
``folders``   Markdown folders, and the graph in other programs' formats
``pairing``   letting another device join the vault
``devices``   the devices of the vault, their roles, revoking them, and signing what they cannot
``peers``     serving and syncing
``bundles``   changes in a file, for devices without a common network
``passphrase``  locking this device's keys
``care``      looking after the vault
``tui``       the editor
``manual``    help for commands, and the guide by topic
``completing``  the completion of shells
``demo``      two laptops in one terminal

The work of commands, loaded only when they run:

``staying``   serving and following until Ctrl-C
``mending``   `repair`
``story``     `demo`

Modules that take long to load (the store, networkx, websockets, rich) are imported where they are used,
because the user waits each time this program starts.
"""

import gc

GARBAGE = 20_000
"""Objects made between two searches for reference cycles (gc.set_threshold; Python's own number is 700).

What a command loads stays until it ends; searching it each time takes a tenth of a short command's time.
"""


def main() -> None:
    """Run the program and end the process with its exit code."""
    from crdtnotes.cli.ending import end_at_once_when_interrupted

    end_at_once_when_interrupted()
    gc.set_threshold(GARBAGE)
    from crdtnotes.cli.app import run

    try:
        run()
    finally:
        # Everything is closed. The interpreter would search all that was loaded for cycles once more.
        gc.freeze()
