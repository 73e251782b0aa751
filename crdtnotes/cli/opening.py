"""The vault that a command works on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crdtnotes.vault import Vault

VAULT_VARIABLE = "CRDTNOTES_VAULT"
DEFAULT_FILE = "vault.crdtnotes"


def vault_path(ctx: click.Context) -> Path:
    """Return the path from `--vault`, else from the environment, else the default path."""
    return chosen_path(ctx.find_root().obj)


def chosen_path(chosen: Path | None) -> Path:
    """Return the path that the option or the variable gives, else the default path."""
    if chosen is not None:
        # A shell expands neither `--vault=~/x` nor a quoted value of the variable. (Path.expanduser raises
        # if there is no home.)
        return Path(os.path.expanduser(chosen))  # noqa: PTH111
    from crdtnotes.trust.identity import home

    return home() / DEFAULT_FILE


def open_vault(ctx: click.Context) -> Vault:
    """Open the vault; raises VaultNotFound, whose message names `crdtnotes init`, or another StoreError."""
    from crdtnotes.vault import Vault

    return Vault.open(vault_path(ctx))
