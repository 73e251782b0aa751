"""Which note a link goes to, seen from the note that contains it (the *holder*). The first match counts:

1. The note with exactly the target as its name.
2. The note with that name in the holder's folder.
3. A note with the target as its title, or with a path that ends with it (``sub/b`` finds ``a/sub/b``); if
   there is none, a note with such an alias. Of several, the note in the nearest folder, counted in steps
   through the common ancestor; then the note with the shortest name; then the smallest name by code points.

A target that begins with ``./`` or ``../`` is a path from the holder's folder, and a target that begins with
``/`` is a path from the top; both mean exactly that name. Names are compared by their keys (see ``names``).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from crdtnotes.markup.names import folder_of, name_key, title_of


class Candidate(NamedTuple):
    """A name that links can use for a note: the key of its name or of an alias, and the note's name."""

    key: str
    name: str


class Names(Protocol):
    """The names that links can go to."""

    def exact(self, key: str) -> str | None:
        """The name of the note with this name key, or None."""

    def candidates(self, title_key: str) -> Iterable[Candidate]:
        """Every name and alias whose last segment has this key, in any order."""


DEPENDS = ""
"""`resolve_anywhere` returns this if the result depends on the holder; no note has this name."""


def resolve_anywhere(target: str, names: Names) -> str | None:
    """The name of the note that ``target`` means in every holder; None if it dangles.

    DEPENDS if it means, or might mean, different notes in different folders.
    """
    target = target.strip()
    if target.startswith("/"):
        return names.exact(name_key(target.lstrip("/")))
    if target.startswith(("./", "../")):
        return DEPENDS
    key = name_key(target)
    if not key:
        return None
    name = names.exact(key)
    if name is not None:
        return name
    # These include any note of that name in the holder's folder.
    fits = set(_fitting(key, names))
    return DEPENDS if len(fits) > 1 else next(iter(fits), None)


def resolve(target: str, holder: str, names: Names) -> str | None:
    """The name of the note that ``target`` means in the note named ``holder``; None if it dangles."""
    found = resolve_anywhere(target, names)
    if found != DEPENDS:
        return found
    target = target.strip()
    folder = folder_of(holder)
    if target.startswith(("./", "../")):
        path = _join(folder, target)
        return None if path is None else names.exact(name_key(path))
    name = names.exact(name_key(f"{folder}/{target}")) if folder else None
    if name is not None:
        return name
    here = _steps(folder)
    return min(
        _fitting(name_key(target), names),
        key=lambda name: (_distance(here, _steps(folder_of(name))), len(name), name),
    )


def _fitting(key: str, names: Names) -> list[str]:
    """The names of the notes with this key as their title or the end of their path, else as an alias."""
    fitting = [
        candidate
        for candidate in names.candidates(title_of(key))
        if candidate.key == key or candidate.key.endswith("/" + key)
    ]
    named = [name for name_in_use, name in fitting if name_in_use == name_key(name)]
    return named or [name for _, name in fitting]


def meant_name(target: str, holder: str) -> str:
    """The name of the note that a dangling target asks for: for a path from a folder, the whole path.

    A path that leads out of the vault stays as it is.
    """
    target = target.strip()
    if target.startswith("/"):
        return target.lstrip("/") or target
    if target.startswith(("./", "../")):
        return _join(folder_of(holder), target) or target
    return target


def relative_target(name: str, holder: str) -> str:
    """The target, beginning with ``./`` or ``../``, that means the note ``name`` in the note ``holder``."""
    here = folder_of(holder).split("/") if folder_of(holder) else []
    there = name.split("/")
    common = _common(_steps(folder_of(holder)), _steps(folder_of(name)))
    up = len(here) - common
    return "/".join([".."] * up if up else ["."]) + "/" + "/".join(there[common:])


def _join(folder: str, target: str) -> str | None:
    """The path that a relative target means; None if it leads out of the vault."""
    path = folder.split("/") if folder else []
    for segment in target.split("/"):
        if segment == "..":
            if not path:
                return None
            path.pop()
        elif segment != ".":
            path.append(segment)
    return "/".join(path)


@lru_cache(maxsize=4096)
def _steps(folder: str) -> tuple[str, ...]:
    """The keys of a folder's segments. Cached, because many notes share a folder and many links a holder."""
    return tuple(name_key(folder).split("/")) if folder else ()


def _common(here: Sequence[str], there: Sequence[str]) -> int:
    count = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        count += 1
    return count


def _distance(here: Sequence[str], there: Sequence[str]) -> int:
    return len(here) + len(there) - 2 * _common(here, there)
