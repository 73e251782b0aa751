"""The vault that a command works on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crdtnotes.vault import Vault

VAULT_VARIABLE = "CRDTNOTES_VAULT"
DEFAULT_FILE = "vault.crdtnotes"


def vault_path(ctx: click.Context) -> Path:
    """Return the path from `--vault`, else from the environment, else the default path."""
    chosen: Path | None = ctx.find_root().obj
    if chosen is not None:
        # A shell expands neither `--vault=~/x` nor a quoted value of the variable. (Path.expanduser raises
        # if there is no home.)
        return Path(os.path.expanduser(chosen))  # noqa: PTH111
    from crdtnotes.trust.identity import home

    return home() / DEFAULT_FILE


def _load_msgspec() -> None:
    """Load msgspec without typing_extensions, which takes as long to load as all of `changes` and `crdt`.

    Where that is missing, msgspec takes the same from `typing`. This is done here and not in the library:
    only a program knows that no other thread imports it meanwhile.
    """
    if "msgspec" not in sys.modules and "typing_extensions" not in sys.modules:
        sys.modules["typing_extensions"] = None  # type: ignore[assignment] # so importing it fails
        try:
            import msgspec  # noqa: F401
        finally:
            del sys.modules["typing_extensions"]


def open_vault(ctx: click.Context) -> Vault:
    """Open the vault; raises VaultNotFound, whose sentence names `crdtnotes init`, and other StoreErrors."""
    _load_msgspec()
    from crdtnotes.vault import Vault

    return Vault.open(vault_path(ctx))
