"""Commands that meet other replicas."""

from __future__ import annotations

import logging
from contextlib import suppress

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.output import counted, quoted
from crdtnotes.sync.address import DEFAULT_PORT, Address


@click.command()
@click.option("--host", metavar="H", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 takes any that is free.",
)
@click.pass_context
def serve(ctx: click.Context, host: str, port: int) -> None:
    """Let peers sync with this replica, until Ctrl-C.

    The first line names the address once it listens. Edits by other commands go out at once.

    \b
    crdtnotes serve --port 0
    """
    address = Address(host, port)
    # websockets takes long to load.
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_serve

    # Being interrupted is how serving ends.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_and_serve(vault_path(ctx), address))


@click.command()
@click.argument("address")
@click.option("--once", is_flag=True, help="Exchange what is missing, and end.")
@click.pass_context
def sync(ctx: click.Context, address: str, once: bool) -> None:
    """Stay in sync with the peer at ADDRESS, until Ctrl-C.

    It is dialled again whenever it was away.

    \b
    crdtnotes sync ws://127.0.0.1:4821 --once
    """
    place = Address.parse(address)
    from crdtnotes.cli.dialling import sync_once
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_follow

    if once:
        with saying_what_happens(logging.ERROR):
            summary = run(sync_once(vault_path(ctx), place))
        for notice in summary.notices:
            click.echo(notice)
        received, sent = counted(summary.received, "change"), counted(summary.sent, "change")
        click.echo(f"Received {received}, sent {sent}; in step with {quoted(summary.device)}.")
        return
    # Being interrupted is how following ends.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_and_follow(vault_path(ctx), place))


COMMANDS = [serve, sync]
