"""Asking for the passphrase of this device's keys, in commands that cannot go on without them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from crdtnotes.errors import KeysLocked, LocalError, WrongPassphrase

P = ParamSpec("P")
T = TypeVar("T")

_ATTEMPTS = 3


def with_keys(command: Callable[P, T]) -> Callable[P, T]:
    """Let a command begin again with unlocked keys if it needed them and they were locked.

    Whatever such a command does before it needs the keys must be repeatable.
    """

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> T:
        try:
            return command(*args, **options)
        except KeysLocked:
            unlock()
        return command(*args, **options)

    return run


def unlock() -> str | None:
    """Unlock this device's keys, and ask for their passphrase if that is needed; return it if it was typed.

    Raises LocalError if there is no terminal to ask on, WrongPassphrase if it was wrong three times.
    """
    from crdtnotes import own_keys

    if own_keys.unlock_unasked():
        return None
    if not sys.stdin.isatty():
        raise LocalError(
            "This device's keys are locked with a passphrase, and there is no terminal to ask for it; "
            f"{own_keys.FILE_VARIABLE} can name a file that has it."
        )
    for attempt in range(1, _ATTEMPTS + 1):
        typed = ask_passphrase("Passphrase of this device's keys: ")
        try:
            own_keys.unlock(typed)
        except WrongPassphrase as wrong:
            if attempt == _ATTEMPTS:
                raise
            click.echo(str(wrong), err=True)
        else:
            return typed
    raise RuntimeError("the loop ends above")


def ask_passphrase(question: str) -> str:
    """Ask for a passphrase without showing what is typed; Ctrl-C and Ctrl-D abort the command."""
    from getpass import getpass

    try:
        return getpass(question)
    except EOFError:
        raise click.Abort from None
