"""Options that the command line passes to the editor."""

from pathlib import Path
from typing import NamedTuple

ServeAt = tuple[str | None, int | None]
"""A host and a port to serve peers at; None stands for the usual one."""


class StartOptions(NamedTuple):
    """The vault to open and how to begin."""

    path: Path
    name: str | None = None
    """The first note to open; None for the one that changed last."""
    new_device: str | None = None
    """The name of this device, if a missing vault is to be created."""
    serve_at: ServeAt | None = None
    """Where to serve peers from the beginning; None to serve none until asked."""
