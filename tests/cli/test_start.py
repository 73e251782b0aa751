"""What a command loads: a shell waits for every start, and a short command spends most of it on loading."""

import subprocess
import sys
from pathlib import Path

import pytest

import crdtnotes
from tests.cli.program import Program

LOADED = """
import sys
from crdtnotes.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""

HEAVY = {
    "asyncio",
    "backports.zstd",
    "compression.zstd",
    "cryptography",
    "dataclasses",
    "json",
    "logging",
    "markdown_it",
    "networkx",
    "platformdirs",
    "rich",
    "sqlite_utils",
    "textual",
    "websockets",
    "yaml",
}
"""Modules of others that take long to load."""

WRITING = {
    "crdtnotes.cli.pairing",
    "crdtnotes.cli.tui",
    "crdtnotes.editing",
    "crdtnotes.markup.outline",
    "crdtnotes.results",
    "crdtnotes.store.activity",
    "crdtnotes.store.upkeep",
    "crdtnotes.sync",
    "difflib",
    "importlib.metadata",
    "socket",
    "spake2",
    "subprocess",
    "zeroconf",
    "crdtnotes.changes.block",
    "crdtnotes.changes.messages",
    "crdtnotes.crdt.note",
    "crdtnotes.crdt.rga",
    "crdtnotes.store.causality",
    "crdtnotes.store.compaction.packing",
    "crdtnotes.store.deps",
    "crdtnotes.store.forks.forks",
    "crdtnotes.store.ingest",
    "crdtnotes.store.signing.members",
    "crdtnotes.store.signing.signer",
    "crdtnotes.store.views.links",
    "crdtnotes.store.views.search",
    "crdtnotes.trust.membership",
}
"""Modules that only edits, other devices, lists or searches need."""


def loaded(program: Program, *arguments: str) -> set[str]:
    """Return the modules that a command has loaded when it ends, in a process of its own."""
    root = str(Path(crdtnotes.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "--vault", str(program.path), *arguments],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": root, "CRDTNOTES_HOME": str(program.path.parent / "home")},
    )
    return set(done.stderr.decode().split())


@pytest.mark.parametrize("note", ["born", "edited"])
def test_showing_a_note_loads_neither_heavy_libraries_nor_what_writes(program: Program, note: str) -> None:
    program.out("new", "born", "--text", "见 [[edited]]")
    program.out("new", "edited", "--text", "one")
    program.out("append", "edited", "two")
    found = loaded(program, "show", note)
    # Which text was shown to a pipe is kept in the state folder, which platformdirs finds.
    assert found & (HEAVY | WRITING) <= {"platformdirs"}


def test_help_loads_nothing_heavy(program: Program) -> None:
    light = {"dataclasses", "json", "logging"}  # the help of all commands needs them
    assert loaded(program, "--help") & {*HEAVY - light, "sqlite3"} == set()


def test_listing_notes_loads_no_heavy_libraries(program: Program) -> None:
    program.out("new", "a", "--text", "text")
    assert loaded(program, "list") & (HEAVY - {"dataclasses"}) == set()


def test_an_edit_of_a_vault_that_was_never_paired_loads_nothing_about_devices(program: Program) -> None:
    program.out("new", "a", "--text", "text")
    found = loaded(program, "append", "a", "more")
    assert {name for name in found if name.startswith(("crdtnotes.trust.", "crdtnotes.sync"))} == set()
