"""The command that shows it all: two laptops in one terminal."""

import click

from crdtnotes.errors import LocalError


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:  # noqa: ARG001
    """Two laptops in one terminal: edit offline, meet, converge.

    Everything is real and happens in a temporary folder; your own vault is not touched. Fails unless both
    replicas end up equal with nobody's words lost.

    \b
    crdtnotes demo
    """
    # It uses every part of the program, and all of them take their time to load.
    from crdtnotes.cli.story import tell

    failed = tell()
    if failed:
        raise LocalError(f"The laptops did not end up as they should: {'; '.join(failed)}.")
