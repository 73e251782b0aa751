"""The command line: `crdtnotes [--vault FILE] COMMAND`.

``app``           the program: its options, its error messages and its exit codes
``opening``       the vault that a command works on
``output``        tables on a terminal, tab-separated lines in a pipe, JSON
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
``demo``      two laptops in one terminal

The work of commands, loaded only when they run:

``staying``   serving and following until Ctrl-C
``mending``   `repair`
``story``     `demo`

Modules that take long to load (the store, networkx, websockets, rich) are imported where they are used,
because the user waits each time this program starts.
"""

from crdtnotes.cli.app import main

__all__ = ["main"]
