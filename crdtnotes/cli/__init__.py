"""The command line: `crdtnotes [--vault FILE] COMMAND`.

``app``       the program: its options, what goes wrong in plain words, exit codes
``opening``   which vault a command works on
``output``    tables on a terminal, tab-separated lines in a pipe, JSON
``texts``     texts from the standard input and from files
``progress``  a bar for long work, on a terminal
``running``   asynchronous work that Ctrl-C ends
``asking``    a question on the terminal
``staying``   serving and following until Ctrl-C
``mending``   what `repair` does, and how it says so

The commands, by family: ``starting``, ``notes``, ``finding``, ``folders``, ``pairing``, ``peers``,
``bundles``, ``care``, ``tui`` (the editor), ``demo`` (which tells the story in ``story``).

Modules that take long to load (the store, networkx, websockets, rich) are imported where they are used:
a shell waits for every start of this program.
"""

from crdtnotes.cli.app import main

__all__ = ["main"]
