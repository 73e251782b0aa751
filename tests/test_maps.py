"""Each package's docstring has a map: a line for every module and package in it, ````name``  text``."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    init.parent
    for root in (ROOT / "crdtnotes", ROOT / "tui" / "crdtnotes_tui")
    for init in root.rglob("__init__.py")
)

UNMAPPED = {"crdtnotes/graph/formats"}
"""Here the modules are a registry: each is added without touching another file."""

_LINE = re.compile(r"^``(\w+)``  +\S", re.MULTILINE)


def name_of(package: Path) -> str:
    return package.relative_to(ROOT).as_posix().removeprefix("tui/")


def map_of(package: Path) -> list[str]:
    """The names in a package's map, in its order."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    return _LINE.findall(ast.get_docstring(tree) or "")


def modules_in(package: Path) -> set[str]:
    files = {path.stem for path in package.glob("*.py") if not path.name.startswith("__")}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_package_map_names_every_module_and_no_other(package: Path) -> None:
    if name_of(package) in UNMAPPED:
        assert map_of(package) == []
        return
    assert sorted(map_of(package)) == sorted(modules_in(package))
