"""Commands about the passphrase of this device's own keys."""

from __future__ import annotations

import sys

import click

from crdtnotes.cli.output import json_option, print_json
from crdtnotes.cli.unlocking import ask_passphrase, unlock
from crdtnotes.errors import LocalError


@click.group()
def passphrase() -> None:
    """Lock the keys of this device with a passphrase.

    Without it, nobody who has the disk can act as this device. You are asked for it when you pair or sync;
    reading and writing notes needs none.

    \b
    crdtnotes passphrase set
    crdtnotes passphrase status
    """


@passphrase.command("set")
def set_() -> None:
    """Lock the keys with a passphrase, or change it.

    Notes themselves are not encrypted by it. Nobody can recover a forgotten passphrase: then this device has
    to be paired anew.

    \b
    crdtnotes passphrase set
    """
    from crdtnotes.trust import key_lock, key_ring
    from crdtnotes.trust.identity import own_id

    if not sys.stdin.isatty():
        raise LocalError("A passphrase can be set on a terminal only.")
    locked = key_lock.is_locked()
    if locked:
        _ask_old()
    chosen = ask_passphrase("New passphrase: ")
    if ask_passphrase("The same again: ") != chosen:
        raise LocalError("These are two different passphrases; nothing has changed.")
    key_lock.lock(chosen)
    click.echo("The passphrase has changed." if locked else "This device's keys are locked from now on.")
    if key_ring.is_remembered():
        key_ring.remember(own_id(), key_lock.normal(chosen))


@passphrase.command("remove")
def remove() -> None:
    """Store the keys without a passphrase again.

    \b
    crdtnotes passphrase remove
    """
    from crdtnotes.trust import key_lock, key_ring
    from crdtnotes.trust.identity import own_id

    if not key_lock.is_locked():
        raise LocalError("This device's keys have no passphrase.")
    if sys.stdin.isatty():
        _ask_old()
    else:
        unlock()
    key_lock.remove_lock()
    click.echo("This device's keys have no passphrase any more.")
    key_ring.forget(own_id())


@passphrase.command("remember")
def remember() -> None:
    """Store the passphrase in the system's keyring, which then answers instead of you.

    That is the Keychain of macOS, the Credential Locker of Windows, or the Secret Service of a Linux desktop.
    Needs pip install 'crdtnotes[keyring]'.

    \b
    crdtnotes passphrase remember
    """
    from crdtnotes.trust import key_lock, key_ring
    from crdtnotes.trust.identity import own_id

    if not key_lock.is_locked():
        raise LocalError("This device's keys have no passphrase: crdtnotes passphrase set")
    if not sys.stdin.isatty():
        raise LocalError("A passphrase can be typed on a terminal only.")
    typed = _ask_old()
    key_ring.remember(own_id(), key_lock.normal(typed))
    click.echo("The system's keyring has the passphrase now.")


@passphrase.command("forget")
def forget() -> None:
    """Remove the passphrase from the system's keyring.

    \b
    crdtnotes passphrase forget
    """
    from crdtnotes.trust import key_ring
    from crdtnotes.trust.identity import own_id

    if not key_ring.is_remembered():
        raise LocalError("The system's keyring does not have the passphrase.")
    key_ring.forget(own_id())
    click.echo("The system's keyring has forgotten the passphrase.")


@passphrase.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show whether the keys are locked, and whether the system's keyring has the passphrase.

    \b
    crdtnotes passphrase status --json
    """
    from crdtnotes.trust import key_lock, key_ring

    locked, remembered = key_lock.is_locked(), key_ring.is_remembered()
    if as_json:
        print_json({"locked": locked, "in_keyring": remembered})
        return
    click.echo(
        "This device's keys are locked with a passphrase." if locked else "The keys have no passphrase."
    )
    if remembered:
        click.echo("The system's keyring has it.")


def _ask_old() -> str:
    """Ask for the present passphrase, also if a file or the keyring has it; return it."""
    from crdtnotes.trust import key_lock

    typed = ask_passphrase("Present passphrase: ")
    key_lock.unlock(typed)
    return typed
