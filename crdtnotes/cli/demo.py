"""The command that demonstrates everything: two laptops in one terminal."""

import click

from crdtnotes.errors import LocalError


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:  # noqa: ARG001
    """Show two laptops in one terminal: edit offline, sync, converge.

    Everything is real and happens in a temporary folder; your own vault is not touched. Fails unless both
    replicas end up equal and nobody's words are lost.

    \b
    crdtnotes demo
    """
    # The demo uses every part of the program, and loading them all takes time.
    from crdtnotes.cli.story import tell

    failed = tell()
    if failed:
        raise LocalError(f"The laptops did not end up as they should: {'; '.join(failed)}.")


COMMANDS = [demo]
