"""Commands that sync with other replicas."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import vault_path
from crdtnotes.cli.output import counted, quoted
from crdtnotes.cli.unlocking import with_keys
from crdtnotes.errors import NotSigned
from crdtnotes.sync.net.address import DEFAULT_PORT, Address

if TYPE_CHECKING:
    from crdtnotes.sync.peers.status import Summary


@click.command()
@click.option(
    "--host", metavar="H", help="The host to listen on; by default all, or 127.0.0.1 without encryption."
)
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65535),
    help=f"By default {DEFAULT_PORT}, or any free port; 0 takes any free port.",
)
@click.option(
    "--plain",
    is_flag=True,
    help="Serve a vault that was never paired, at ws://, to your own programs on this machine.",
)
@click.pass_context
@with_keys
def serve(ctx: click.Context, host: str | None, port: int | None, plain: bool) -> None:
    """Stay in sync with the devices of this vault, until Ctrl-C.

    Listens for them, and finds them in the local network and at their last addresses. The first line shows
    the address once it listens. Edits by other commands are sent at once. A vault that was never paired is
    served only with --plain: without encryption, and to programs of your own user account only.

    \b
    crdtnotes serve --port 0
    """
    # websockets takes long to load.
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_serve

    path = vault_path(ctx)

    # Ctrl-C is the normal way to end serving.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_and_serve(path, host, port, plain=plain))


def _refuse_to_wait_in_silence(path: Path, summaries: Sequence[Summary]) -> None:
    """Raise NotSigned if changes wait for signatures, so that they were not exchanged with some peer."""
    sentences: list[str] = []
    if withheld := max((summary.withheld for summary in summaries), default=0):
        from crdtnotes.peering.sync_once import awaited_authors

        by = " and ".join(map(quoted, awaited_authors(path))) or "another device"
        sentences.append(
            f"{counted(withheld, 'change')} cannot be sent until {by} signs what was moved because of a fork"
        )
    sentences += [
        f"{quoted(summary.device)} holds back {counted(summary.missing, 'change')} that wait for a signature"
        for summary in summaries
        if summary.missing
    ]
    if sentences:
        raise NotSigned(
            f"{'; '.join(sentences)}. Sync with the devices that made these changes; if they never return, "
            "`crdtnotes revoke --all-others` makes a new vault of all notes here."
        )


@click.command()
@click.argument("address", required=False)
@click.option("--once", is_flag=True, help="Exchange missing changes, then exit.")
@click.pass_context
@with_keys
def sync(ctx: click.Context, address: str | None, once: bool) -> None:
    """Stay in sync with the peer at ADDRESS, until Ctrl-C.

    Reconnects whenever the connection is lost. Without ADDRESS, it syncs with all devices of this vault. With
    --once it fails if changes could not be exchanged because they wait for a signature.

    \b
    crdtnotes sync --once
    crdtnotes sync wss://192.168.1.20:4821
    """
    place = None if address is None else Address.parse(address)
    from crdtnotes.cli.progress_bar import progress_bar
    from crdtnotes.cli.running import run, saying_what_happens
    from crdtnotes.cli.staying import stay_and_follow, stay_in_touch
    from crdtnotes.peering.progress import fetching
    from crdtnotes.peering.sync_once import sync_members, sync_once

    path = vault_path(ctx)
    if once:
        with saying_what_happens(logging.ERROR), progress_bar("Fetching changes") as progress:
            report = fetching(progress)
            if place is not None:
                summaries = [run(sync_once(path, place, report))]
            else:
                summaries = run(sync_members(path, report))
        for summary in summaries:
            for notice in summary.notices:
                click.echo(notice)
            received, sent = counted(summary.received, "change"), counted(summary.sent, "change")
            state = "not in sync" if summary.withheld or summary.missing else "in sync"
            click.echo(f"Received {received}, sent {sent}; {state} with {quoted(summary.device)}.")
        _refuse_to_wait_in_silence(path, summaries)
        return
    # Ctrl-C is the normal way to end following.
    with saying_what_happens(logging.INFO), suppress(KeyboardInterrupt):
        run(stay_in_touch(path) if place is None else stay_and_follow(path, place))
