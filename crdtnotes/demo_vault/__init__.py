"""A small vault in English and Chinese for trying out crdtnotes: linked notes about the ideas behind it."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

_SUFFIX = ".md"


def demo_notes() -> Iterator[tuple[str, str]]:
    """The demo's notes as pairs of name and text, in name order."""
    yield from _notes_in(files(__name__), "")


def _notes_in(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _notes_in(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield prefix + entry.name.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")
