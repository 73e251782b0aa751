"""The command line: `crdtnotes [--vault FILE] COMMAND`.

``app``       the program: its options, its error messages and its exit codes
``opening``   the vault that a command works on
``output``    tables on a terminal, tab-separated lines in a pipe, JSON
``texts``     texts from standard input and from files
``progress``  a bar for long work, on a terminal
``running``   asynchronous work that Ctrl-C ends
``dialling``  syncing with a peer once, and cloning its vault

The commands, by family: ``starting``, ``notes``, ``finding``, ``folders``, ``peers``, ``care``, ``tui``
(the editor), ``demo`` (which tells the story in ``story``).

Modules that take long to load (the store, networkx, websockets, rich) are imported where they are used,
because the user waits each time this program starts.
"""

from crdtnotes.cli.app import main

__all__ = ["main"]
