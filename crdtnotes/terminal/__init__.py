"""Texts on their way to a terminal: nothing in a note or a name can steer it, or hide what it shows.

``text``      the one rule: which characters are replaced by visible ones
``standard``  stdin, stdout and stderr of a command, and what happens if they cannot be used
``streams``   stdout and stderr that follow the rule
``times``     wall time as people read it
``console``   rich's console, which does the same for what it draws
"""

from crdtnotes.terminal.text import HIDDEN, json_escaped, printable, visible

__all__ = ["HIDDEN", "json_escaped", "printable", "visible"]
