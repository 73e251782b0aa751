"""The person's own keys: a TOML file with lines `command = "key, key"`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from textual.binding import Binding
from textual.keys import Keys, _character_to_key

from crdtnotes_tui.terminal_keys import UNBOUND, character_of

FILE = "keys.toml"

_MODIFIERS = ("alt", "ctrl", "shift", "super")

_SPELLINGS = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown"}

_NAMED = {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}

_NEEDED = {
    *("enter", "tab", "escape", "backspace", "delete", "space"),
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"),  # terminals send these for Backspace, Tab and Enter
}
"""Keys without which one cannot write or get around."""


class KeyMap(NamedTuple):
    """Keys that differ from the usual ones."""

    keys: dict[str, str]
    """The keys by command, in Textual's notation, separated by commas."""
    taken: frozenset[str]
    """All keys that the person gives to commands."""
    problem: str
    """One sentence about lines that are not in force, "" if all are."""


def user_key_map() -> Path:
    """Return the path of the file in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("crdtnotes", appauthor=False) / FILE


def read_key_map(path: Path, bindings: Iterable[Binding]) -> KeyMap:
    """Read a file; `bindings` are those that it can change, by their ids. A missing file changes nothing."""
    if not path.exists():
        return KeyMap({}, frozenset(), "")
    import tomllib  # most people have no such file: do not load it at every start

    try:
        wanted = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return KeyMap({}, frozenset(), f"Your keys in {path} are not in force: {error}.")
    usual = {binding.id: binding.key for binding in bindings if binding.id is not None}
    return key_map(wanted, usual)


def key_map(wanted: Mapping[str, Any], usual: Mapping[str, str]) -> KeyMap:
    """Return the keys in force, from those that the person wants and the usual ones, by command.

    A key that the person gives to a command is taken from the one that usually has it.
    """
    keys: dict[str, str] = {}
    owners: dict[str, str] = {}
    problems: list[str] = []
    for command, value in wanted.items():
        if command not in usual:
            problems.append(f"there is no command {command}")
            continue
        if not isinstance(value, str):
            problems.append(f"the keys of {command} are not in quotes")
            continue
        accepted = []
        for written in _parts(value):
            key = normal(written)
            if key is None:
                problems.append(f"{written} is not a key")
            elif key in _NEEDED or character_of(key) is not None:
                problems.append(f"{written} is needed for writing")
            elif key in owners:
                problems.append(f"{written} is already the key of {owners[key]}")
            else:
                owners[key] = command
                accepted.append(key)
        if accepted or not value.strip():
            keys[command] = ",".join(accepted) or UNBOUND
    for command, value in usual.items():
        left = [key for key in _parts(value) if key not in owners]
        if command not in keys and len(left) < len(_parts(value)):
            keys[command] = ",".join(left) or UNBOUND
    problem = f"Not all of {FILE} is in force: {'; '.join(problems)}." if problems else ""
    return KeyMap(keys, frozenset(owners), problem)


def normal(written: str) -> str | None:
    """Return a key in Textual's notation; None if it is no key. `Ctrl+]` and `pgup` are understood."""
    *modifiers, name = written.lower().split("+")
    if written.endswith("+"):  # the key itself is +
        modifiers, name = modifiers[:-1], "+"
    if not set(modifiers) <= {*_MODIFIERS} or len(set(modifiers)) < len(modifiers):
        return None
    if len(name) == 1:
        name = _character_to_key(name)
    name = _SPELLINGS.get(name, name)
    if name not in _NAMED and character_of(name) is None:
        return None
    return "+".join([*sorted(modifiers), name])


def _parts(keys: str) -> list[str]:
    return [part.strip() for part in keys.split(",") if part.strip()]
