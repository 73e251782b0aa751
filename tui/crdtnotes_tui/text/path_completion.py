"""Completes the path of a file or folder as it is typed, as a shell does."""

import os
import unicodedata
from itertools import islice
from typing import NamedTuple

MAX_ENTRIES = 2000
"""Entries of a folder that are looked at."""


class Completion(NamedTuple):
    """The path as far as it is certain, and the names that may follow, folders with `/` at their end."""

    text: str
    names: list[str]


def complete_path(typed: str, *, folders_only: bool) -> Completion:
    """Return how a typed path goes on. Case makes no difference; hidden files need their dot.

    Reads the folder, which may take long on a network drive. A folder that cannot be read has no names.
    """
    if typed.startswith("~") and "/" not in typed:
        return Completion("~/", []) if typed == "~" else Completion(typed, [])
    head, slash, start = typed.rpartition("/")
    names = [name for name in _names(_folder(head + slash), folders_only) if _continues(start, name)]
    if not names:
        return Completion(typed, [])
    certain = names[0] if len(names) == 1 else _common(names)
    # What differs in case or in its accents' encoding only is written as the disk has it.
    return Completion(head + slash + (certain if len(certain) >= len(start) else start), names)


def full_path(typed: str) -> str:
    """Return a typed path with the user's own folder in place of `~`."""
    return os.path.expanduser(typed.strip())  # noqa: PTH111 - Path.expanduser raises if there is no home


def _folder(typed: str) -> str:
    return full_path(typed) or "."


def _names(folder: str, folders_only: bool) -> list[str]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                is_folder = entry.is_dir()
                if entry.name.isprintable() and (is_folder or not folders_only):
                    found.append(entry.name + "/" * is_folder)
    except (OSError, ValueError):
        return []
    return sorted(found, key=_key)


def _continues(start: str, name: str) -> bool:
    return _key(name).startswith(_key(start)) and name.startswith(".") == start.startswith(".")


def _common(names: list[str]) -> str:
    """Return what all names begin with but for case, as the first one writes it."""
    length = 0
    for characters in zip(*names, strict=False):
        if len({character.casefold() for character in characters}) > 1:
            break
        length += 1
    return names[0][:length]


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
