"""The exceptions stand in one tree, and the module's docstring draws that tree."""

import inspect
import re

import pytest

from crdtnotes import errors
from crdtnotes.errors import CrdtnotesError

CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, CrdtnotesError)
}

_LINE = re.compile(r"^    ((?:│   |    )*)(?:[├└]── )?(\w+) *(?:\(also an? (\w+)\))?", re.MULTILINE)


def drawn() -> dict[str, tuple[str | None, str | None]]:
    """Return of each class that is drawn its parent and the built-in exception that it is as well."""
    tree = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n")[0]
    result: dict[str, tuple[str | None, str | None]] = {}
    above: list[str] = []
    for line in tree.splitlines():
        match = _LINE.match(line)
        assert match is not None, line
        depth = len(match[1]) // 4 + ("── " in line)
        del above[depth:]
        result[match[2]] = (above[-1] if above else None, match[3])
        above.append(match[2])
    return result


def test_the_tree_draws_every_class_and_no_other() -> None:
    assert drawn().keys() == CLASSES.keys()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_stands_in_the_tree_where_it_is_drawn(name: str) -> None:
    ours, *others = (base.__name__ for base in CLASSES[name].__bases__)
    parent = None if name == CrdtnotesError.__name__ else ours
    assert drawn()[name] == (parent, others[0] if others else None)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_its_text_is_the_sentence(name: str) -> None:
    assert str(CLASSES[name]("This is one sentence.")) == "This is one sentence."
