"""Commands that meet other replicas."""

from __future__ import annotations

import logging
from contextlib import suppress

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.output import counted, quoted
from crdtnotes.sync.net.address import DEFAULT_PORT, Address


@click.command()
@click.option(
    "--host", metavar="H", help="Where to listen; by default everywhere, in the clear on 127.0.0.1."
)
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65535),
    help=f"By default {DEFAULT_PORT}, or any that is free; 0 takes any.",
)
@click.option("--plain", is_flag=True, help="Speak ws:// in the clear, to programs on this machine.")
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None, plain: bool) -> None:
    """Stay in sync with the devices of this vault, until Ctrl-C.

    Listens for them, finds them in the local network and where they were before. The first line names the
    address once it listens. Edits by other commands go out at once. As long as the vault was never paired
    it speaks ws:// on this machine only, as with --plain.

    \b
    crdtnotes serve --port 0
    """
    # websockets takes long to load.
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_serve

    path = vault_path(ctx)

    # Being interrupted is how serving ends.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_and_serve(path, host, port, plain=plain))


@click.command()
@click.argument("address", required=False)
@click.option("--once", is_flag=True, help="Exchange what is missing, and end.")
@click.pass_context
def sync(ctx: click.Context, address: str | None, once: bool) -> None:
    """Stay in sync with the peer at ADDRESS, until Ctrl-C.

    It is dialled again whenever it was away. Without ADDRESS all devices of this vault are meant.

    \b
    crdtnotes sync --once
    crdtnotes sync wss://192.168.1.20:4821
    """
    place = None if address is None else Address.parse(address)
    from crdtnotes.cli.progress import progress
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_follow, stay_in_touch
    from crdtnotes.peering.progress import fetching
    from crdtnotes.peering.sync_once import sync_members, sync_once

    path = vault_path(ctx)
    if once:
        with saying_what_happens(logging.ERROR), progress("Fetching changes") as show:
            report = fetching(show)
            if place is not None:
                summaries = [run(sync_once(path, place, report))]
            else:
                summaries = run(sync_members(path, report))
        for summary in summaries:
            for notice in summary.notices:
                click.echo(notice)
            received, sent = counted(summary.received, "change"), counted(summary.sent, "change")
            click.echo(f"Received {received}, sent {sent}; in step with {quoted(summary.device)}.")
        return
    # Being interrupted is how following ends.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_in_touch(path) if place is None else stay_and_follow(path, place))


COMMANDS = [serve, sync]
