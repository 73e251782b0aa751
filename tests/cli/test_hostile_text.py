"""Texts that would steer a terminal, through every command, printed plainly and as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.cli.app import SECTIONS
from crdtnotes.terminal import HIDDEN
from tests.cli.program import Program

EVIL = "\x1b]0;x\x07\x9b31m\x90\x7f\u2028\u202egpj\u2069"
BIDI = "\u202ename\u2067"

COMMANDS: dict[str, list[list[str]]] = {
    "init": [],
    "clone": [["clone", f"ws://{EVIL}:1"]],
    "today": [["today"]],
    "new": [["new", f"x{EVIL}"], ["new", f"new {BIDI}"]],
    "show": [["show", f"x{EVIL}"]],
    "write": [["write", f"x{EVIL}", "--text", "a"]],
    "append": [["append", f"x{EVIL}", "b"], ["append", BIDI, "b"]],
    "edit": [["edit", f"x{EVIL}"]],
    "rename": [["rename", BIDI, f"x{EVIL}"], ["rename", BIDI, f"to {BIDI}"]],
    "delete": [["delete", f"x{EVIL}"], ["delete", f"folder/{BIDI}", "--yes"]],
    "erase": [["erase", f"x{EVIL}", "--yes"], ["erase", f"folder/{BIDI}", "--text", "word", "--yes"]],
    "list": [["list"], ["list", "--tag", EVIL]],
    "search": [["search", "word"], ["search", f"{EVIL}"]],
    "links": [["links", "a"], ["links", f"x{EVIL}"]],
    "backlinks": [["backlinks", "a"]],
    "mentions": [["mentions", "a"], ["mentions", BIDI]],
    "tags": [["tags"]],
    "orphans": [["orphans"]],
    "dangling": [["dangling"]],
    "review": [["review"], ["review", f"x{EVIL}"]],
    "import": [["import", f"/nowhere/{EVIL}"]],
    "export": [["export", f"/nowhere/{EVIL}"]],
    "graph": [["graph", "--format", "json"], ["graph", "--format", EVIL], ["graph", "--around", EVIL]],
    "pair": [["pair"]],
    "join": [["join", EVIL], ["join", "1234-otter-violin-maple", EVIL]],
    "devices": [["devices"]],
    "revoke": [["revoke", EVIL]],
    "role": [["role", EVIL, "reader"]],
    "resign": [["resign"]],
    "serve": [["serve", "--plain", "--host", EVIL]],
    "sync": [["sync", EVIL, "--once"]],
    "bundle": [["bundle", "apply", f"/nowhere/{EVIL}"], ["bundle", "create", "x", "--for", EVIL]],
    "passphrase": [["passphrase", one] for one in ("status", "set", "remove", "remember", "forget")],
    "status": [["status"]],
    "check": [["check"]],
    "repair": [["repair"]],
    "compact": [["compact"]],
    "backup": [["backup", f"/nowhere/{EVIL}/b"]],
    "tui": [["tui", EVIL]],
    "help": [["help", EVIL]],
    "completion": [["completion", EVIL]],
    "demo": [["demo", EVIL]],
}
"""For each command, calls with hostile arguments and calls that print hostile notes."""


@pytest.fixture
def hostile(program: Program) -> Program:
    with Vault.open(program.path) as vault:
        vault.create_note("a", f"# {EVIL}\nword {EVIL} [[{EVIL}]] [[{BIDI}]] #t{BIDI}\n- [ ] {EVIL} [[a]]\n")
        vault.create_note(BIDI, f"---\naliases: ['{BIDI}']\n---\n[[a|{EVIL}]] a {EVIL}\n")
        vault.create_note(f"folder/{BIDI}", "word")
    return program


def calls() -> Iterator[list[str]]:
    for found in COMMANDS.values():
        yield from found


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == {name for section in SECTIONS.values() for name in section}


@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
@pytest.mark.parametrize("call", list(calls()), ids=lambda call: call[0])
def test_nothing_printed_is_hidden(hostile: Program, call: list[str], as_json: bool) -> None:
    result = hostile.run(*call, *(["--json"] if as_json else []))
    # Surrogate escapes aside, these are the bytes that would reach the terminal.
    for shown in (result.stdout, result.stderr):
        assert not set(shown) & set(HIDDEN), repr(shown)


def test_json_still_says_exactly_what_is_stored(hostile: Program) -> None:
    names = {one["name"] for one in hostile.json("list")}
    assert names == {"a", BIDI, f"folder/{BIDI}"}
    shown = hostile.out("list", "--json")
    assert "\\u202ename\\u2067" in shown
    assert "\\u009b" in hostile.out("dangling", "--json")
    assert json.loads(hostile.out("graph", "--format", "json"))["nodes"]


def test_an_exact_text_stays_exact_in_a_pipe(hostile: Program) -> None:
    assert EVIL in hostile.text("a")


def test_a_device_has_no_such_name(nowhere: Program, tmp_path: Path) -> None:
    for name in (f"x{EVIL}", BIDI):
        assert "\u202e" not in nowhere.run("init", "--device", name).output
        assert not nowhere.path.exists()
